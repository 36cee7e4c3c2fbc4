"""Elements moved, repeated, framed or left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays._device import kept
from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, leave

__all__ = [
    "flip",
    "pad",
    "repeat",
    "roll",
    "tile",
    "tril",
    "triu",
]


def _flip_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape()
    return (draw.array(shape),), {"axis": draw.axes(len(shape))}


@op(
    x=lambda xp, g, axis: xp.flip(g, axis=axis),
    normalise={"axis": _axes.axes},
    numpy=np.flip,
    flops=0,
    sample=_flip_sample,
)
def flip(xp: Any, x: Any, /, axis: Any = None) -> Any:
    """The order of the elements reversed along `axis`, one or several; along all by default.

    >>> flip([1.0, 2.0, 3.0])
    Tensor([3., 2., 1.], dtype=float32)
    """
    first = -x.ndim
    index = tuple(slice(None, None, -1 if k + first in axis else None) for k in range(x.ndim))
    return x[index] if x.ndim else x


def _roll_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape()
    axis = draw.axes(len(shape))
    if isinstance(axis, tuple):
        return (draw.array(shape),), {"shift": (draw.integer(-4, 4),) * len(axis), "axis": axis}
    return (draw.array(shape),), {"shift": draw.integer(-4, 4), "axis": axis}


def _shifts(value: Any, x: Any) -> int | tuple[int, ...]:
    return _axes.shape(value) if isinstance(value, (tuple, list)) else _axes.shape(value)[0]


def _order_of_axes(value: Any, x: Any) -> int | tuple[int, ...] | None:
    """Axes in the order in which they were named: shifts belong to them."""
    if isinstance(value, (tuple, list)):
        return tuple(_axes.axis(v, x) for v in value)
    return None if value is None else _axes.axis(value, x)


def _roll_rule(xp: Any, g: Any, x_shape: Any, shift: Any, axis: Any) -> Any:
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    if axis is not None:
        return xp.roll(g, back, axis=axis)
    lead = _axes.lead(g, len(x_shape))
    flat = xp.reshape(g, (*lead, math.prod(x_shape)))
    return xp.reshape(xp.roll(flat, back, axis=-1), tuple(g.shape))


@op(
    x=_roll_rule,
    normalise={"shift": _shifts, "axis": _order_of_axes},
    numpy=np.roll,
    flops=0,
    sample=_roll_sample,
)
def roll(xp: Any, x: Any, /, shift: Any, axis: Any = None) -> Any:
    """Elements moved by `shift` places along `axis`, the last ones to the front; without axis in
    the flattened array.

    >>> roll([1.0, 2.0, 3.0], 1)
    Tensor([3., 1., 2.], dtype=float32)
    """
    return xp.roll(x, shift, axis=axis)


def _tile_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(0, 2)
    return (draw.array(shape),), {"repetitions": tuple(draw.integer(0, 2) for _ in draw.shape())}


def _repetitions(value: Any, x: Any) -> tuple[int, ...]:
    counts: tuple[int, ...] = _axes.shape(value)
    ones: tuple[int, ...] = (1,) * (x.ndim - len(counts))
    return ones + counts


def _tile_rule(xp: Any, g: Any, x_shape: Any, repetitions: tuple[int, ...]) -> Any:
    sides = (1,) * (len(repetitions) - len(x_shape)) + tuple(x_shape)
    pairs = [n for pair in zip(repetitions, sides, strict=True) for n in pair]
    apart = xp.reshape(g, _axes.lead(g, len(sides)) + tuple(pairs))
    total = xp.sum(apart, axis=tuple(range(-len(pairs), 0, 2)))
    return xp.reshape(total, _axes.lead(g, len(sides)) + tuple(x_shape))


@op(
    x=_tile_rule,
    normalise={"repetitions": _repetitions},
    numpy=np.tile,
    role="gradient adder",
    flops=0,
    sample=_tile_sample,
)
def tile(xp: Any, x: Any, /, repetitions: Any) -> Any:
    """x set side by side `repetitions` times along each axis, counted from the right.

    >>> tile([1.0, 2.0], (2, 2))
    Tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]], dtype=float32)
    """
    return xp.tile(x, repetitions)


def _repeat_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1)
    axis = draw.axis(len(shape)) if draw.boolean() else None
    n = math.prod(shape) if axis is None else shape[axis]
    several = tuple(draw.integer(0, 3) for _ in range(n))
    repeats = several if draw.boolean() and n else draw.integer(0, 3)
    return (draw.array(shape),), {"repeats": repeats, "axis": axis}


def _repeats(value: Any, x: Any) -> int | tuple[int, ...]:
    """One number, or one for each element."""
    if isinstance(value, Tensor):
        value = leave(value, "use as an index")
    value = np.asarray(value)
    if value.dtype.kind not in "iu" and value.size:
        raise TypeError(f"repeats must be integers; given {value.dtype}")
    counts = tuple(value.ravel().tolist())
    if min(counts, default=0) < 0:
        raise ValueError(f"repeats must not be negative; given {counts}")
    return counts[0] if len(counts) == 1 else counts


def _axis_or_flat(value: Any, x: Any) -> int | None:
    return None if value is None else _axes.axis(value, x)


def _repeated(n: int, repeats: tuple[int, ...]) -> Any:
    """Where the elements of a repeated axis come from."""
    return np.repeat(np.arange(n), repeats)


def _repeat_rule(xp: Any, g: Any, x_shape: Any, repeats: Any, axis: int | None) -> Any:
    if axis is None:
        flat = _repeat_rule(xp, g, (math.prod(x_shape),), repeats, -1)
        return xp.reshape(flat, _axes.lead(flat, 1) + tuple(x_shape))
    n = x_shape[axis]
    if isinstance(repeats, tuple):
        places = kept(g, _repeated, n, repeats)
        return xp.segment_sum(g, places, axis=axis, length=n)
    cut = g.ndim + axis
    apart = (*g.shape[:cut], n, repeats, *g.shape[cut + 1 :])
    return xp.sum(xp.reshape(g, apart), axis=axis)


@op(
    x=_repeat_rule,
    normalise={"repeats": _repeats, "axis": _axis_or_flat},
    numpy=np.repeat,
    role="gradient adder",
    flops=0,
    sample=_repeat_sample,
)
def repeat(xp: Any, x: Any, /, repeats: Any, axis: Any = None) -> Any:
    """Each element `repeats` times after itself along `axis`, or in the flattened array.

    Args:
        x: any shape.
        repeats: an integer, or one for each element of the axis.

    >>> repeat([1.0, 2.0], 2), repeat([1.0, 2.0], (2, 1))
    (Tensor([1., 1., 2., 2.], dtype=float32), Tensor([1., 1., 2.], dtype=float32))
    """
    return xp.repeat(x, repeats, axis=axis)


def _triangle_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    return (draw.array((*draw.shape(0, 1), *draw.shape(2, 2))),), {"k": draw.integer(-2, 2)}


def _diagonal(value: Any, x: Any) -> int:
    if x.ndim < 2:
        raise ValueError(f"a matrix or a stack of them is needed; given shape {x.shape}")
    return _axes.shape(value)[0]


@op(
    x=lambda xp, g, k: xp.tril(g, k=k),
    normalise={"k": _diagonal},
    numpy=np.tril,
    label="◣",
    flops=0,
    sample=_triangle_sample,
)
def tril(xp: Any, x: Any, /, k: int = 0) -> Any:
    """Matrices with zeros above the k-th diagonal.

    >>> tril([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 0.],
            [3., 4.]], dtype=float32)
    """
    return xp.tril(x, k=k)


@op(
    x=lambda xp, g, k: xp.triu(g, k=k),
    normalise={"k": _diagonal},
    numpy=np.triu,
    label="◥",
    flops=0,
    sample=_triangle_sample,
)
def triu(xp: Any, x: Any, /, k: int = 0) -> Any:
    """Matrices with zeros below the k-th diagonal.

    >>> triu([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 2.],
            [0., 4.]], dtype=float32)
    """
    return xp.triu(x, k=k)


#: modes in which what is put in front and behind are elements of the array
REPEATING = ("edge", "reflect", "symmetric", "wrap")


def _pad_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(0, 3, side=1)
    widths = tuple((draw.integer(0, 3), draw.integer(0, 2)) for _ in shape)
    mode = draw.choice(("constant", *REPEATING))
    statics: dict[str, Any] = {"pad_width": widths, "mode": mode}
    return (draw.array(shape),), statics | ({"constant_values": 0.5} if mode == "constant" else {})


def _widths(value: Any, x: Any) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis, from one number, one pair, or pairs."""
    if not x.ndim:
        return ()
    try:
        pairs = np.broadcast_to(np.asarray(value), (x.ndim, 2))
    except ValueError:
        raise ValueError(
            f"pad_width is a number, a pair or {x.ndim} pairs for shape {x.shape}; given {value!r}"
        ) from None
    if pairs.size and (pairs.dtype.kind not in "iu" or pairs.min() < 0):
        raise ValueError(f"pad_width must be integers from 0 on; given {value!r}")
    return tuple((int(before), int(after)) for before, after in pairs)


