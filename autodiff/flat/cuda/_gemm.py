"""Products of matrices as BLAS takes them: by columns, with leading dimensions, transposed or not.

cuBLAS counts along columns first. A matrix that lies in rows is to it the transposed one, so the
product of x and y by rows is that of y and x by columns, without a copy. Which of a matrix' two
axes lies next to each other says whether it is transposed; stacks of matrices have a stride, which
may be smaller than a matrix (windows that overlap) or 0 (one matrix for all).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..ir._strides import reshaped
from ..ir._value import Shape, Value
from ._kernel import Scratch, wide
from ._memory import View, view_of

#: multiplications from which cuBLAS is asked; below, a kernel of ours costs no more
LARGE = 1 << 18
FLOATS = frozenset("efd")


@dataclass(frozen=True)
class Matrix:
    """One operand: where it begins, in elements, and how it lies."""

    memory: Value | Scratch
    offset: int
    #: whether its columns lie next to each other, not its rows
    transposed: bool
    #: elements from one row (or column, if transposed) to the next
    leading: int
    #: elements from one matrix of a stack to the next
    stride: int


@dataclass(frozen=True, eq=False)
class Gemm:
    """`out` (rows, columns) = x (rows, inner) @ y (inner, columns), `count` times."""

    dtype: np.dtype[Any]
    rows: int
    columns: int
    inner: int
    count: int
    x: Matrix
    y: Matrix
    out: Value


def gemm_of(value: Value) -> Gemm | tuple[int, ...] | None:
    """The product as BLAS takes it.

    None where it is none of BLAS'; the places of operands that have to be laid in order first.
    """
    x, y = value.inputs
    dtype = value.dtype
    if dtype.char not in FLOATS or x.dtype != dtype or y.dtype != dtype or not value.size:
        return None
    inner = x.shape[-1]
    if value.size * inner < LARGE:
        return None
    rows = x.shape[-2] if x.ndim > 1 else 1
    columns = y.shape[-1] if y.ndim > 1 else 1
    stack = value.shape[: value.ndim - (x.ndim > 1) - (y.ndim > 1)]
    count = prod(stack)
    left, right = _steps(x, True), _steps(y, False)
    if y.ndim == 2 and x.ndim > 2:  # one matrix for all: the stack is one long matrix
        whole = reshaped((*stack, rows), left[:-1], (count * rows,))
        if whole is not None:
            left, rows, stack, count = (*whole, left[-1]), count * rows, (), 1
    if wide(max(rows, columns, inner, count)):
        return None
    a = _matrix(x, left, (rows, inner), stack)
    b = _matrix(y, right, (inner, columns), stack)
    if any(m is not None and wide(m.leading) for m in (a, b)):
        return None
    bad = tuple(k for k, m in enumerate((a, b)) if m is None)
    if a is None or b is None:
        return bad
    return Gemm(dtype, rows, columns, inner, count, a, b, value)


def _steps(x: Value, left: bool) -> tuple[int, ...]:
    """Strides of an operand as a (stack of) matrices."""
    steps = view_of(x).strides
    if x.ndim == 1:
        return (0, *steps) if left else (*steps, 0)
    return steps


def _matrix(x: Value, steps: tuple[int, ...], shape: tuple[int, int], stack: Shape) -> Any:
    view: View = view_of(x)
    form = lies(steps[-2:], shape)
    outer = _stride(x, steps[:-2], stack)
    if form is None or outer is None:
        return None
    return Matrix(view.root, view.offset, *form, outer)


def lies(steps: tuple[int, ...], shape: tuple[int, int]) -> tuple[bool, int] | None:
    """Whether a matrix is transposed, and its leading dimension; None if BLAS cannot read it.

    >>> lies((8, 1), (3, 4)), lies((1, 8), (4, 3)), lies((16, 2), (3, 4))
    ((False, 8), (True, 8), None)
    """
    (rows, columns), (down, along) = shape, steps
    if (along == 1 or columns == 1) and (rows == 1 or down >= columns):
        return False, down if rows > 1 else columns
    if (down == 1 or rows == 1) and (columns == 1 or along >= rows):
        return True, along if columns > 1 else rows
    return None


def _stride(x: Value, steps: tuple[int, ...], stack: Shape) -> int | None:
    """The one stride of a stack whose axes broadcast."""
    if prod(stack) <= 1:
        return 0
    shape = x.shape[: len(steps)]
    wide = (0,) * (len(stack) - len(steps)) + tuple(
        0 if n == 1 else step for n, step in zip(shape, steps, strict=True)
    )
    if not any(wide):
        return 0
    if any(step == 0 and n > 1 for step, n in zip(wide, stack, strict=True)):
        return None
    found = reshaped(stack, wide, (prod(stack),))
    return None if found is None else found[0]
