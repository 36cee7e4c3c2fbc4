"""Comparisons and positions: results are data, no gradient passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw, integers, whole_reduction, wholes

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
]


@op(operator="eq", numpy=np.equal, label="=", sample=wholes(2))
def equal(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x == y, element by element.

    >>> equal([1.0, 2.0], 2)
    Tensor([False,  True], dtype=bool)
    """
    return x == y


@op(operator="ne", numpy=np.not_equal, label="≠", sample=wholes(2))
def not_equal(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x != y, element by element.

    >>> not_equal([1.0, 2.0], 2)
    Tensor([ True, False], dtype=bool)
    """
    return x != y


@op(operator="lt", numpy=np.less, label="<", sample=wholes(2))
def less(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x < y, element by element.

    >>> less([1.0, 2.0], 2)
    Tensor([ True, False], dtype=bool)
    """
    return x < y


@op(operator="le", numpy=np.less_equal, label="≤", sample=wholes(2))
def less_equal(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x <= y, element by element.

    >>> less_equal([1.0, 2.0], 1)
    Tensor([ True, False], dtype=bool)
    """
    return x <= y


@op(operator="gt", numpy=np.greater, label=">", sample=wholes(2))
def greater(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x > y, element by element.

    >>> greater([1.0, 2.0], 1)
    Tensor([False,  True], dtype=bool)
    """
    return x > y


@op(operator="ge", numpy=np.greater_equal, label="≥", sample=wholes(2))
def greater_equal(_: Any, x: Any, y: Any, /) -> Any:
    """Whether x >= y, element by element.

    >>> greater_equal([1.0, 2.0], 2)
    Tensor([False,  True], dtype=bool)
    """
    return x >= y


@op(numpy=np.logical_and, label="and", sample=wholes(2))
def logical_and(xp: Any, x: Any, y: Any, /) -> Any:
    """Whether both hold, element by element; numbers hold where they are not 0.

    >>> logical_and([True, False], True)
    Tensor([ True, False], dtype=bool)
    """
    return xp.logical_and(x, y)


@op(numpy=np.logical_or, label="or", sample=wholes(2))
def logical_or(xp: Any, x: Any, y: Any, /) -> Any:
    """Whether one holds, element by element; numbers hold where they are not 0.

    >>> logical_or([True, False], False)
    Tensor([ True, False], dtype=bool)
    """
    return xp.logical_or(x, y)


@op(numpy=np.logical_xor, label="xor", sample=wholes(2))
def logical_xor(xp: Any, x: Any, y: Any, /) -> Any:
    """Whether just one holds, element by element; numbers hold where they are not 0.

    >>> logical_xor([True, False], True)
    Tensor([False,  True], dtype=bool)
    """
    return xp.logical_xor(x, y)


@op(numpy=np.logical_not, label="not", sample=wholes(1))
def logical_not(xp: Any, x: Any, /) -> Any:
    """Whether it does not hold, element by element.

    >>> logical_not([True, False])
    Tensor([False,  True], dtype=bool)
    """
    return xp.logical_not(x)


@op(operator="and", numpy=np.bitwise_and, label="&", sample=integers(2))
def bitwise_and(xp: Any, x: Any, y: Any, /) -> Any:
    """Bit by bit of integers, and of booleans, whether both hold.

    >>> bitwise_and([True, False], True)
    Tensor([ True, False], dtype=bool)
    """
    return xp.bitwise_and(x, y)


@op(operator="or", numpy=np.bitwise_or, label="|", sample=integers(2))
def bitwise_or(xp: Any, x: Any, y: Any, /) -> Any:
    """Bit by bit of integers, or of booleans, whether one holds.

    >>> bitwise_or([6, 1], 3)
    Tensor([7, 3], dtype=int64)
    """
    return xp.bitwise_or(x, y)


@op(operator="xor", numpy=np.bitwise_xor, label="^", sample=integers(2))
def bitwise_xor(xp: Any, x: Any, y: Any, /) -> Any:
    """Bit by bit of integers, exclusive or; of booleans, whether they differ.

    >>> bitwise_xor([6, 1], 3)
    Tensor([5, 2], dtype=int64)
    """
    return xp.bitwise_xor(x, y)


@op(operator="invert", numpy=np.invert, label="~", sample=integers(1))
def bitwise_invert(xp: Any, x: Any, /) -> Any:
    """Every bit of integers flipped; of booleans, whether it does not hold.

    >>> bitwise_invert([True, False])
    Tensor([False,  True], dtype=bool)
    """
    return xp.invert(x)


def _shift_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    a, b = draw.shapes(2)
    return (draw.array(a, -9, 9).astype(np.int64), draw.array(b, 0, 5).astype(np.int64)), {}


@op(operator="lshift", numpy=np.left_shift, label="<<", sample=_shift_sample)
def bitwise_left_shift(xp: Any, x: Any, y: Any, /) -> Any:
    """The bits of integers moved y places up: x · 2^y, as far as the dtype holds it.

    >>> bitwise_left_shift([1, 3], 2)
    Tensor([ 4, 12], dtype=int64)
    """
    return xp.left_shift(x, y)


@op(operator="rshift", numpy=np.right_shift, label=">>", sample=_shift_sample)
def bitwise_right_shift(xp: Any, x: Any, y: Any, /) -> Any:
    """The bits of integers moved y places down: x / 2^y, rounded down.

    >>> bitwise_right_shift([4, 13], 2)
    Tensor([1, 3], dtype=int64)
    """
    return xp.right_shift(x, y)


def _special(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    """Whole numbers, infinities and NaN."""
    x = np.round(draw.array(draw.shape(), -2.4, 2.4))
    return (np.select([x == 2, x == -2, x == 1], [np.inf, -np.inf, np.nan], x),), {}


@op(numpy=np.isfinite, label="finite", sample=_special)
def isfinite(xp: Any, x: Any, /) -> Any:
    """Whether it is neither infinite nor NaN, element by element.

    >>> isfinite([1.0, float("inf")])
    Tensor([ True, False], dtype=bool)
    """
    return xp.isfinite(x)


@op(numpy=np.isinf, label="∞?", sample=_special)
def isinf(xp: Any, x: Any, /) -> Any:
    """Whether it is infinite, with either sign, element by element.

    >>> isinf([1.0, float("-inf")])
    Tensor([False,  True], dtype=bool)
    """
    return xp.isinf(x)


@op(numpy=np.isnan, label="NaN", sample=_special)
def isnan(xp: Any, x: Any, /) -> Any:
    """Whether it is NaN, element by element.

    >>> isnan([1.0, float("nan")])
    Tensor([False,  True], dtype=bool)
    """
    return xp.isnan(x)


def _axis_or_all(value: Any, x: Any) -> int | None:
    return None if value is None else _axes.axis(value, x)


@op(
    normalise={"axis": _axis_or_all, "keepdims": _axes.flag},
    numpy=np.argmax,
    method=True,
    sample=whole_reduction(one_axis=True),
)
def argmax(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Position of the largest element along `axis`, or in the flattened array; the first of equals.

    >>> argmax([[1.0, 3.0], [4.0, 2.0]], axis=1)
    Tensor([1, 0], dtype=int64)
    """
    return xp.argmax(x, axis=axis, keepdims=keepdims)


@op(
    normalise={"axis": _axis_or_all, "keepdims": _axes.flag},
    numpy=np.argmin,
    method=True,
    sample=whole_reduction(one_axis=True),
)
def argmin(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Position of the smallest element along `axis`, or in the flattened array.

    >>> argmin([[1.0, 3.0], [4.0, 2.0]], axis=1)
    Tensor([0, 1], dtype=int64)
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims)


@op(
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.all,
    method=True,
    sample=whole_reduction(),
)
def all(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements hold over `axis`.

    >>> all([True, False])
    Tensor(False, dtype=bool)
    """
    return xp.all(x, axis=axis, keepdims=keepdims)


@op(
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.any,
    method=True,
    sample=whole_reduction(),
)
def any(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether some element holds over `axis`.

    >>> any([True, False])
    Tensor(True, dtype=bool)
    """
    return xp.any(x, axis=axis, keepdims=keepdims)
