"""Tensors made from few numbers, and shapes brought together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._tensor import Tensor
from .creation import arange, asarray, astype, full, zeros
from .shaping import broadcast_to, permute_dims, reshape

__all__ = [
    "broadcast_arrays",
    "empty",
    "empty_like",
    "full_like",
    "linspace",
    "meshgrid",
    "moveaxis",
    "unstack",
]


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor whose values nobody has asked for: zeros, so that runs repeat.

    >>> empty((2,)).shape
    (2,)
    """
    return zeros(shape, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """`empty` of the shape and dtype of x.

    >>> empty_like([1, 2]).dtype
    dtype('int64')
    """
    x = asarray(x)
    return zeros(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One value everywhere, in the shape and dtype of x.

    >>> full_like([1.0, 2.0], 7)
    Tensor([7., 7.], dtype=float32)
    """
    x = asarray(x)
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device or x.device)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Tensor:
    """`num` evenly spaced values from start to stop, or before it; recorded if those are Tensors.

    Args:
        start, stop: numbers; or Tensors, whose shapes broadcast and follow the axis of values.
        num: how many, from 0 on.
        endpoint: whether the last is `stop` itself.

    >>> linspace(0.0, 1.0, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    if num < 0:
        raise ValueError(f"linspace: num must not be negative; given {num}")
    if not (isinstance(start, Tensor) or isinstance(stop, Tensor)):
        if dtype is None:
            whole = complex(start).imag == complex(stop).imag == 0
            dtype = np.float32 if whole else np.complex64
        return asarray(np.linspace(start, stop, num, endpoint, dtype=dtype), device=device)
    start, stop = asarray(start, device=device), asarray(stop, device=device)
    wide = np.result_type(start.dtype, stop.dtype, np.float32)
    wide = np.result_type(start.dtype, stop.dtype) if wide.kind in "fc" else wide
    start, stop = broadcast_arrays(astype(start, wide), astype(stop, wide))
    steps = (num - 1 if endpoint else num) or 1
    part = arange(num, dtype=wide, device=start.device) / steps
    part = reshape(part, (num,) + (1,) * start.ndim)
    result = start * (1 - part) + stop * part
    return result if dtype is None else astype(result, dtype)


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid: each vector repeated along the axes of the others.

    Args:
        arrays: vectors; 0-d ones count as vectors of one.
        indexing: "xy" lets the second vector run along the first axis, "ij" the first.

    >>> x, y = meshgrid([1.0, 2.0], [3.0, 4.0, 5.0])
    >>> x.shape, y[:, 0]
    ((3, 2), Tensor([3., 4., 5.], dtype=float32))
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij'; given {indexing!r}")
    vectors = [asarray(x) for x in arrays]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    for x in vectors:
        if x.ndim > 1:
            raise ValueError(f"meshgrid takes vectors; given shape {x.shape}")
    shape = tuple(vectors[k].size for k in order)
    sides = [[1] * len(order) for _ in order]
    for k, x in enumerate(vectors):
        sides[k][order.index(k)] = x.size
    return [
        broadcast_to(reshape(x, tuple(side)), shape) for x, side in zip(vectors, sides, strict=True)
    ]


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """The arrays brought to their common shape.

    >>> [x.shape for x in broadcast_arrays([1.0, 2.0], [[1.0], [2.0]])]
    [(2, 2), (2, 2)]
    """
    tensors = [asarray(x) for x in arrays]
    shape = np.broadcast_shapes(*(x.shape for x in tensors))
    return [x if x.shape == shape else broadcast_to(x, shape) for x in tensors]


def moveaxis(x: Any, source: Any, destination: Any, /) -> Tensor:
    """Axes put elsewhere; the others keep their order.

    >>> moveaxis(zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = asarray(x)
    ends = [v if isinstance(v, (tuple, list)) else (v,) for v in (source, destination)]
    old, new = ([_axes.axis(v, x) + x.ndim for v in end] for end in ends)
    if len(old) != len(new) or len(set(old)) != len(old) or len(set(new)) != len(new):
        raise ValueError(f"moveaxis: {source} cannot be put at {destination} one by one")
    order = [k for k in range(x.ndim) if k not in old]
    for place, k in sorted(zip(new, old, strict=True)):
        order.insert(place, k)
    return permute_dims(x, tuple(order))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without it.

    >>> unstack([[1.0, 2.0], [3.0, 4.0]])
    (Tensor([1., 2.], dtype=float32), Tensor([3., 4.], dtype=float32))
    """
    x = asarray(x)
    k = _axes.axis(axis, x) + x.ndim
    front: Sequence[Any] = (slice(None),) * k
    return tuple(x[(*front, i)] for i in range(x.shape[k]))
