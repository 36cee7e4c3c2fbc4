"""Broadcasting undone: the one place where gradients are summed back to an input's shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..arrays._backend import NAMESPACES


class Undo(NamedTuple):
    """How to bring a gradient of shape (..., *full) back to (..., *shape) and to `dtype`."""

    #: axes to sum, counted from the right
    axes: tuple[int, ...]
    #: the input's shape, where summing alone does not give it
    shape: tuple[int, ...] | None
    #: len(full): what comes before is extra axes of the caller's, kept
    ndim: int
    #: the input's dtype where it differs from the gradient's, else None
    dtype: np.dtype[Any] | None


@lru_cache(maxsize=4096)
def plan(full: tuple[int, ...], shape: tuple[int, ...], dtype: Any) -> Undo | None:
    """What undoes broadcasting `shape` to `full`; None where there is nothing to do.

    >>> plan((2, 3, 4), (3, 1), None)
    Undo(axes=(-3, -1), shape=(3, 1), ndim=3, dtype=None)
    >>> plan((2, 3), (3,), None)
    Undo(axes=(-2,), shape=None, ndim=2, dtype=None)
    """
    if full == shape and dtype is None:
        return None
    n = len(full)
    axes = tuple(
        k - n for k in range(n) if k < n - len(shape) or (shape[k - n] == 1 and full[k] != 1)
    )
    return Undo(axes, shape if len(axes) + len(shape) != n else None, n, dtype)


def undo(gradient: Any, how: Undo) -> Any:
    """`gradient` summed and cast as `how` says; on raw arrays or Tensors."""
    axes, shape, ndim, dtype = how
    xp = NAMESPACES[type(gradient)]
    if shape is not None:
        lead = gradient.shape[: gradient.ndim - ndim]
        gradient = xp.reshape(xp.sum(gradient, axes), lead + shape)
    elif axes:
        gradient = xp.sum(gradient, axes)
    if dtype is not None:
        gradient = xp.astype(gradient, dtype)  # the real part, where the input is real
    return gradient


def shape_of(data: Any) -> tuple[int, ...]:
    """Shape of a raw array, NumPy scalar or Python number."""
    return getattr(data, "shape", ())


def undo_for(full: tuple[int, ...], data: Any, out: Any) -> Undo | None:
    """The plan for one input that was broadcast to `full` in an op with output `out`."""
    dtype = getattr(data, "dtype", None)
    return plan(full, shape_of(data), None if dtype == out.dtype else dtype)


def elementwise_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    """Plans for all inputs of an elementwise op, or None where none is needed."""
    shape = out.shape
    plans = tuple([undo_for(shape, data, out) for data in arrays])
    return plans if any(plans) else None


def cast_undo(arrays: Sequence[Any], out: Any) -> tuple[Undo | None, ...] | None:
    """Plans where nothing broadcasts but dtypes may differ: gradients go back in each one's own."""
    how = tuple([undo_for(a.shape, a, out) for a in arrays])
    return how if any(how) else None


@lru_cache(maxsize=4096)
def pair_plan(
    x: tuple[int, ...], y: tuple[int, ...], full: tuple[int, ...]
) -> tuple[Undo | None, Undo | None]:
    """Plans for two arrays of one dtype, the usual case."""
    return plan(full, x, None), plan(full, y, None)
