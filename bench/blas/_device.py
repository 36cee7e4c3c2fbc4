"""The peaks of a device, by programs that run there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autodiff.arrays._device import current
from bench.blas import ours
from bench.blas.machine import Machine, fastest
from bench.blas.problems import ROUTINES, Problem
from bench.report._device import describe_device

ORDERS, SMALL = (4096, 8192), (64,)
ELEMENTS, FEW = 1 << 28, 1 << 10


def measure_device(dtypes: Sequence[str], quick: bool = False, repeats: int = 5) -> Machine:
    """The current device's: products of matrices by dtype, and y ← αx + y in one pass."""
    orders, elements = (SMALL, FEW) if quick else (ORDERS, ELEMENTS)
    flops = {
        dtype: max(_rate("gemm", n, dtype, repeats, lambda its: its.flops) for n in orders)
        for dtype in dtypes
    }
    bandwidth = _rate("axpy", elements, "float32", repeats, lambda its: its.bytes)
    where = str(current())
    name = str(describe_device(where).get("name") or where)
    return Machine(name, 0, flops, bandwidth, None, where)


def _rate(
    routine: str, n: int, dtype: str, repeats: int, counted: Callable[[Problem], int]
) -> float:
    """1e9 of what is counted, in a second of the fastest run."""
    its = Problem(ROUTINES[routine], n, dtype)
    made = ours.maker(ours.ROUTINES[routine], flat=True)(its, its.inputs())

    def run() -> None:
        made.run()
        ours.finish()

    return counted(its) / fastest(run, repeats) / 1e9
