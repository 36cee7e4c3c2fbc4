"""Products of arrays along axes, made of matrix products; diagonals."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import answering
from ..engine._tensor import Tensor
from ._matrices import require_matrix, require_square
from .complex import conj
from .creation import asarray, astype
from .elementwise import multiply
from .linalg import matmul
from .linalg_solve import inv
from .reductions import sum
from .shaping import broadcast_to, expand_dims, permute_dims, reshape, stack

__all__ = [
    "cross",
    "diagonal",
    "inner",
    "kron",
    "matrix_power",
    "matrix_transpose",
    "multi_dot",
    "outer",
    "tensordot",
    "trace",
    "vdot",
    "vecdot",
]


def matrix_transpose(x: Any, /) -> Tensor:
    """The last two axes swapped: each matrix of a stack transposed.

    Raises:
        ValueError: fewer than two axes.

    >>> matrix_transpose([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]], dtype=float32)
    """
    return asarray(x).mT


if hasattr(np, "matrix_transpose"):
    answering(np.matrix_transpose)(matrix_transpose)
    if np.linalg.matrix_transpose is not np.matrix_transpose:
        answering(np.linalg.matrix_transpose)(matrix_transpose)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Dot products Σ x̄1·x2 along an axis, which has the same length in both; others broadcast.

    >>> vecdot([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    Tensor([3., 7.], dtype=float32)
    """
    a, b = _last(asarray(x1), axis), _last(asarray(x2), axis)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"vecdot: axis {axis} has lengths {a.shape[-1]} and {b.shape[-1]}")
    return matmul(conj(a)[..., None, :], b[..., :, None])[..., 0, 0]


if hasattr(np, "vecdot"):

    @answering(*{id(f): f for f in (np.vecdot, np.linalg.vecdot)}.values())
    def _numpy_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
        return vecdot(x1, x2, axis=axis)


@answering(np.tensordot)
def tensordot(x1: Any, x2: Any, /, axes: Any = 2) -> Tensor:
    """Sum of products over pairs of axes: (2, 3, 4, 5) · (5, 6, 7) over 1 axis is (2, 3, 4, 6, 7).

    `axes` is a number, of the last axes of x1 and the first ones of x2, or two sequences of axes.

    Raises:
        ValueError: axes that differ in length, or that there are not.

    >>> tensordot([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0], axes=1)
    Tensor([3., 7.], dtype=float32)
    """
    a, b = asarray(x1), asarray(x2)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= np.min((a.ndim, b.ndim)):
            raise ValueError(f"tensordot over {axes} axes of shapes {a.shape} and {b.shape}")
        pairs = [(a.ndim - axes + k, k) for k in range(axes)]
    else:
        left, right = ([k] if isinstance(k, (int, np.integer)) else list(k) for k in axes)
        if len(left) != len(right):
            raise ValueError(f"tensordot: {len(left)} axes of x1 and {len(right)} of x2")
        pairs = [
            (_axes.axis(k, a) + a.ndim, _axes.axis(m, b) + b.ndim)
            for k, m in zip(left, right, strict=True)
        ]
    for k, m in pairs:
        if a.shape[k] != b.shape[m]:
            raise ValueError(
                f"tensordot: axis {k} of shape {a.shape} and axis {m} of shape {b.shape} differ"
            )
    over_a, over_b = [k for k, _ in pairs], [m for _, m in pairs]
    for over, x in ((over_a, a), (over_b, b)):
        if len(set(over)) != len(over):
            raise ValueError(f"tensordot: axes {over} name an axis of shape {x.shape} twice")
    kept_a = [k for k in range(a.ndim) if k not in over_a]
    kept_b = [m for m in range(b.ndim) if m not in over_b]
    shape = (*(a.shape[k] for k in kept_a), *(b.shape[m] for m in kept_b))
    n = prod(a.shape[k] for k in over_a)
    rows = reshape(_in_order(a, kept_a + over_a), (prod(a.shape[k] for k in kept_a), n))
    columns = reshape(_in_order(b, over_b + kept_b), (n, prod(b.shape[m] for m in kept_b)))
    return reshape(matmul(rows, columns), shape)


def _in_order(x: Tensor, axes: Sequence[int]) -> Tensor:
    return x if list(axes) == list(range(x.ndim)) else permute_dims(x, tuple(axes))


