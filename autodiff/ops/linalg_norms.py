"""Norms of vectors and matrices, and what is told from singular values."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import answering, op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor
from ._matrices import conj, require_matrix
from .comparison import greater
from .creation import asarray, astype
from .elementwise import abs as absolute
from .linalg_eigen import eigvalsh
from .linalg_factors import svdvals
from .reductions import max, min, sum
from .shaping import expand_dims, permute_dims

__all__ = [
    "cond",
    "matrix_norm",
    "matrix_rank",
    "norm",
    "vector_norm",
]


def _order(value: Any, x: Any = None) -> Any:
    if value is None:
        return 2
    if not isinstance(value, (int, float, np.integer, np.floating)) or value != value:
        raise ValueError(f"the order of a norm of vectors is a number; given {value!r}")
    return float(value)


def _norm_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(side=1)
    axis = draw.axes(len(shape))
    order = draw.choice((2, 2, 1, 3, 2.5, 0.5, -1, inf, -inf))
    x = draw.array(shape, avoid=(0.0,), distinct=True)
    x = x + np.sign(x) * 0.5  # small elements make differences of large ones of order -1
    return (x,), {"axis": axis, "keepdims": draw.boolean(), "ord": order}


def _direction(xp: Any, x: Any, size: Any) -> Any:
    """The derivative of |x|."""
    if x.dtype.kind != "c":
        return xp.sign(x)
    return xp.conj(x) / xp.where(size == 0, xp.ones_like(size), size)


def _norm_rule(
    xp: Any, g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool, ord: Any
) -> Any:
    g, out = (_axes.restore(xp, part, x_shape, axis, keepdims) for part in (g, out))
    some = xp.where(out == 0, xp.ones_like(out), out)
    if ord == 2:
        return g * (conj(xp, x) / some)
    size = xp.abs(x)
    direction = _direction(xp, x, size)
    if ord == 1:
        return g * direction
    if ord == 0:
        return g * xp.zeros_like(x)
    if ord in (inf, -inf):
        chosen = xp.astype(size == out, size.dtype)
        return g * (chosen / xp.sum(chosen, axis=axis, keepdims=True)) * direction
    size = xp.where(size == 0, xp.ones_like(size), size)  # where direction is 0
    return g * (size / some) ** (ord - 1) * direction


@op(
    x=_norm_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag, "ord": _order},
    label="‖x‖",
    flops=lambda out, x: 2 * int(np.prod(x)),
    sample=_norm_sample,
)
def vector_norm(
    xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False, ord: float = 2
) -> Any:
    """Norm over `axis`, which may be several (None: all), of order `ord`: (Σ|x|ᵖ)^(1/p).

    Of order inf the largest of |x|, of -inf the smallest, of 0 how many are not 0. The derivative
    is 0 where all of x is 0, whatever the order, and by an element where |x| has its kink; equal
    largest or smallest elements share it.

    >>> vector_norm([3.0, 4.0])
    Tensor(5., dtype=float32)
    """
    if x.dtype.kind in "biu":
        x = xp.astype(x, np.float64)
    if ord == 2:
        squares = xp.real(x) ** 2 + xp.imag(x) ** 2 if x.dtype.kind == "c" else x * x
        return xp.sqrt(xp.sum(squares, axis=axis, keepdims=keepdims))
    size = xp.abs(x)
    if ord == inf:
        return xp.max(size, axis=axis, keepdims=keepdims)
    if ord == -inf:
        return xp.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return xp.sum(xp.astype(size != 0, size.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(size, axis=axis, keepdims=keepdims)
    return xp.sum(size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norm of each matrix (..., m, n).

    "fro" is the root of the sum of squares, "nuc" the sum of singular values, 2 and -2 the largest
    and smallest of these, 1 and -1 the largest and smallest sum of |x| over a column, inf and -inf
    over a row. At 0 the derivative of "fro" is 0, others have one of their subgradients.

    Raises:
        ValueError: another order, or no matrix.

    >>> matrix_norm([[3.0, 0.0], [0.0, 4.0]], ord=2)
    Tensor(4., dtype=float32)
    """
    a = asarray(x)
    require_matrix(a)
    if ord is None or (isinstance(ord, str) and ord == "fro"):
        return vector_norm(a, axis=(-2, -1), keepdims=keepdims)
    if isinstance(ord, str) and ord == "nuc":
        found = sum(svdvals(a), axis=-1)
    elif isinstance(ord, str) or ord not in (1, -1, 2, -2, inf, -inf):
        raise ValueError(
            f'the order of a norm of matrices is {ord!r}; expected "fro", "nuc", 1, -1, 2, -2, inf '
            "or -inf"
        )
    else:
        among = (
            svdvals(a) if ord in (2, -2) else sum(absolute(a), axis=-2 if ord in (1, -1) else -1)
        )
        found = (max if ord > 0 else min)(among, axis=-1)
    return expand_dims(found, (-2, -1)) if keepdims else found


