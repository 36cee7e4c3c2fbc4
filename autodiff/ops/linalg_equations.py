"""Equations solved in the sense of least squares, and equations of tensors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..engine import _axes
from ..engine._op import answering
from ..engine._tensor import Tensor
from .creation import asarray, zeros
from .elementwise import abs as absolute
from .linalg import matmul
from .linalg_factors import svdvals
from .linalg_norms import matrix_rank
from .linalg_solve import inv, pinv, solve
from .reductions import sum
from .shaping import permute_dims, reshape

__all__ = [
    "lstsq",
    "tensorinv",
    "tensorsolve",
]


class LstsqResult(NamedTuple):
    """What `lstsq` gives."""

    x: Tensor
    residuals: Tensor
    rank: Tensor
    s: Tensor


@answering(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> LstsqResult:
    """The x of least norm among those with the smallest sum of squares of b - a·x.

    a (m, n), b (m,) or (m, k). Singular values below `rcond` times the largest count as 0. Returns
    x, that sum for each column of b where m > n (else none; NumPy gives none either where the rank
    of a is less than n), the rank of a, and its singular values. x is pinv(a)·b.

    Raises:
        ValueError: shapes that do not fit.

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0]).x
    Tensor([2.], dtype=float32)
    """
    left, right = asarray(a), asarray(b)
    if left.ndim != 2 or right.ndim not in (1, 2) or left.shape[0] != right.shape[0]:
        raise ValueError(
            f"lstsq takes a (m, n) and b (m,) or (m, k); given {left.shape} and {right.shape}"
        )
    if rcond is not None and rcond < 0:  # NumPy: as little as possible
        rcond = float(np.finfo(left.dtype).eps)
    x = matmul(pinv(left, rtol=rcond), right)
    rest = sum(absolute(right - matmul(left, x)) ** 2, axis=0)
    if left.shape[0] <= left.shape[1]:
        rest = zeros((0,), dtype=rest.dtype)
    return LstsqResult(x, reshape(rest, (-1,)), matrix_rank(left, rtol=rcond), svdvals(left))


@answering(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Tensor:
    """x with tensordot(a, x, x.ndim) = b, where a has the axes of b in front of those of x.

    `axes` of a are brought to its end first.

    >>> tensorsolve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    Tensor([1. , 0.5], dtype=float32)
    """
    left, right = asarray(a), asarray(b)
    if axes is not None:
        last = [_axes.axis(k, left) + left.ndim for k in axes]
        left = permute_dims(left, (*(k for k in range(left.ndim) if k not in last), *last))
    shape = left.shape[right.ndim :]
    if prod(shape) != right.size:
        raise ValueError(f"tensorsolve: shapes {left.shape} and {right.shape} give no equations")
    found = solve(reshape(left, (right.size, right.size)), reshape(right, (-1,)))
    return reshape(found, shape)


@answering(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Tensor:
    """The inverse of a as a map from its last axes to its first `ind` ones.

    >>> tensorinv([[2.0, 0.0], [0.0, 4.0]], 1)
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]], dtype=float32)
    """
    x, ind = asarray(a), operator.index(ind)
    first, last = x.shape[:ind], x.shape[ind:]
    if ind < 1 or prod(first) != prod(last):
        raise ValueError(f"tensorinv: shape {x.shape} is not square behind the first {ind} axes")
    return reshape(inv(reshape(x, (prod(first), -1))), last + first)