def outer(x1: Any, x2: Any, /) -> Tensor:
    """All products of an element of x1 (m,) and one of x2 (n,): (m, n).

    Raises:
        ValueError: an input that is no vector.

    >>> outer([1.0, 2.0], [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]], dtype=float32)
    """
    a, b = asarray(x1), asarray(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer takes vectors; given shapes {a.shape} and {b.shape}")
    return multiply(a[:, None], b)


@answering(np.outer, *([np.linalg.outer] if hasattr(np.linalg, "outer") else []))
def _numpy_outer(a: Any, b: Any) -> Tensor:
    return outer(reshape(asarray(a), (-1,)), reshape(asarray(b), (-1,)))


@answering(np.inner)
def inner(a: Any, b: Any) -> Tensor:
    """Sums of products over the last axes of both, without a conjugate, as np.inner.

    >>> inner([1.0, 2.0], [3.0, 4.0])
    Tensor(11., dtype=float32)
    """
    x, y = asarray(a), asarray(b)
    return tensordot(x, y, axes=((-1,), (-1,))) if x.ndim and y.ndim else multiply(x, y)


@answering(np.vdot)
def vdot(a: Any, b: Any) -> Tensor:
    """Sum of products of all elements, those of `a` conjugated.

    >>> vdot([1j, 2.0], [1j, 1.0])
    Tensor(3.+0.j, dtype=complex64)
    """
    x, y = (reshape(asarray(v), (-1,)) for v in (a, b))
    return sum(multiply(conj(x), y))


@answering(np.dot)
def _numpy_dot(a: Any, b: Any) -> Tensor:
    """np.dot: over the last axis of a and the last but one of b."""
    x, y = asarray(a), asarray(b)
    if not x.ndim or not y.ndim:
        return multiply(x, y)
    if x.ndim <= 2 and y.ndim <= 2:
        return matmul(x, y)
    return tensordot(x, y, axes=((-1,), (-1,) if y.ndim == 1 else (-2,)))


@answering(np.kron)
def kron(a: Any, b: Any) -> Tensor:
    """The Kronecker product: every element of `a` times all of `b`, in its place.

    >>> kron([1.0, 10.0], [1.0, 2.0])
    Tensor([ 1.,  2., 10., 20.], dtype=float32)
    """
    x, y = asarray(a), asarray(b)
    n = np.max((x.ndim, y.ndim))
    left, right = ((1,) * (n - v.ndim) + v.shape for v in (x, y))
    x = reshape(x, tuple(m for size in left for m in (size, 1)))
    y = reshape(y, tuple(m for size in right for m in (1, size)))
    return reshape(multiply(x, y), tuple(m * k for m, k in zip(left, right, strict=True)))


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Cross products of vectors of length 3 along an axis; the other axes broadcast.

    Raises:
        ValueError: an axis of another length.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    Tensor([0., 0., 1.], dtype=float32)
    """
    a, b = asarray(x1), asarray(x2)
    k = _axes.axis(axis, a if a.ndim >= b.ndim else b)
    for x in (a, b):
        if x.ndim < -k or x.shape[k] != 3:
            raise ValueError(f"cross: axis {axis} of shape {x.shape} does not have length 3")
    rest = (slice(None),) * (-1 - k)
    (a0, a1, a2), (b0, b1, b2) = ([x[(..., j, *rest)] for j in range(3)] for x in (a, b))
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=k)


@answering(np.cross, *([np.linalg.cross] if hasattr(np.linalg, "cross") else []))
def _numpy_cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _last(asarray(a), axisa), _last(asarray(b), axisb)
    found = cross(x, y)
    order = list(range(found.ndim - 1))
    order.insert(_axes.axis(axisc, found) + found.ndim, found.ndim - 1)
    return _in_order(found, order)


def _last(x: Tensor, axis: int) -> Tensor:
    """An axis brought to the end."""
    k = _axes.axis(axis, x) + x.ndim
    return _in_order(x, [*(m for m in range(x.ndim) if m != k), k])


def diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    """The diagonal of each matrix (..., m, n), or the one `offset` columns to the right of it.

    >>> diagonal([[1.0, 2.0], [3.0, 4.0]])
    Tensor([1., 4.], dtype=float32)
    """
    a = asarray(x)
    require_matrix(a)
    m, n = a.shape[-2:]
    k = operator.index(offset)
    length = int(np.max((0, np.min((m, n - k) if k >= 0 else (m + k, n)))))
    first = k if k >= 0 else -k * n
    flat = reshape(a, (*a.shape[:-2], m * n))  # where it is every (n + 1)-th element
    return flat[..., first : first + length * (n + 1) : n + 1] if length else flat[..., :0]


@answering(np.diagonal)
def _numpy_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    return diagonal(_to_the_end(asarray(a), axis1, axis2), offset=offset)


def _to_the_end(x: Tensor, axis1: int, axis2: int) -> Tensor:
    require_matrix(x)
    first, second = (_axes.axis(k, x) + x.ndim for k in (axis1, axis2))
    if first == second:
        raise ValueError(f"axes {axis1} and {axis2} of shape {x.shape} are the same")
    rest = [k for k in range(x.ndim) if k not in (first, second)]
    return _in_order(x, [*rest, first, second])


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum of each matrix's diagonal, as `diagonal` gives it.

    >>> trace([[1.0, 2.0], [3.0, 4.0]])
    Tensor(5., dtype=float32)
    """
    found = diagonal(x, offset=offset)
    return sum(found if dtype is None else astype(found, dtype), axis=-1)


@answering(np.trace)
def _numpy_trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None
) -> Tensor:
    return trace(_to_the_end(asarray(a), axis1, axis2), offset=offset, dtype=dtype)


