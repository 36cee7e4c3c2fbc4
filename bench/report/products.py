"""Products of square matrices, ours beside PyTorch's, in TFLOP/s: `products DEVICE FILE [N ...]`.

All in one process, in turn. Ours is what recorded programs launch, cuBLAS by our own handle, and
"eager" what `x @ y` does by the way of CuPy. A sample is as many products as fill a fiftieth of a
second, timed until the device is done. The first rows of each result are held against float64.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

SIZES = {"cpu": (256, 512)}
LARGE = (4096, 8192)
ROUNDS = 7
SECONDS = 0.02
#: rows of a result that are looked at
LOOKED_AT = 2
#: CuPy's numbers for how float32 is multiplied
FULL, TF32 = 1, 7


@dataclass(frozen=True)
class Kind:
    """How elements lie, how they are multiplied, and how far a result may be off."""

    dtype: str
    tolerance: float
    precision: str = "float32"


KINDS = {
    "float64": Kind("float64", 1e-12),
    "float32": Kind("float32", 1e-5),
    "tf32": Kind("float32", 1e-2, "tf32"),
    "float16": Kind("float16", 1e-2),
    "bfloat16": Kind("bfloat16", 3e-2),
}
#: NumPy has no such dtype: its numbers lie as the upper halves of float32
BFLOAT16: Any = SimpleNamespace(char="E", itemsize=2, name="bfloat16")


@dataclass(frozen=True)
class Run:
    """One way to multiply: `once` asks for a product, `finish` waits, `rows` are the result's."""

    once: Callable[[], object]
    finish: Callable[[], object]
    rows: Callable[[], np.ndarray[Any, Any]]


def main(device: str, file: Path, sizes: Sequence[int] = ()) -> int:
    """Measure and write; what fails is written down, too. 1 if a product of ours failed."""
    found: dict[str, Any] = {}
    for n in sizes or SIZES.get(device, LARGE):
        rng = np.random.default_rng(0)
        x, y = (rng.standard_normal((n, n), np.float32) for _ in "xy")
        for name, kind in KINDS.items():
            if device == "cpu" and kind.dtype not in ("float64", "float32"):
                continue
            if device == "cpu" and kind.precision != "float32":
                continue
            found[f"{name} {n}"] = entry = one(device, x, y, kind)
            print(f"{name} {n}: {entry}", flush=True)
            file.write_text(json.dumps(found), encoding="utf-8")
    return int(any(f"{who} failed" in e for e in found.values() for who in ("autodiff", "eager")))


def one(device: str, x: Any, y: Any, kind: Kind) -> dict[str, Any]:
    """TFLOP/s of each, by name, the median of several rounds; ours over PyTorch's; errors."""
    entry: dict[str, Any] = {}
    runs: dict[str, Run] = {}
    stored = [as_stored(a, kind.dtype) for a in (x, y)]
    expected = as_read(stored[0][:LOOKED_AT], kind.dtype) @ as_read(stored[1], kind.dtype)
    for name, make in (("autodiff", recorded), ("eager", eager), ("torch", theirs)):
        if (name, device) == ("autodiff", "cpu") or (name, kind.dtype) == ("eager", "bfloat16"):
            continue
        try:
            run = make(device, stored, kind)
            run.once()
            rows = as_read(run.rows(), kind.dtype)
            off = float(np.abs(rows - expected).max() / np.abs(expected).max())
            if not off < kind.tolerance:
                raise ArithmeticError(f"the result is off by {off:.1e}")
            entry[f"{name} off by"], runs[name] = off, run
        except Exception as error:  # not installed, or of no use here: the others are timed alone
            entry[f"{name} failed"] = f"{type(error).__name__}: {error}"[:200]
    samples: dict[str, list[float]] = {name: [] for name in runs}
    repeats = {name: max(1, round(SECONDS / timed(run, 1))) for name, run in runs.items()}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            samples[name].append(timed(run, repeats[name]))
    rates = {name: 2 * len(x) ** 3 / float(np.median(s)) / 1e12 for name, s in samples.items()}
    entry |= {name: float(f"{rate:.4g}") for name, rate in rates.items()}
    for name in {"autodiff", "eager"} & {*rates} if "torch" in rates else ():
        entry[f"{name} / torch"] = round(rates[name] / rates["torch"], 4)
    return entry


