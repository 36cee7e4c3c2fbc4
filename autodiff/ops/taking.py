"""Elements taken by arrays of positions, and what is taken laid back: repeats add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays._device import kept
from ..engine import _axes
from ..engine._broadcast import Undo, cast_undo, undo_for
from ..engine._op import op
from ..engine._samples import Arrays, Draw

__all__ = [
    "add_along_axis",
    "segment_sum",
    "take",
    "take_along_axis",
]


def _take_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1, 3, side=1)
    axis = draw.axis(len(shape))
    n = shape[axis]
    picked = draw.shape(0, 2)
    indices = np.round(draw.array(picked, -n, n - 1)).astype(np.int64)  # repeats are likely
    return (draw.array(shape), indices), {"axis": axis}


def _axis_of_vector(value: Any, x: Any) -> int:
    if value is None and x.ndim != 1:
        raise ValueError(f"axis is needed for shape {x.shape}; it may be left out of vectors only")
    return -1 if value is None else _axes.axis(value, x)


def _integers(indices: Any) -> None:
    if indices.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers; given {indices.dtype}")


@op(
    x=lambda xp, g, indices, axis, x_shape: xp.segment_sum(
        g, indices, axis=axis, length=x_shape[axis]
    ),
    broadcast=lambda arrays, out: None,
    normalise={"axis": _axis_of_vector},
    role="gradient router",
    flops=0,
    sample=_take_sample,
)
def take(xp: Any, x: Any, indices: Any, /, axis: Any = None) -> Any:
    """x[..., indices, ...]: slices along `axis`, in the order of the indices.

    An element that is taken several times gets the sum of the gradients.

    Args:
        x: any shape; `axis` may be left out of vectors.
        indices: integers of any shape, which stands in the result in place of the axis; negative
            ones count from the end.

    Raises:
        IndexError: an index that x does not have.

    >>> take([1.0, 2.0, 3.0], [2, 0, 0])
    Tensor([3., 1., 1.], dtype=float32)
    """
    _integers(indices)
    return xp.take(x, indices, axis=axis)


def _segment_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    (x, indices), statics = _take_sample(draw)
    axis = statics["axis"] % x.ndim - x.ndim
    made = np.take(x, indices, axis=axis)
    return (draw.array(made.shape), indices), {"axis": axis, "length": x.shape[axis]}


@op(
    x=lambda xp, g, indices, axis: xp.take(g, indices, axis=axis),
    broadcast=lambda arrays, out: None,
    label="Σ[ ]",
    role="gradient distributor",
    sample=_segment_sample,
)
def segment_sum(xp: Any, x: Any, indices: Any, /, axis: int, length: int) -> Any:
    """Sums of the slices that have the same index; the adjoint of `take`.

    Args:
        x: (..., *indices.shape, ...).
        indices: integers below `length`.
        axis: where the result has the sums, counted from the right.
        length: how many sums.

    >>> segment_sum([1.0, 2.0, 3.0], [0, 2, 0], axis=-1, length=3)
    Tensor([4., 0., 2.], dtype=float32)
    """
    _integers(indices)
    cut = x.ndim + axis + 1 - indices.ndim
    if axis >= 0 or cut < 0 or x.shape[cut : cut + indices.ndim] != indices.shape:
        raise ValueError(f"indices of shape {indices.shape} do not fit at axis {axis}")
    shape = (*x.shape[:cut], length, *x.shape[cut + indices.ndim :])
    return xp.added_at(x, (*(slice(None),) * cut, indices), shape)


def _along_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = list(draw.shape(1, 3, side=1))
    axis = draw.axis(len(shape))
    n = shape[axis]
    picked = [1 if draw.integer(0, 3) == 0 else k for k in shape]
    picked[axis] = draw.integer(0, 4)
    indices = np.round(draw.array(tuple(picked), -n, n - 1)).astype(np.int64)
    shape = [
        1 if k != axis % len(shape) and draw.integer(0, 3) == 0 else m for k, m in enumerate(shape)
    ]
    return (draw.array(tuple(shape)), indices), {"axis": axis}


def _along_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    """Other axes than the one may broadcast; that one has another length, as the rule knows."""
    x, _ = arrays
    if x.ndim != out.ndim:
        return None
    full = tuple(n if n == m or m == 1 else m for n, m in zip(out.shape, x.shape, strict=True))
    how = undo_for(full, x, out)
    return (how, None) if how is not None else None


def _grown(xp: Any, indices: Any, ndim: int) -> Any:
    """Indices with axes of length 1 in front, as an upstream gradient may have more axes."""
    return xp.reshape(indices, (1,) * (ndim - indices.ndim) + tuple(indices.shape))


@op(
    x=lambda xp, g, indices, axis, x_shape: xp.add_along_axis(
        g, _grown(xp, indices, g.ndim), axis=axis, length=x_shape[axis]
    ),
    broadcast=_along_undo,
    normalise={"axis": _axes.axis},
    role="gradient router",
    flops=0,
    sample=_along_sample,
)
def take_along_axis(xp: Any, x: Any, indices: Any, /, axis: int = -1) -> Any:
    """The elements at the indices along `axis`, for every place of the other axes.

    Args:
        x: at least one axis.
        indices: integers with as many axes; all but `axis` broadcast against those of x.

    Raises:
        IndexError: an index that x does not have.

    >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    Tensor([[2.],
            [3.]], dtype=float32)
    """
    _integers(indices)
    return xp.take_along_axis(x, indices, axis=axis)


def _along(size: int, behind: int) -> Any:
    """Numbers along an axis that has so many others behind it."""
    return np.arange(size).reshape(-1, *(1,) * behind)


def _add_along_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    (x, indices), statics = _along_sample(draw)
    axis = statics["axis"] % x.ndim - x.ndim
    made = np.take_along_axis(x, indices, axis=axis)
    return (draw.array(made.shape), indices), {"axis": axis, "length": x.shape[axis]}


@op(
    x=lambda xp, g, indices, axis: xp.take_along_axis(g, _grown(xp, indices, g.ndim), axis=axis),
    broadcast=cast_undo,
    normalise={"axis": _axes.axis},
    label="Σ[ ]",
    role="gradient distributor",
    sample=_add_along_sample,
)
def add_along_axis(xp: Any, x: Any, indices: Any, /, axis: int, length: int) -> Any:
    """Zeros with x added at the indices along `axis`; the adjoint of `take_along_axis`.

    Args:
        x: any shape with at least one axis.
        indices: integers below `length`, of the shape of x or one that broadcasts to it.
        length: of the axis in the result.

    >>> add_along_axis([[1.0, 2.0, 3.0]], [[0, 2, 0]], axis=1, length=3)
    Tensor([[4., 0., 2.]], dtype=float32)
    """
    _integers(indices)
    shape = list(x.shape)
    shape[axis] = length
    indices = xp.broadcast_to(indices, x.shape)
    n = x.ndim
    index = tuple(
        indices if k == n + axis else kept(x, _along, size, n - 1 - k)
        for k, size in enumerate(x.shape)
    )
    return xp.added_at(x, index, tuple(shape))
