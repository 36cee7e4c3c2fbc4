"""Inverses, solutions and determinants of stacks of square matrices.

Derivatives: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008; of pseudoinverses G. H. Golub and V. Pereyra, "The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate",
1973.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..engine._broadcast import Undo, undo_for
from ..engine._op import answering, op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, leave
from ._matrices import (
    adjoint,
    batch,
    conj,
    dominant,
    eye_like,
    require_matrix,
    require_square,
    square_sample,
    tall,
)
from .creation import asarray
from .reductions import _others

__all__ = [
    "cofactors",
    "det",
    "inv",
    "pinv",
    "slogdet",
    "solve",
]


class SlogdetResult(NamedTuple):
    """What `slogdet` gives."""

    sign: Tensor
    logabsdet: Tensor


def _cubed(out: tuple[int, ...], x: tuple[int, ...]) -> int:
    """A multiple of n³ for each matrix."""
    return 2 * prod(x) * x[-1]


@op(
    x=lambda g, out: -(out.mT @ g @ out.mT),
    numpy=np.linalg.inv,
    label="A⁻¹",
    flops=_cubed,
    sample=square_sample,
)
def inv(xp: Any, x: Any, /) -> Any:
    """The inverse of each square matrix (..., n, n).

    Raises:
        LinAlgError: a matrix has none.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]], dtype=float32)
    """
    require_square(x)
    return xp.linalg.inv(x)


def _solve_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    n = draw.integer(1, 3)
    if draw.integer(0, 2) == 0:
        return (dominant(draw, n, batch(draw)), draw.array((n,))), {}
    left, right = (s[-1:] for s in draw.shapes(2))
    return (dominant(draw, n, left), draw.array((*right, n, draw.integer(1, 2)))), {}


def _solve_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    a, b = arrays
    stack = out.shape[: out.ndim - min(b.ndim, 2)]
    how = undo_for(stack + a.shape[-2:], a, out), undo_for(stack + b.shape[-2:], b, out)
    return how if any(how) else None


def _solved(xp: Any, g: Any, a: Any, vector: bool) -> Any:
    """The gradient by b, as matrices."""
    return xp.linalg.solve(a.mT, g[..., None] if vector else g)


def _solve_a(xp: Any, g: Any, a: Any, out: Any, b_shape: Any) -> Any:
    vector = len(b_shape) == 1
    solved = _solved(xp, g, a, vector)
    return -(solved * out[..., None, :]) if vector else -(solved @ out.mT)


def _solve_b(xp: Any, g: Any, a: Any, b_shape: Any) -> Any:
    vector = len(b_shape) == 1
    solved = _solved(xp, g, a, vector)
    return solved[..., 0] if vector else solved


@op(
    a=_solve_a,
    b=_solve_b,
    broadcast=_solve_undo,
    numpy=np.linalg.solve,
    label="A⁻¹b",
    flops=lambda out, a, b: 2 * prod(a) * a[-1] // 3 + 2 * prod(out) * a[-1],
    sample=_solve_sample,
)
def solve(xp: Any, a: Any, b: Any, /) -> Any:
    """x with a·x = b: a (..., n, n), b (..., n, k) or a vector (n,); leading axes broadcast.

    Raises:
        LinAlgError: a matrix has no inverse.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    Tensor([1. , 0.5], dtype=float32)
    """
    require_square(a)
    if not b.shape:
        raise ValueError("b is a number; expected a vector (n,) or matrices (..., n, k)")
    if len(b.shape) == 1:
        return xp.linalg.solve(a, b[:, None])[..., 0]
    return xp.linalg.solve(a, b)


def _cofactors_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    n = draw.choice((1, 3, 3))  # of n = 2 they are linear, and second derivatives rounding alone
    return (dominant(draw, n, batch(draw)),), {}


def _cofactors_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    inverse = xp.linalg.inv(x).mT
    total = xp.sum(g * out, axis=(-2, -1), keepdims=True)
    return total * inverse - out @ g.mT @ inverse


@op(x=_cofactors_rule, label="cof", flops=_cubed, sample=_cofactors_sample)
def cofactors(xp: Any, x: Any, /) -> Any:
    """The cofactors of each square matrix: the derivative of its determinant.

    cof(A) = det(A)·A⁻ᵀ, but there is one where A has no inverse; its own derivative is taken
    where A has one. Computed from singular values: of U·diag(s)·Vᴴ they are
    det(U)·det(Vᴴ)·Ū·diag(p)·V̄ᴴ, where p[k] is the product of all s but s[k].

    >>> cofactors([[1.0, 2.0], [2.0, 4.0]])
    Tensor([[ 4., -2.],
            [-2.,  1.]], dtype=float32)
    """
    require_square(x)
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    sign = (xp.linalg.det(u) * xp.linalg.det(vh))[..., None, None]
    return sign * ((conj(xp, u) * _others(xp, s)[..., None, :]) @ conj(xp, vh))


@op(
    x=lambda xp, g, x: g[..., None, None] * xp.cofactors(x),
    numpy=np.linalg.det,
    label="det",
    flops=lambda out, x: 2 * prod(x) * x[-1] // 3,
    sample=square_sample,
)
def det(xp: Any, x: Any, /) -> Any:
    """The determinant of each square matrix (..., n, n).

    Its first derivative is right for singular matrices, too, and takes their singular values;
    higher ones need an inverse, as those of `slogdet` do, which is faster.

    >>> det([[1.0, 2.0], [3.0, 4.0]])
    Tensor(-2., dtype=float32)
    """
    require_square(x)
    return xp.linalg.det(x)


def _slogdet_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    by_sign, by_log = g
    inverse = xp.linalg.inv(x).mT
    scale = 0.0 if by_log is None else by_log[..., None, None]
    if by_sign is not None and x.dtype.kind == "c":
        scale = scale + 1j * xp.imag(by_sign * out[0])[..., None, None]
    elif by_sign is not None:
        scale = scale + 0 * by_sign[..., None, None]
    return scale * inverse


@op(
    x=_slogdet_rule,
    outputs=SlogdetResult,
    numpy=np.linalg.slogdet,
    label="log|det|",
    flops=lambda out, x: 2 * prod(x) * x[-1] // 3,
    sample=square_sample,
)
def slogdet(xp: Any, x: Any, /) -> Any:
    """Sign and logarithm of the absolute value of each determinant: det = sign·exp(logabsdet).

    The sign is a complex number of size 1 where x is complex; of a singular matrix it is 0, and the
    logarithm -inf, without a derivative.

    >>> slogdet([[1.0, 2.0], [3.0, 4.0]]).logabsdet
    Tensor(0.6931472, dtype=float32)
    """
    require_square(x)
    sign, log = xp.linalg.slogdet(x)
    return sign, log


def _pinv_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    m, n = draw.integer(1, 3), draw.integer(1, 3)
    x = tall(draw, max(m, n), min(m, n), batch(draw))
    return (x if m >= n else x.swapaxes(-1, -2),), {}


def _tolerance(value: Any, x: Any) -> Any:
    """Singular values below this multiple of the largest count as 0; a number, or one for each."""
    if value is None:
        eps = np.finfo(np.float32 if x.dtype.char == "e" else x.dtype).eps
        return float(max(x.shape[-2:], default=1) * eps)
    if isinstance(value, (int, float)):
        return float(value)
    return np.array(leave(value, "use as a tolerance") if isinstance(value, Tensor) else value)


def _pinv_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    p, gt = out, g.mT
    outside = x @ p  # projections onto what x cannot reach, and onto what it does not see
    outside = eye_like(xp, outside) - outside
    unseen = p @ x
    unseen = eye_like(xp, unseen) - unseen
    ph = adjoint(xp, p)
    more = outside @ gt @ p @ ph + ph @ p @ gt @ unseen
    return conj(xp, more) - p.mT @ g @ p.mT


@op(
    x=_pinv_rule,
    normalise={"rtol": _tolerance},
    label="A⁺",
    flops=lambda out, x: 20 * prod(x) * min(x[-2:]),
    sample=_pinv_sample,
)
def pinv(xp: Any, x: Any, /, rtol: Any = None) -> Any:
    """The Moore-Penrose pseudoinverse of each matrix: (..., m, n) -> (..., n, m).

    Singular values below `rtol` times the largest count as 0; by default max(m, n) times the
    dtype's precision. Where one passes this bound the pseudoinverse jumps, and has no derivative.

    >>> pinv([[2.0], [0.0]])
    Tensor([[0.5, 0. ]], dtype=float32)
    """
    require_matrix(x)
    return xp.linalg.pinv(x, rcond=rtol)


@answering(np.linalg.pinv)
def _numpy_pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Tensor:
    if hermitian:
        raise TypeError("np.linalg.pinv of a Tensor: hermitian=True is not supported")
    if rcond is None and rtol is None:
        rcond = 1e-15  # NumPy's
    return pinv(asarray(a), rtol=rcond if rtol is None else rtol)
