"""PyTorch: its routines that work in place, autograd for the gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench._case import Loaded, device
from bench.blas.problems import ALPHA, BETA, Arrays, Made, Problem, make_cases


def load(names: str, most: str = "0") -> Loaded:
    """`names` of cases, separated by commas."""
    makers = {name: maker(make) for name, make in ROUTINES.items()}
    return Loaded(
        {"torch": torch.__version__},
        make_cases(makers, names.split(","), int(most)),
        {"torch": torch.get_num_threads()},
        finish=finish,
    )


def finish() -> None:
    """Wait for the device."""
    if device() != "cpu":
        torch.cuda.synchronize()


def maker(make: Callable[..., Any]) -> Callable[[Problem, Arrays], Made]:
    def made(its: Problem, arrays: Arrays) -> Made:
        torch.backends.cuda.matmul.allow_tf32 = its.dtype == "tf32"
        kind = torch.bfloat16 if its.dtype == "bfloat16" else None
        tensors = {k: torch.tensor(x, device=device(), dtype=kind) for k, x in arrays.items()}
        run, results = make(**tensors)

        def read(result: Any) -> list[Any]:
            found = results or (result if isinstance(result, tuple) else (result,))
            return [x.detach().double().cpu().numpy() for x in found]

        return Made(run, read)

    return made


def axpy(x: Any, y: Any) -> Any:
    return lambda: y.add_(x, alpha=ALPHA), (y,)


def dot(x: Any, y: Any) -> Any:
    return lambda: torch.dot(x, y), ()


def gemv(A: Any, x: Any, y: Any) -> Any:
    return lambda: y.addmv_(A, x), (y,)


def ger(A: Any, x: Any, y: Any) -> Any:
    return lambda: A.addr_(x, y, alpha=ALPHA), (A,)


def trsv(L: Any, b: Any) -> Any:
    x = torch.empty_like(b[:, None])

    def run() -> None:
        torch.linalg.solve_triangular(L, b[:, None], upper=False, out=x)

    return run, (x[:, 0],)


def gemm(A: Any, B: Any, C: Any) -> Any:
    return lambda: C.addmm_(A, B), (C,)


def gemm_scaled(A: Any, B: Any, C: Any) -> Any:
    return lambda: C.addmm_(A, B, alpha=ALPHA, beta=BETA), (C,)


def trsm(L: Any, B: Any) -> Any:
    X = torch.empty_like(B)
    return lambda: torch.linalg.solve_triangular(L, B, upper=False, out=X), (X,)


def matmul(A: Any, B: Any) -> Any:
    C = torch.empty_like(A)
    return lambda: torch.matmul(A, B, out=C), (C,)


def gemm_backward(A: Any, B: Any, G: Any) -> Any:
    A.requires_grad_()
    B.requires_grad_()

    def run() -> Any:
        C = A @ B
        return C, *torch.autograd.grad(C, (A, B), G)

    return run, ()


ROUTINES: dict[str, Callable[..., Any]] = {
    "axpy": axpy,
    "dot": dot,
    "gemv": gemv,
    "ger": ger,
    "trsv": trsv,
    "gemm": gemm,
    "gemm-αβ": gemm_scaled,
    "trsm": trsm,
    "matmul": matmul,
    "gemm-stack": matmul,
    "gemm-backward": gemm_backward,
}