def _mode(value: Any, x: Any) -> str:
    if value not in ("constant", *REPEATING):
        raise ValueError(f"mode must be one of {('constant', *REPEATING)}; given {value!r}")
    return str(value)


def _fill(value: Any, x: Any) -> Any:
    if not isinstance(value, (bool, int, float, complex, np.generic)):
        raise TypeError(f"constant_values must be one number; given {value!r}")
    return value


def _padded(size: int, pair: tuple[int, int], mode: str) -> Any:
    """Where the elements of a padded axis come from."""
    return np.pad(np.arange(size), pair, mode=mode)  # type: ignore[call-overload]


def _pad_rule(xp: Any, g: Any, x_shape: Sequence[int], pad_width: Any, mode: str) -> Any:
    n = len(x_shape)
    if mode == "constant":
        inside = (slice(b, b + size) for (b, _), size in zip(pad_width, x_shape, strict=True))
        return g[(..., *inside)]
    for k, (pair, size) in enumerate(zip(pad_width, x_shape, strict=True)):
        if pair != (0, 0):
            places = kept(g, _padded, size, pair, mode)
            g = xp.segment_sum(g, places, axis=k - n, length=size)
    return g


@op(
    x=_pad_rule,
    normalise={"pad_width": _widths, "mode": _mode, "constant_values": _fill},
    flops=0,
    sample=_pad_sample,
)
def pad(
    xp: Any, x: Any, /, pad_width: Any, mode: str = "constant", constant_values: Any = 0
) -> Any:
    """x with more elements in front and behind along each axis.

    Args:
        x: any shape.
        pad_width: (before, after) for each axis, one such pair for all, or one number for both.
        mode: "constant", or as in `numpy.pad`: "edge", "reflect", "symmetric", "wrap".
        constant_values: the number that "constant" puts there.

    >>> pad([1.0, 2.0], (1, 2)), pad([1.0, 2.0], (0, 2), mode="edge")
    (Tensor([0., 1., 2., 0., 0.], dtype=float32), Tensor([1., 2., 2., 2.], dtype=float32))
    """
    if not x.ndim:
        return x
    if mode == "constant":
        return xp.pad(x, pad_width, mode=mode, constant_values=constant_values)
    return xp.pad(x, pad_width, mode=mode)