def timed(run: Run, repeat: int) -> float:
    """Seconds for one product of several."""
    run.finish()
    start = perf_counter()
    for _ in range(repeat):
        run.once()
    run.finish()
    return (perf_counter() - start) / repeat


# -- numbers ---------------------------------------------------------------------------------------


def as_stored(x: Any, dtype: str) -> Any:
    """Numbers as they lie in memory; bfloat16 as the bits that are left of float32, rounded."""
    if dtype != "bfloat16":
        return x.astype(dtype)
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def as_read(x: Any, dtype: str) -> np.ndarray[Any, Any]:
    """What lies in memory as float64."""
    if dtype == "bfloat16":
        x = (x.astype(np.uint32) << 16).view(np.float32)
    return np.asarray(x, np.float64)


# -- who multiplies --------------------------------------------------------------------------------


def recorded(device: str, stored: list[Any], kind: Kind) -> Run:
    """As programs launch it: cuBLAS, from addresses."""
    from autodiff.arrays._device import resolve
    from autodiff.flat.cuda._cublas import float32_matmul_precision
    from autodiff.flat.cuda._gemm import Gemm, Matrix
    from autodiff.flat.cuda._machine import Product
    from autodiff.flat.cuda._machines import machine_of

    machine = machine_of(resolve(device))
    if machine is None:
        raise RuntimeError(f"there are no programs on {device}")
    arrays = [machine.empty(a.shape, a.dtype) for a in (*stored, stored[0])]
    for array, host in zip(arrays, stored, strict=False):
        machine.upload(array, host)
    n = len(stored[0])
    dtype = BFLOAT16 if kind.dtype == "bfloat16" else np.dtype(kind.dtype)
    nobody: Any = None
    whole = Matrix(nobody, 0, False, n, 0)
    gemm = Gemm(dtype, n, n, n, 1, whole, whole, nobody)
    step = Product(gemm, *map(machine.address, arrays))

    def once() -> None:
        float32_matmul_precision(kind.precision)
        machine.run(step)
        float32_matmul_precision("float32")

    return Run(once, machine.synchronize, lambda: arrays[2][:LOOKED_AT].get())


def eager(device: str, stored: list[Any], kind: Kind) -> Run:
    """A product of Tensors."""
    import autodiff as ad
    from bench.steps.ours import finish

    if device.startswith("cuda"):
        from cupy import _core  # its environment variable is read once

        _core.set_compute_type(np.float32, TF32 if kind.precision == "tf32" else FULL)
    with ad.device(device):
        x, y = map(ad.asarray, stored)
    return Run(lambda: x @ y, finish, lambda: (x @ y)[:LOOKED_AT].numpy())


def theirs(device: str, stored: list[Any], kind: Kind) -> Run:
    """A product of PyTorch's tensors."""
    import torch

    where = device if device.startswith("cuda") else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = kind.precision == "tf32"
    x, y = (
        torch.from_numpy(np.asarray(as_read(a, kind.dtype), np.float64)).to(
            where, getattr(torch, kind.dtype)
        )
        for a in stored
    )

    def finish() -> None:
        if where != "cpu":
            torch.cuda.synchronize()

    def rows() -> np.ndarray[Any, Any]:
        found = torch.matmul(x, y)[:LOOKED_AT].cpu()
        if kind.dtype == "bfloat16":  # which NumPy does not know
            return as_stored(found.float().numpy(), kind.dtype)
        return np.asarray(found.numpy())

    return Run(lambda: torch.matmul(x, y), finish, rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), [int(n) for n in sys.argv[3:]]))
