"""What a machine can do at most, by a short probe: products of matrices, and a stream of memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np

from bench._machine import cpu_model, usable_cores

#: orders of the matrices that are multiplied; the fastest counts
ORDERS = (512, 1024, 1536)
#: elements (float64) of each of three vectors: far beyond any cache, and within a core's own
FAR, NEAR = 1 << 23, 1 << 14
#: the environment's names for how many threads BLAS takes, the first that is set counts
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Machine:
    """The peaks of a machine: GFLOP/s by dtype, GB/s of its memory and of its cores' caches.

    `roof(intensity, dtype)` is the most that a computation of so many FLOPs per byte can reach,
    in GFLOP/s (S. Williams, A. Waterman, D. Patterson: "Roofline", CACM 52 (4), 2009).

    >>> laptop = Machine("laptop", 2, {"float32": 200.0, "float64": 100.0}, 20.0, 400.0)
    >>> laptop.roof(0.25), laptop.roof(100.0), laptop.ridge("float64")
    (5.0, 200.0, 5.0)
    """

    name: str
    threads: int
    #: dtype -> GFLOP/s of a product of matrices
    flops: Mapping[str, float]
    #: GB/s of vectors that fit in no cache, and of those that fit in each core's
    bandwidth: float
    cache: float | None = None
    device: str = "cpu"

    def roof(self, intensity: float, dtype: str = "float32") -> float:
        """GFLOP/s that FLOPs per byte of memory allow.

        Raises:
            KeyError: the peak for this dtype was not measured.
        """
        return min(self.peak(dtype), intensity * self.bandwidth)

    def ridge(self, dtype: str = "float32") -> float:
        """FLOPs per byte from which on memory is not what limits."""
        return self.peak(dtype) / self.bandwidth

    def peak(self, dtype: str) -> float:
        """GFLOP/s of a dtype; KeyError if that was not measured."""
        if dtype not in self.flops:
            raise KeyError(f"no peak for {dtype!r} was measured, only for {', '.join(self.flops)}")
        return self.flops[dtype]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"flops": dict(self.flops)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Machine:
        """What `to_json` gave."""
        return cls(**values)


def measure_machine(
    dtypes: Sequence[str] = ("float64", "float32"),
    *,
    repeats: int = 5,
    orders: Sequence[int] = ORDERS,
    elements: int = FAR,
) -> Machine:
    """Find the peaks of this machine in a few seconds.

    The compute peak of a dtype is the fastest of several products of square matrices by NumPy's
    BLAS, 2N³ FLOPs each. Bandwidth is that of a + b into c on
    vectors of float64, three passes of memory, by as many threads as BLAS takes (STREAM's "add",
    without what caches read before they write).

    Args:
        dtypes: names of NumPy's dtypes.
        repeats: of each measurement; the best counts.
        orders: N of the matrices.
        elements: length of the vectors.
    """
    threads = blas_threads()
    flops = {dtype: _peak(_product, dtype, orders, repeats) for dtype in dtypes}
    far, near = (_stream(n, threads, repeats) for n in (elements, NEAR * threads))
    return Machine(cpu_model(), threads, flops, far, near)


def blas_threads() -> int:
    """How many threads BLAS takes: by the environment, else all cores."""
    given = next((os.environ[name] for name in THREADS if os.environ.get(name)), "")
    return min(int(given), usable_cores()) if given.isdigit() else usable_cores()


def _peak(
    make: Callable[[int, str], Callable[[], object]],
    dtype: str,
    orders: Sequence[int],
    repeats: int,
) -> float:
    """GFLOP/s of the fastest product."""
    return max(2 * n**3 / fastest(make(n, dtype), repeats) / 1e9 for n in orders)


def fastest(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of some runs, after one more."""
    run()
    found = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        found.append(perf_counter() - start)
    return min(found)


def _product(n: int, dtype: str) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    a, b = (rng.random((n, n)).astype(dtype) for _ in "ab")
    c = np.empty_like(a)
    return lambda: np.matmul(a, b, out=c)


def _stream(n: int, threads: int, repeats: int) -> float:
    """GB/s of three vectors of n elements, each thread at a part of its own."""
    part = n // threads
    passes = max(1, FAR // 16 // n)  # of what is short, enough to be seen by a clock
    parts = [[np.ones(part) for _ in "abc"] for _ in range(threads)]

    def add(vectors: list[Any]) -> None:
        a, b, c = vectors
        for _ in range(passes):
            np.add(a, b, out=c)

    with ThreadPoolExecutor(threads) as pool:
        seconds = fastest(lambda: list(pool.map(add, parts)), repeats)
    return 3 * 8 * part * threads * passes / seconds / 1e9
