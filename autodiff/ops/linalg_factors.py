"""Factors of matrices: Cholesky, QR, singular values and vectors.

Derivatives: Giles 2008 (see `linalg_solve`); of Cholesky's factor I. Murray, "Differentiation of
the Cholesky decomposition", 2016; of vectors of complex matrices S. F. Walter and L. Lehmann,
"Algorithmic differentiation of linear algebra functions", 2010, and Z.-Q. Wan and S.-X. Zhang,
"Automatic differentiation for complex valued SVD", 2019.

Vectors are unique but for their signs, or for factors of size 1 where they are complex; those that
belong to no value, in full or complete factors, are any basis of what is left. Gradients are right
for functions that do not depend on these choices. Where values are equal, their vectors are any
basis, too, and have no derivative. One divided by the difference of equal values counts as 0, which
is right for functions that do not depend on vectors at all, and finite for others.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..engine._op import answering, op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor
from ._matrices import (
    adjoint,
    batch,
    conj,
    embedded,
    hermitian,
    inverted,
    lower,
    of_triangle,
    require_matrix,
    require_square,
    tall,
)
from .complex import conj as conjugate
from .creation import asarray
from .linalg import matmul
from .shaping import concat

__all__ = [
    "cholesky",
    "qr",
    "svd",
    "svdvals",
]


class QRResult(NamedTuple):
    """What `qr` gives."""

    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    """What `svd` gives."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _cubed(out: tuple[int, ...], x: tuple[int, ...]) -> int:
    return 4 * prod(x) * min(x[-2:])


def _cholesky_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    return (hermitian(draw, draw.integer(1, 3), batch(draw)),), {"upper": draw.boolean()}


def _cholesky_rule(xp: Any, g: Any, out: Any, upper: bool) -> Any:
    if upper:  # all of it transposed and conjugated
        return adjoint(xp, _cholesky_rule(xp, adjoint(xp, g), adjoint(xp, out), False))
    inverse = xp.linalg.inv(out)
    return of_triangle(xp, inverse.mT @ lower(xp, out.mT @ g) @ conj(xp, inverse))


@op(
    x=_cholesky_rule,
    label="chol",
    flops=lambda out, x: prod(x) * x[-1] // 3,
    sample=_cholesky_sample,
)
def cholesky(xp: Any, x: Any, /, upper: bool = False) -> Any:
    """The factor L of each positive definite matrix L·Lᴴ, lower triangular; or Lᴴ if `upper`.

    Only the lower triangle of x is read (the upper one, if `upper`), so only it has a gradient.

    Raises:
        LinAlgError: a matrix is not positive definite.

    >>> cholesky([[4.0, 0.0], [2.0, 5.0]])
    Tensor([[2., 0.],
            [1., 2.]], dtype=float32)
    """
    require_square(x)
    if upper:
        return adjoint(xp, xp.linalg.cholesky(adjoint(xp, x)))
    return xp.linalg.cholesky(x)


@answering(np.linalg.cholesky)
def _numpy_cholesky(a: Any, /, *, upper: bool = False) -> Tensor:
    return cholesky(a, upper=upper)


# -- QR --------------------------------------------------------------------------------------------


def _factor_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    n = draw.integer(1, 3)
    return (tall(draw, n + draw.integer(0, 1), n, batch(draw)),), {"full": draw.boolean()}


def _both_triangles(xp: Any, x: Any) -> Any:
    """The upper triangle, and below it its conjugates; a real diagonal."""
    half = lower(xp, x.mT).mT
    return half + adjoint(xp, half)


def _of_first(xp: Any, g: Any, q: Any, k: int) -> Any:
    """The gradient by orthonormal columns as one by the first k of them, which span the others.

    Where the first move by dQ₁ the others move by -Q₁·dQ₁ᴴ·Q₂.
    """
    if q.shape[-1] == k:
        return g
    first, rest = q[..., :k], q[..., k:]
    return g[..., :k] - rest @ (adjoint(xp, g[..., k:]) @ first)


def _qr_rule(xp: Any, g: Any, out: Any, x_shape: Any) -> Any:
    q, r = out
    k = x_shape[-1]
    by_q, by_r = (None if part is None else conj(xp, part) for part in g)
    r = r[..., :k, :]
    inner = None if by_r is None else by_r[..., :k, :] @ adjoint(xp, r)
    if by_q is not None:
        by_q, q = _of_first(xp, by_q, q, k), q[..., :k]
        more = adjoint(xp, q) @ by_q
        inner = -more if inner is None else inner - more
    total = q[..., :k] @ _both_triangles(xp, inner)
    if by_q is not None:
        total = by_q + total
    # times the inverse of rᴴ from the right
    return conj(xp, adjoint(xp, xp.linalg.solve(r, adjoint(xp, total))))