@answering(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """NumPy's norm: of a vector, a matrix, or along one axis or two.

    With `axis` an integer as `vector_norm`, a pair as `matrix_norm`; without one of x's own one or
    two axes, and of all elements where `ord` is None as well.

    Raises:
        ValueError: an order that there is not, more than two axes.

    >>> norm([[3.0, 4.0], [6.0, 8.0]], axis=1)
    Tensor([ 5., 10.], dtype=float32)
    """
    a = asarray(x)
    if axis is None and (ord is None or a.ndim == 1):
        return vector_norm(a, keepdims=keepdims, ord=2 if ord is None else ord)
    axes = tuple(range(-a.ndim, 0)) if axis is None else axis
    axes = tuple(axes) if isinstance(axes, (tuple, list)) else (axes,)
    if len(axes) == 1:
        return vector_norm(a, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise ValueError(f"norm is of one axis or two; given {axes} for shape {a.shape}")
    first, second = (_axes.axis(k, a) for k in axes)
    if first == second:
        raise ValueError(f"norm: axes {axes} name an axis of shape {a.shape} twice")
    if ord is None:
        return vector_norm(a, axis=(first, second), keepdims=keepdims)
    rest = [k for k in range(-a.ndim, 0) if k not in (first, second)]
    found = matrix_norm(permute_dims(a, (*rest, first, second)), ord=ord)
    return expand_dims(found, (first, second)) if keepdims else found


if hasattr(np.linalg, "vector_norm"):

    @answering(np.linalg.vector_norm)
    def _numpy_vector_norm(
        x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
    ) -> Tensor:
        return vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)

    answering(np.linalg.matrix_norm)(matrix_norm)


@answering(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Tensor:
    """The condition number of each matrix: its norm times that of its inverse.

    Of order 2 (None) the largest singular value divided by the smallest one.

    >>> cond([[3.0, 0.0], [0.0, 4.0]])
    Tensor(1.3333334, dtype=float32)
    """
    from .linalg_solve import inv

    a = asarray(x)
    if p is None or p in (2, -2):
        values = svdvals(a)
        large, small = values[..., 0], values[..., -1]
        return small / large if p == -2 else large / small
    return matrix_norm(a, ord=p) * matrix_norm(inv(a), ord=p)


def matrix_rank(x: Any, /, *, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """How many singular values of each matrix exceed `rtol` times the largest; integers.

    By default `rtol` is max(m, n) times the dtype's precision. There is no gradient.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]]).item()
    1
    """
    return _rank(x, rtol, None, hermitian)


@answering(np.linalg.matrix_rank)
def _numpy_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Tensor:
    a = asarray(A)
    return _rank(a if a.ndim > 1 else expand_dims(a, 0), rtol, tol, hermitian)


def _rank(x: Any, rtol: Any, tol: Any, hermitian: bool) -> Tensor:
    a = asarray(x)
    require_matrix(a)
    values = absolute(eigvalsh(a)) if hermitian else svdvals(a)
    if tol is None:
        if rtol is None:
            rtol = float(np.max(a.shape[-2:]) * np.finfo(values.dtype).eps)
        elif np.ndim(rtol):
            rtol = asarray(rtol)[..., None]  # one for each matrix
        tol = max(values, axis=-1, keepdims=True) * rtol
    else:
        tol = asarray(tol)[..., None]
    return sum(astype(greater(values, tol), np.int64), axis=-1)
