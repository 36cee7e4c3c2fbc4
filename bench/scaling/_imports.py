"""How long an import takes: processes of their own, in turn, with bytecode cached and without."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench._progress import progress

ROOT = Path(__file__).parents[2]
#: what is imported, by us and by the interpreter that has the peers
OURS = ("numpy", "autodiff", "autodiff, nn, optim, data")
PEERS = ("torch", "jax", "tensorflow", "keras")
PEER_ROUNDS = 3  # they take seconds
#: what `import autodiff` may take beyond NumPy's own import, in ms
LIMIT = 40.0


def environment(cache: str | None = None) -> dict[str, str]:
    """That writes and reads bytecode, in `cache` if it is named; one thread of BLAS."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if cache is not None:
        kept["PYTHONPYCACHEPREFIX"] = cache
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def seconds(python: str, names: str, env: Mapping[str, str]) -> float | None:
    """Of a process that imports them; None if it cannot."""
    code = f"import {names}" if names else "pass"
    start = perf_counter()
    done = subprocess.run(
        [python, "-c", code], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return perf_counter() - start if done.returncode == 0 else None


def measure(rounds: int, peer_python: str | None, cold_rounds: int = 3) -> dict[str, Any]:
    """Milliseconds of each import beyond an empty process, and of autodiff's beyond NumPy's."""
    wanted = [(sys.executable, "")] + [(sys.executable, names) for names in OURS]
    wanted += [(peer_python or sys.executable, name) for name in PEERS]
    env = environment()
    there = [w for w in wanted if seconds(*w, env) is not None]  # and bytecode lies there now
    own = [w for w in there if w[1] in ("", *OURS)]
    warm = sampled(own, rounds, env)
    warm |= sampled([w for w in there if w not in own], min(rounds, PEER_ROUNDS), env)
    cold: dict[str, list[float]] = {}
    own = [w for w in own if w[1] in ("", *OURS[:2])]
    for k in progress(range(cold_rounds), "imports without bytecode"):
        with tempfile.TemporaryDirectory() as folder:
            for name, times in sampled(own, 1, environment(str(Path(folder) / str(k)))).items():
                cold.setdefault(name, []).extend(times)
    return {
        "warm": {name: summary(times, warm[""]) for name, times in warm.items() if name},
        "cold": {name: summary(times, cold[""]) for name, times in cold.items() if name},
        "beyond_numpy": beyond(warm["autodiff"], warm["numpy"]),
        "limit_ms": LIMIT,
    }


def sampled(
    wanted: Sequence[tuple[str, str]], rounds: int, env: Mapping[str, str]
) -> dict[str, list[float]]:
    """Milliseconds of each, in turn."""
    found: dict[str, list[float]] = {name: [] for _, name in wanted}
    for k in range(rounds):
        shift = k % len(wanted)
        for python, name in [*wanted[shift:], *wanted[:shift]]:
            took = seconds(python, name, env)
            if took is not None:
                found[name].append(took * 1e3)
    return found


def summary(times: Sequence[float], empty: Sequence[float]) -> dict[str, Any]:
    """The least and the median, beyond the empty process's."""
    return {
        "least_ms": min(times) - min(empty),
        "median_ms": float(np.median(times) - np.median(empty)),
        "samples_ms": list(times),
    }


def beyond(ours: Sequence[float], numpy: Sequence[float]) -> dict[str, float]:
    """The difference of the least times, and the median of rounds' differences."""
    return {
        "least_ms": min(ours) - min(numpy),
        "median_ms": float(np.median(np.subtract(ours, numpy))),
    }