@op(x=_qr_rule, outputs=QRResult, label="QR", flops=_cubed, sample=_factor_sample)
def _qr(xp: Any, x: Any, /, full: bool = False) -> Any:
    """Factors of matrices with as many rows as columns, or more; `qr` takes any.

    >>> _qr([[0.0, 2.0], [1.0, 0.0]])[1].shape
    (2, 2)
    """
    require_matrix(x)
    q, r = xp.linalg.qr(x, mode="complete" if full else "reduced")
    return q, r


def qr(x: Any, /, *, mode: str = "reduced") -> Any:
    """Factors q·r of each matrix (..., m, n): q with orthonormal columns, r upper triangular.

    With k = min(m, n): "reduced" gives q (..., m, k) and r (..., k, n), "complete" (..., m, m) and
    (..., m, n), "r" only r. There is a gradient where the first k columns of x are independent.

    Raises:
        ValueError: another mode.

    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> np.round((q @ r).numpy(), 5).tolist()
    [[3.0, 1.0], [4.0, 2.0]]
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f'qr: mode is {mode!r}; expected "reduced", "complete" or "r"')
    a = asarray(x)
    require_matrix(a)
    m, n = a.shape[-2:]
    found = _qr(a if m >= n else a[..., :m], full=mode == "complete")
    if m < n:  # those of the first m columns, and the rest as they see it
        q, r = found
        rest = matmul(conjugate(q).mT, a[..., m:])
        found = QRResult(q, concat([r, rest], axis=-1))
    return found.R if mode == "r" else found


@answering(np.linalg.qr)
def _numpy_qr(a: Any, mode: str = "reduced") -> Any:
    return qr(a, mode=mode)


# -- singular values -------------------------------------------------------------------------------


def _svd_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    (x,), _ = _factor_sample(draw)
    if draw.boolean():
        x = x.swapaxes(-1, -2)
    return (x,), {"full_matrices": draw.boolean()}


def _svd_rule(xp: Any, g: Any, out: Any, x_shape: Any) -> Any:
    u, s, vh = out
    m, n = x_shape[-2:]
    k = min(m, n)
    by_u, by_s, by_vh = (None if part is None else conj(xp, part) for part in g)
    if by_u is not None:
        by_u = _of_first(xp, by_u, u, k)
    if by_vh is not None:
        by_vh = adjoint(xp, _of_first(xp, adjoint(xp, by_vh), adjoint(xp, vh), k))
    u, vh = u[..., :k], vh[..., :k, :]
    inner = None if by_s is None else embedded(xp, by_s)
    if by_u is None and by_vh is None:
        return conj(xp, u @ inner @ vh)
    wide, long = s[..., None, :], s[..., :, None]
    apart = inverted(xp, (wide - long) * (wide + long))

    def more(x: Any) -> Any:
        return x if inner is None else inner + x

    if by_u is not None:
        turned = adjoint(xp, u) @ by_u
        skew = turned - adjoint(xp, turned)
        inner = more(skew * apart * wide)
        if u.dtype.kind == "c":  # of u and vh together the phases are free
            inner = inner + skew * embedded(xp, inverted(xp, 2 * s))
    if by_vh is not None:
        turned = vh @ adjoint(xp, by_vh)
        inner = more(long * apart * (turned - adjoint(xp, turned)))
    total = u @ inner @ vh
    if by_u is not None and m > k:
        scaled = by_u * inverted(xp, wide)
        total = total + (scaled - u @ (adjoint(xp, u) @ scaled)) @ vh
    if by_vh is not None and n > k:
        scaled = by_vh * inverted(xp, long)
        total = total + u @ (scaled - (scaled @ adjoint(xp, vh)) @ vh)
    return conj(xp, total)


@op(
    x=_svd_rule,
    outputs=SVDResult,
    label="SVD",
    flops=lambda out, x: 20 * prod(x) * min(x[-2:]),
    sample=_svd_sample,
)
def svd(xp: Any, x: Any, /, full_matrices: bool = True) -> Any:
    """Factors U·diag(S)·Vh of each matrix (..., m, n): singular values S, descending, and vectors.

    With k = min(m, n): S (..., k), U (..., m, m) and Vh (..., n, n), or with `full_matrices` False
    (..., m, k) and (..., k, n). The gradient of S is right for equal and zero values, too, that of
    vectors where values lie apart and are not 0.

    >>> svd([[3.0, 0.0], [0.0, 4.0]]).S
    Tensor([4., 3.], dtype=float32)
    """
    require_matrix(x)
    u, s, vh = xp.linalg.svd(x, full_matrices=full_matrices)
    return u, s, vh


def svdvals(x: Any, /) -> Tensor:
    """The singular values of each matrix, descending.

    >>> svdvals([[3.0, 0.0], [0.0, 4.0]])
    Tensor([4., 3.], dtype=float32)
    """
    return svd(x, full_matrices=False).S


@answering(np.linalg.svd)
def _numpy_svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        raise TypeError("np.linalg.svd of a Tensor: hermitian=True is not supported")
    return svd(a, full_matrices=full_matrices) if compute_uv else svdvals(a)


if hasattr(np.linalg, "svdvals"):
    answering(np.linalg.svdvals)(svdvals)
