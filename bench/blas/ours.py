"""This library: routines as flat programs that write into Variables, or op by op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.flat.cuda import float32_matmul_precision
from bench._case import Loaded, device
from bench.blas.problems import ALPHA, BETA, ROUNDED, Arrays, Made, Problem, make_cases
from bench.steps.ours import finish as finish
from bench.steps.ours import versions

#: order of the blocks on the diagonal that are solved as they are
BLOCK = 64
#: what computes, and which Variables hold the results; none: what is returned
Steps = tuple[Callable[[], Any], tuple[ad.Variable, ...]]


def load(mode: str, names: str, most: str = "0") -> Loaded:
    """`mode` is "flat" or "eager"; `names` of cases, separated by commas."""
    makers = {name: maker(make, mode == "flat") for name, make in ROUTINES.items()}
    return Loaded(versions(), make_cases(makers, names.split(","), int(most)), finish=finish)


def maker(make: Callable[..., Steps], flat: bool) -> Callable[[Problem, Arrays], Made]:
    def made(its: Problem, arrays: Arrays) -> Made:
        if device() != "cpu":
            float32_matmul_precision(its.dtype if its.dtype in ROUNDED else "float32")
        step, results = make(**{name: ad.Variable(x, name=name) for name, x in arrays.items()})
        run = ad.function(fuse=False)(step) if flat else step

        def read(result: Any) -> list[Any]:
            return [np.asarray(x.numpy()) for x in results or (result,)]

        return Made(run, read, lambda: moved(run) if flat else {})

    return made


def moved(run: Any) -> Mapping[str, float]:
    """What the program computes, and the bytes that it reads and writes."""
    cost = run.cost()
    return {"flops": cost.flops, "bytes": cost.bytes}


def into(assign: Callable[[Any], Any], value: Callable[[], Any]) -> Callable[[], None]:
    """Give a Variable a value."""

    def step() -> None:
        assign(value())

    return step


def room(*shape: int, like: ad.Variable) -> ad.Variable:
    return ad.Variable(np.zeros(shape, like.dtype))


def axpy(x: ad.Variable, y: ad.Variable) -> Steps:
    return into(y.assign_add, lambda: ALPHA * x), (y,)


def dot(x: ad.Variable, y: ad.Variable) -> Steps:
    return lambda: x @ y, ()


def gemv(A: ad.Variable, x: ad.Variable, y: ad.Variable) -> Steps:
    return into(y.assign_add, lambda: A @ x), (y,)


def ger(A: ad.Variable, x: ad.Variable, y: ad.Variable) -> Steps:
    return into(A.assign_add, lambda: (ALPHA * x)[:, None] * y), (A,)


def trsv(L: ad.Variable, b: ad.Variable) -> Steps:
    x = room(*b.shape, like=b)
    return into(x.assign, lambda: solved(L, b)), (x,)


def gemm(A: ad.Variable, B: ad.Variable, C: ad.Variable) -> Steps:
    return into(C.assign_add, lambda: A @ B), (C,)


def matmul(A: ad.Variable, B: ad.Variable) -> Steps:
    C = room(*A.shape, like=A)
    return into(C.assign, lambda: A @ B), (C,)


def gemm_scaled(A: ad.Variable, B: ad.Variable, C: ad.Variable) -> Steps:
    return into(C.assign, lambda: ALPHA * (A @ B) + BETA * C), (C,)


def trsm(L: ad.Variable, B: ad.Variable) -> Steps:
    X = room(*B.shape, like=B)
    return into(X.assign, lambda: solved(L, B)), (X,)


def gemm_backward(A: ad.Variable, B: ad.Variable, G: ad.Variable) -> Steps:
    found = tuple(room(*A.shape, like=A) for _ in range(3))

    def step() -> None:
        with ad.GradientTape() as tape:
            C = A @ B
        of_a, of_b = tape.gradient(C, [A, B], output_gradients=G)
        for place, x in zip(found, (C, of_a, of_b), strict=True):
            place.assign(x)

    return step, found


def solved(L: Any, b: Any) -> Any:
    """L⁻¹b of a lower triangular L, by halves: forward substitution whose work is products."""
    n = L.shape[0]
    if n <= BLOCK:
        return ad.linalg.solve(L, b)
    half = n // 2
    x = solved(L[:half, :half], b[:half])
    y = solved(L[half:, half:], b[half:] - L[half:, :half] @ x)
    return ad.concat([x, y])


ROUTINES: dict[str, Callable[..., Steps]] = {
    "matmul": matmul,
    "axpy": axpy,
    "dot": dot,
    "gemv": gemv,
    "ger": ger,
    "trsv": trsv,
    "gemm": gemm,
    "gemm-αβ": gemm_scaled,
    "trsm": trsm,
    "gemm-stack": matmul,
    "gemm-backward": gemm_backward,
}