if hasattr(np.linalg, "tensordot"):

    @answering(np.linalg.tensordot)
    def _numpy_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
        return tensordot(x1, x2, axes=axes)

    @answering(np.linalg.matmul)
    def _numpy_matmul(x1: Any, x2: Any, /) -> Tensor:
        return matmul(x1, x2)


if hasattr(np.linalg, "diagonal"):
    answering(np.linalg.diagonal)(diagonal)
    answering(np.linalg.trace)(trace)


@answering(np.linalg.matrix_power)
def matrix_power(x: Any, n: int, /) -> Tensor:
    """Each square matrix multiplied by itself n times, by repeated squaring; n < 0: its inverse.

    >>> matrix_power([[1.0, 1.0], [0.0, 1.0]], 5)
    Tensor([[1., 5.],
            [0., 1.]], dtype=float32)
    """
    a = asarray(x)
    require_square(a)
    n = operator.index(n)
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return broadcast_to(asarray(np.eye(a.shape[-1], dtype=a.dtype)), a.shape)
    found: Tensor | None = None
    while True:
        if n % 2:
            found = a if found is None else matmul(found, a)
        n //= 2
        if not n:
            assert found is not None
            return found
        a = matmul(a, a)


@answering(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Tensor:
    """The product of matrices in the order that takes the fewest multiplications.

    The first and the last may be vectors. (T. H. Cormen et al., "Introduction to Algorithms",
    chapter on dynamic programming.)

    Raises:
        ValueError: fewer than two arrays, or shapes that do not fit.

    >>> multi_dot([[[1.0, 2.0]], [[3.0], [4.0]], [[5.0]]])
    Tensor([[55.]], dtype=float32)
    """
    given = [asarray(x) for x in arrays]
    if len(given) < 2:
        raise ValueError(f"multi_dot takes two arrays or more; given {len(given)}")
    row, column = given[0].ndim == 1, given[-1].ndim == 1
    if row:
        given[0] = expand_dims(given[0], 0)
    if column:
        given[-1] = expand_dims(given[-1], -1)
    shapes = [x.shape for x in given]
    sizes = [shapes[0][0], *(shape[-1] for shape in shapes)]
    if any(x.ndim != 2 for x in given) or any(
        s[0] != n for s, n in zip(shapes, sizes, strict=False)
    ):
        raise ValueError(f"multi_dot: shapes {shapes} do not fit one after another")
    found = _best(given, sizes)
    return found[(0 if row else slice(None), *((0,) if column else ()))] if row or column else found


def _best(given: list[Tensor], sizes: list[int]) -> Tensor:
    n = len(given)
    if n == 2:
        return matmul(*given)
    cost = {(k, k): 0 for k in range(n)}
    split: dict[tuple[int, int], int] = {}
    for width in range(1, n):
        for i in range(n - width):
            j = i + width
            costs = [
                cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            ]
            cost[i, j] = reduce(lambda a, b: a if a <= b else b, costs)
            split[i, j] = i + costs.index(cost[i, j])

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return given[i]
        k = split[i, j]
        return matmul(product(i, k), product(k + 1, j))

    return product(0, n - 1)
