"""JAX: compiled functions that give up the array which they replace; each call is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular

from bench._case import Loaded
from bench.blas.problems import ALPHA, BETA, ROUNDED, Arrays, Made, Problem, make_cases


def load(names: str, most: str = "0") -> Loaded:
    """`names` of cases, separated by commas."""
    held = keep_to(os.environ.get("OMP_NUM_THREADS", ""))
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # every call is waited for anyway
    plain = [name for name in names.split(",") if name.split()[-1] not in ROUNDED]
    makers = {name: maker(*its) for name, its in ROUTINES.items()}
    return Loaded({"jax": jax.__version__}, make_cases(makers, plain, int(most)), held)


def keep_to(threads: str) -> dict[str, int]:
    """Leave XLA so many cores, as it makes a thread for each, whatever it is told of threads."""
    if not threads.isdigit() or not hasattr(os, "sched_setaffinity"):
        return {}
    cores = sorted(os.sched_getaffinity(0))[: int(threads)]
    os.sched_setaffinity(0, cores)
    return {"jax": len(cores)}


def maker(f: Callable[..., Any], replaced: str) -> Callable[[Problem, Arrays], Made]:
    """What f gives takes the place of the argument of that name, if there is one."""

    def made(its: Problem, arrays: Arrays) -> Made:
        given = {k: jnp.array(x) for k, x in arrays.items()}
        compiled = jax.jit(f, donate_argnames=(replaced,) if replaced else ())

        def run() -> Any:
            out = jax.block_until_ready(compiled(**given))
            if replaced:
                given[replaced] = out
            return out

        def read(result: Any) -> list[Any]:
            found = result if isinstance(result, tuple) else (result,)
            return [np.asarray(x, np.float64) for x in found]

        return Made(run, read)

    return made


def backward(A: Any, B: Any, G: Any) -> Any:
    C, pull = jax.vjp(jnp.matmul, A, B)
    return C, *pull(G)


#: the function, and the argument that its result replaces
ROUTINES: dict[str, tuple[Callable[..., Any], str]] = {
    "axpy": (lambda x, y: ALPHA * x + y, "y"),
    "dot": (lambda x, y: jnp.dot(x, y), ""),
    "gemv": (lambda A, x, y: A @ x + y, "y"),
    "ger": (lambda A, x, y: jnp.outer(ALPHA * x, y) + A, "A"),
    "trsv": (lambda L, b: solve_triangular(L, b, lower=True), ""),
    "gemm": (lambda A, B, C: A @ B + C, "C"),
    "gemm-αβ": (lambda A, B, C: ALPHA * (A @ B) + BETA * C, "C"),
    "trsm": (lambda L, B: solve_triangular(L, B, lower=True), ""),
    "matmul": (lambda A, B: A @ B, ""),
    "gemm-stack": (lambda A, B: A @ B, ""),
    "gemm-backward": (backward, ""),
}
