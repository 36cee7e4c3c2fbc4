"""Products of square matrices, ours beside PyTorch's, in TFLOP/s: `products DEVICE FILE`.

Both in one process, in turn, as both call the device's own library; each sample is timed until the
device is done. TF32 is asked of CuPy by its compute type, of PyTorch by its option.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

SIZES = {"cpu": (256, 512)}
LARGE = (4096, 8192)
ROUNDS = 7
#: CuPy's numbers for how float32 is multiplied
FULL, TF32 = 1, 7
#: name -> dtype and whether products are rounded to TF32
KINDS = {
    "float64": ("float64", False),
    "float32": ("float32", False),
    "tf32": ("float32", True),
    "float16": ("float16", False),
}


def main(device: str, file: Path) -> None:
    """Measure and write; what fails is written down, too."""
    found: dict[str, Any] = {}
    for kind, (dtype, tf32) in KINDS.items():
        if device == "cpu" and (tf32 or dtype == "float16"):
            continue
        for n in SIZES.get(device, LARGE):
            found[f"{kind} {n}"] = entry = one(device, n, dtype, tf32)
            print(f"{kind} {n}: {entry}", flush=True)
            file.write_text(json.dumps(found), encoding="utf-8")


def one(device: str, n: int, dtype: str, tf32: bool) -> dict[str, Any]:
    """TFLOP/s of each, by name, the median of several rounds; and their ratio."""
    entry: dict[str, Any] = {}
    runs: dict[str, Callable[[], object]] = {}
    for name, make in (("autodiff", ours), ("torch", theirs)):
        try:
            runs[name] = make(device, n, dtype, tf32)
            runs[name]()
        except Exception as error:  # not installed, or of no use here: the other is timed alone
            entry[f"{name} failed"] = f"{type(error).__name__}: {error}"[:200]
            runs.pop(name, None)
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = perf_counter()
            run()
            samples[name].append(perf_counter() - start)
    for name, seconds in samples.items():
        entry[name] = round(2 * n**3 / float(np.median(seconds)) / 1e12, 3)
    if len(runs) == 2:
        entry["ratio"] = round(entry["autodiff"] / entry["torch"], 4)
    return entry


def ours(device: str, n: int, dtype: str, tf32: bool) -> Callable[[], object]:
    """A product of Tensors, waited for."""
    import autodiff as ad
    from bench.steps.ours import finish

    if device != "cpu":
        from cupy import _core  # its environment variable is read once

        _core.set_compute_type(np.float32, TF32 if tf32 else FULL)
    with ad.device(device):
        rng = np.random.default_rng(0)
        x, y = (ad.asarray(rng.standard_normal((n, n), np.float32), dtype) for _ in "xy")

    def run() -> None:
        x @ y
        finish()

    return run


def theirs(device: str, n: int, dtype: str, tf32: bool) -> Callable[[], object]:
    """A product of PyTorch's tensors, waited for."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = tf32
    generator = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn((n, n), generator=generator).to(device, getattr(torch, dtype)) for _ in "xy"
    )

    def run() -> None:
        torch.matmul(x, y)
        if device != "cpu":
            torch.cuda.synchronize()

    return run


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
