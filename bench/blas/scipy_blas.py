"""BLAS itself by SciPy: one routine for each formula, in place, matrices by columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.blas.problems import ALPHA, BETA, Arrays, Made, Problem, make_cases


def load(names: str, most: str = "0") -> Loaded:
    """`names` of cases, separated by commas."""
    import scipy
    from scipy.linalg import blas

    makers = {name: maker(make, blas) for name, make in ROUTINES.items()}
    plain = [name for name in names.split(",") if name.split()[-1] in ("float32", "float64")]
    return Loaded({"scipy": scipy.__version__}, make_cases(makers, plain, int(most)))


def maker(make: Callable[..., Any], blas: Any) -> Callable[[Problem, Arrays], Made]:
    def made(its: Problem, arrays: Arrays) -> Made:
        letter = {"float32": "s", "float64": "d"}[its.dtype]
        laid = {name: np.asfortranarray(x) for name, x in arrays.items()}
        run, results = make(lambda routine: getattr(blas, letter + routine), **laid)
        return Made(run, lambda result: list(results) or [np.asarray(result)])

    return made


def axpy(of: Any, x: Any, y: Any) -> Any:
    f = of("axpy")
    return lambda: f(x, y, a=ALPHA), (y,)


def dot(of: Any, x: Any, y: Any) -> Any:
    f = of("dot")
    return lambda: f(x, y), ()


def gemv(of: Any, A: Any, x: Any, y: Any) -> Any:
    f = of("gemv")
    return lambda: f(1.0, A, x, beta=1.0, y=y, overwrite_y=1), (y,)


def ger(of: Any, A: Any, x: Any, y: Any) -> Any:
    f = of("ger")
    return lambda: f(ALPHA, x, y, a=A, overwrite_a=1), (A,)


def trsv(of: Any, L: Any, b: Any) -> Any:
    f = of("trsv")
    return lambda: f(L, b, lower=1), ()


def gemm(of: Any, A: Any, B: Any, C: Any) -> Any:
    f = of("gemm")
    return lambda: f(1.0, A, B, beta=1.0, c=C, overwrite_c=1), (C,)


def matmul(of: Any, A: Any, B: Any) -> Any:
    f, C = of("gemm"), np.empty_like(A)
    return lambda: f(1.0, A, B, c=C, overwrite_c=1), (C,)


def gemm_scaled(of: Any, A: Any, B: Any, C: Any) -> Any:
    f = of("gemm")
    return lambda: f(ALPHA, A, B, beta=BETA, c=C, overwrite_c=1), (C,)


def trsm(of: Any, L: Any, B: Any) -> Any:
    f = of("trsm")
    return lambda: f(1.0, L, B, lower=1), ()


def gemm_backward(of: Any, A: Any, B: Any, G: Any) -> Any:
    f = of("gemm")
    C, of_a, of_b = (np.empty_like(A) for _ in range(3))

    def run() -> None:
        f(1.0, A, B, c=C, overwrite_c=1)
        f(1.0, G, B, c=of_a, overwrite_c=1, trans_b=1)
        f(1.0, A, G, c=of_b, overwrite_c=1, trans_a=1)

    return run, (C, of_a, of_b)


ROUTINES: dict[str, Callable[..., Any]] = {
    "axpy": axpy,
    "dot": dot,
    "gemv": gemv,
    "ger": ger,
    "trsv": trsv,
    "gemm": gemm,
    "matmul": matmul,
    "gemm-αβ": gemm_scaled,
    "trsm": trsm,
    "gemm-backward": gemm_backward,
}
