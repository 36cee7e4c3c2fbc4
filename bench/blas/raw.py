"""The array library as it is: NumPy, or CuPy on a device, into arrays that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.arrays._device import backend, current
from bench._case import Loaded
from bench.blas.problems import ALPHA, BETA, ROUNDED, Arrays, Made, Problem, make_cases
from bench.steps.ours import finish, versions


def load(names: str, most: str = "0") -> Loaded:
    """`names` of cases, separated by commas."""
    plain = [name for name in names.split(",") if name.split()[-1] not in ROUNDED]
    found = {k: v for k, v in versions().items() if k != "autodiff"}
    return Loaded(found, make_cases(MAKERS, plain, int(most)), finish=finish)


def library() -> Any:
    """NumPy, or the device's."""
    if current().kind == "cpu":
        import numpy

        return numpy
    its: Any = backend(current().kind)
    return its.cupy


#: (library, its arrays) -> what computes, and what holds the results
Make = Callable[..., tuple[Callable[[], Any], tuple[Any, ...]]]


def maker(make: Make) -> Callable[[Problem, Arrays], Made]:
    def made(its: Problem, arrays: Arrays) -> Made:
        xp = library()
        run, results = make(xp, **{name: xp.asarray(x) for name, x in arrays.items()})

        def read(result: Any) -> list[Any]:
            found = results or (result,)
            return [x if current().kind == "cpu" else x.get() for x in found]

        return Made(run, read)

    return made


def axpy(xp: Any, x: Any, y: Any) -> Any:
    t = xp.empty_like(x)

    def run() -> None:
        xp.multiply(x, ALPHA, out=t)
        xp.add(y, t, out=y)

    return run, (y,)


def dot(xp: Any, x: Any, y: Any) -> Any:
    return lambda: xp.dot(x, y), ()


def gemv(xp: Any, A: Any, x: Any, y: Any) -> Any:
    t = xp.empty_like(y)

    def run() -> None:
        xp.dot(A, x, out=t)
        xp.add(y, t, out=y)

    return run, (y,)


def ger(xp: Any, A: Any, x: Any, y: Any) -> Any:
    t, s, column = xp.empty_like(A), xp.empty_like(x), x[:, None]

    def run() -> None:
        xp.multiply(y, ALPHA, out=s)
        xp.multiply(column, s, out=t)
        xp.add(A, t, out=A)

    return run, (A,)


def gemm(xp: Any, A: Any, B: Any, C: Any) -> Any:
    t = xp.empty_like(C)

    def run() -> None:
        xp.matmul(A, B, out=t)
        xp.add(C, t, out=C)

    return run, (C,)


def gemm_scaled(xp: Any, A: Any, B: Any, C: Any) -> Any:
    t = xp.empty_like(C)

    def run() -> None:
        xp.matmul(A, B, out=t)
        xp.multiply(t, ALPHA, out=t)
        xp.multiply(C, BETA, out=C)
        xp.add(C, t, out=C)

    return run, (C,)


def matmul(xp: Any, A: Any, B: Any) -> Any:
    C = xp.empty_like(A)
    return lambda: xp.matmul(A, B, out=C), (C,)


def gemm_backward(xp: Any, A: Any, B: Any, G: Any) -> Any:
    C, of_a, of_b = (xp.empty_like(A) for _ in range(3))

    def run() -> None:
        xp.matmul(A, B, out=C)
        xp.matmul(G, B.T, out=of_a)
        xp.matmul(A.T, G, out=of_b)

    return run, (C, of_a, of_b)


MAKERS = {
    "axpy": maker(axpy),
    "dot": maker(dot),
    "gemv": maker(gemv),
    "ger": maker(ger),
    "gemm": maker(gemm),
    "gemm-αβ": maker(gemm_scaled),
    "matmul": maker(matmul),
    "gemm-stack": maker(matmul),
    "gemm-backward": maker(gemm_backward),
}
