"""Axes and shapes checked, and axes counted from the right.

Counted from the right, an axis stays what it is when a gradient comes with extra axes in front;
this is what lets one backward pass carry a whole batch of upstream gradients.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def axis(value: Any, x: Any) -> int:
    """One axis of `x`, counted from the right."""
    n = x.ndim
    try:
        k = operator.index(value)
    except TypeError:
        raise TypeError(f"axis must be an integer; given {value!r}") from None
    if not -n <= k < n:
        raise np.exceptions.AxisError(f"axis {k} is out of range for shape {x.shape}")
    return k - n if k >= 0 else k


def axes(value: Any, x: Any) -> tuple[int, ...]:
    """The axes that a reduction of `x` runs over, ascending; None means all."""
    if value is None:
        return tuple(range(-x.ndim, 0))
    if not isinstance(value, (tuple, list)):
        return (axis(value, x),)
    found = tuple(sorted(axis(v, x) for v in value))
    if len(set(found)) != len(found):
        raise ValueError(f"axes {tuple(value)} name an axis of shape {x.shape} twice")
    return found


def flag(value: Any, x: Any) -> bool:
    """A Python or NumPy boolean."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"keepdims must be True or False; given {value!r}")
    return bool(value)


def permutation(value: Any, x: Any) -> tuple[int, ...]:
    """An order of all the axes of `x`; None means reversed."""
    if value is None:
        return tuple(range(-1, -x.ndim - 1, -1))
    found = tuple(axis(v, x) for v in value)
    if sorted(found) != list(range(-x.ndim, 0)):
        raise ValueError(f"axes {tuple(value)} are no permutation of those of shape {x.shape}")
    return found


def shape(value: Any, x: Any = None) -> tuple[int, ...]:
    """A shape as a tuple of integers."""
    try:
        return tuple(operator.index(n) for n in value)
    except TypeError:
        try:
            return (operator.index(value),)
        except TypeError:
            raise TypeError(f"a shape is a tuple of integers; given {value!r}") from None


def lead(g: Any, ndim: int) -> tuple[int, ...]:
    """The extra axes in front of a gradient whose own shape has `ndim` axes."""
    return tuple(g.shape[: g.ndim - ndim])


def kept(x_shape: Shape, over: tuple[int, ...]) -> Shape:
    """`x_shape` with the axes `over` (from the right) of length 1."""
    n = len(x_shape)
    return tuple(1 if k - n in over else size for k, size in enumerate(x_shape))


def count(x_shape: Shape, over: tuple[int, ...]) -> int:
    """How many elements a reduction over the axes `over` takes together."""
    return math.prod(x_shape if len(over) == len(x_shape) else [x_shape[k] for k in over])


def restore(xp: Any, r: Any, x_shape: Shape, over: tuple[int, ...], keepdims: bool) -> Any:
    """A reduction's result, or its gradient, with the reduced axes back, of length 1."""
    if keepdims:
        return r
    ndim = len(x_shape) - len(over)
    return xp.reshape(r, lead(r, ndim) + kept(x_shape, over))


def spread(xp: Any, g: Any, x_shape: Shape, over: tuple[int, ...], keepdims: bool) -> Any:
    """A reduction's gradient repeated along the reduced axes."""
    if g.ndim == 0:
        return xp.broadcast_to(g, x_shape)
    g = restore(xp, g, x_shape, over, keepdims)
    return xp.broadcast_to(g, lead(g, len(x_shape)) + x_shape)
