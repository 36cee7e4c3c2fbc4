"""Pooling of images: the largest element or the mean of every window."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..arrays._device import Device, device_of, place
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from . import _images
from ._images import Windows, expect_images, inward, leads_undo, outward, windows_over

__all__ = [
    "avg_pool2d",
    "avg_unpool2d",
    "max_pool2d",
    "max_take2d",
    "max_unpool2d",
]

#: the columns' and the rows' axis of (..., W, C, H, N)
COLUMNS, ROWS = -4, -2

_NORMALISE = {
    "pool_size": _images.pair("pool_size"),
    "strides": _images.pair("strides", optional=True),
    "padding": _images.padding,
    "dilation_rate": _images.pair("dilation_rate"),
}


def _elements(x: Any, axis: int, along: Windows) -> list[Any]:
    """x at the first element of every window along an axis, at the second one, and so on."""
    return [x[along.place(axis, k)] for k in range(along.size)]


def _windows(
    size: tuple[int, ...], pool_size: Any, strides: Any, padding: Any, dilation_rate: Any
) -> tuple[Windows, Windows]:
    rows, columns = windows_over(
        (size[0], size[1]), pool_size, strides or pool_size, padding, dilation_rate
    )
    if not all(rows.filled()) or not all(columns.filled()):
        raise ValueError(f"padding {padding!r} makes windows of {pool_size} that are all padding")
    return rows, columns


# -- the largest element ---------------------------------------------------------------------------


def _largest(xp: Any, x: Any, rows: Windows, columns: Windows) -> tuple[Any, Any, Any]:
    """The largest element of every window of padded (..., W, C, H, N), and how it was found.

    Along the columns first, then along the rows. For each element but the first: whether it is
    larger than those before.
    """
    x, in_row = _scan(xp, _elements(x, COLUMNS, columns))
    x, between_rows = _scan(xp, _elements(x, ROWS, rows))
    return x, in_row, between_rows


def _scan(xp: Any, elements: list[Any]) -> tuple[Any, list[Any]]:
    top, larger = elements[0], []
    for x in elements[1:]:
        larger.append(x > top)
        top = xp.maximum(top, x)
    return top, larger


def _take(xp: Any, elements: list[Any], larger: list[Any]) -> Any:
    """The elements at the places where the largest ones were found."""
    found = elements[0]
    for x, here in zip(elements[1:], larger, strict=True):
        found = xp.where(here, x, found)
    return found


def _route(xp: Any, g: Any, larger: list[Any], axis: int, along: Windows) -> Any:
    """g brought to the places where the largest elements were found: the adjoint of `_take`."""
    if along.apart:
        return xp.routed(g, larger, axis, along)
    parts = []
    for here in reversed(larger):
        parts.append(g * here)
        g = g - parts[-1]
    return _spread(xp, [g, *reversed(parts)], axis, along)


def _spread(xp: Any, parts: list[Any], axis: int, along: Windows) -> Any:
    """What each element of the windows gets, put there: the adjoint of `_elements`."""
    stacked = xp.stack(parts, axis=axis)
    return xp.overlap_add(stacked, axis, along.padded, along.stride, along.dilation)


def _least(dtype: Any) -> Any:
    """What is no larger than any number: around images, where a maximum is taken."""
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min)
    return -np.inf if dtype.kind in "fc" else 0


def _with_leads(xp: Any, x: Any, other: Any) -> Any:
    """x repeated along the axes before the last four, as broadcasting with `other` does."""
    lead = np.broadcast_shapes(x.shape[:-4], other.shape[:-4])
    return x if x.shape[:-4] == lead else xp.broadcast_to(x, lead + x.shape[-4:])


def _no_change(xp: Any, g: Any, largest_shape: Any) -> Any:
    """The derivative of a choice by what it was made from."""
    return xp.zeros(g.shape[:-4] + largest_shape[-4:], dtype=g.dtype)


def _sample(draw: Draw, distinct: bool = False) -> tuple[Any, Any, dict[str, Any]]:
    """Images, the shape of what becomes of them, and statics."""
    pool = draw.choice((1, 2, 3, (2, 1), (1, 3)))
    dilation = draw.choice((1, 1, 1, (2, 1)))
    window = _images.pair("")(pool, None)
    spans = [(k - 1) * d + 1 for k, d in zip(window, _images.pair("")(dilation, None), strict=True)]
    size = spans[0] + draw.integer(0, 2), spans[1] + draw.integer(0, 2)
    padding: Any = draw.choice(("valid", "same", "same"))
    if draw.integer(0, 9) == 0:
        size, padding, dilation = (1, 1), "same", 1
    elif min(window) > 1 and dilation == 1 and draw.boolean():
        padding = draw.choice((1, ((0, 1), (1, 0))))
    strides = draw.choice((None, 1, 2, (1, 2)))
    lead = draw.choice(((), (), (2,)))
    batch, channels = draw.choice((1, 2, 0, 1)), draw.choice((1, 1, 2))
    x = draw.array((*lead, batch, *size, channels), distinct=distinct)
    statics = {"pool_size": pool, "strides": strides, "padding": padding, "dilation_rate": dilation}
    normal = {name: f(statics[name], x) for name, f in _NORMALISE.items()}
    rows, columns = _windows(size, **normal)
    out = (*draw.choice((lead, lead, (2,))), batch, rows.count, columns.count, channels)
    return x, draw.array(out), statics


def _max_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, _, statics = _sample(draw, distinct=True)
    return (x,), statics


def _unpool_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, g, statics = _sample(draw, distinct=True)
    return (g, x), statics


def _take_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, _, statics = _sample(draw, distinct=True)
    lead = draw.choice((x.shape[:-4], (), (2,)))
    return (draw.array(lead + x.shape[-4:]), x), statics


@op(
    x=lambda xp, g, x, pool_size, strides, padding, dilation_rate: xp.max_unpool2d(
        g, xp.stop_gradient(x), pool_size, strides, padding, dilation_rate
    ),
    normalise=_NORMALISE,
    label="max pool",
    role="gradient router",
    flops=lambda out, x: prod(x),
    sample=_max_sample,
)
def max_pool2d(
    xp: Any,
    x: Any,
    /,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """The largest element of every window: (..., N, H, W, C) -> (..., N, Ho, Wo, C).

    The gradient goes to that element; of several equal ones to the first, row by row, as in
    TensorFlow and PyTorch. NaN where a window holds one; its gradient then goes to any element of
    the window.

    Args:
        x: images, batch first and channels last.
        pool_size: rows and columns of a window, or one number for both.
        strides: steps between windows, (sh, sw) or one for both; pool_size by default.
        padding: "valid", "same" or integers, as in `conv2d`; padding is never the largest.
        dilation_rate: distance of the elements of a window, (dh, dw) or one for both.

    Raises:
        ValueError: fewer than four axes, no window inside the images, a window of padding alone.

    >>> max_pool2d([[[[1.0], [5.0]], [[3.0], [2.0]]]], 2)
    Tensor([[[[5.]]]], dtype=float32)
    """
    expect_images(x)
    rows, columns = _windows(x.shape[-3:-1], pool_size, strides, padding, dilation_rate)
    y = _images.padded(xp, inward(xp, x), rows, columns, _least(x.dtype))
    return outward(xp, _largest(xp, y, rows, columns)[0])


@op(
    x=lambda xp, g, largest, pool_size, strides, padding, dilation_rate: xp.max_take2d(
        g, xp.stop_gradient(largest), pool_size, strides, padding, dilation_rate
    ),
    largest=_no_change,
    broadcast=leads_undo,
    normalise=_NORMALISE,
    label="max unpool",
    role="gradient gatherer",
    flops=lambda out, x, largest: prod(out),
    sample=_unpool_sample,
)
def max_unpool2d(
    xp: Any,
    x: Any,
    largest: Any,
    /,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """x brought to where `max_pool2d(largest)` found its elements, zeros elsewhere.

    x: (..., N, Ho, Wo, C); largest and the result: (..., N, H, W, C). The adjoint of `max_take2d`.

    >>> max_unpool2d([[[[7.0]]]], [[[[1.0], [5.0]], [[3.0], [2.0]]]], 2).reshape((2, 2))
    Tensor([[0., 7.],
            [0., 0.]], dtype=float32)
    """
    expect_images(x)
    expect_images(largest, "largest")
    rows, columns = _windows(largest.shape[-3:-1], pool_size, strides, padding, dilation_rate)
    expected = (largest.shape[-4], rows.count, columns.count, largest.shape[-1])
    if x.shape[-4:] != expected:
        raise ValueError(f"x must have shape (..., {', '.join(map(str, expected))})")
    y = _images.padded(xp, inward(xp, largest), rows, columns, _least(largest.dtype))
    _, in_row, between_rows = _largest(xp, y, rows, columns)
    g = xp.ascontiguousarray(inward(xp, _with_leads(xp, x, largest)))
    g = _route(xp, g, between_rows, ROWS, rows)
    g = _route(xp, g, in_row, COLUMNS, columns)
    return outward(xp, _images.unpadded(g, rows, columns))


@op(
    x=lambda xp, g, largest, pool_size, strides, padding, dilation_rate: xp.max_unpool2d(
        g, xp.stop_gradient(largest), pool_size, strides, padding, dilation_rate
    ),
    largest=_no_change,
    broadcast=leads_undo,
    normalise=_NORMALISE,
    label="max take",
    role="gradient router",
    flops=0,
    sample=_take_sample,
)
def max_take2d(
    xp: Any,
    x: Any,
    largest: Any,
    /,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """x where `max_pool2d(largest)` found its elements: (..., N, H, W, C) -> (..., N, Ho, Wo, C).

    >>> max_take2d([[[[1.0], [2.0], [3.0]]]], [[[[4.0], [9.0], [5.0]]]], (1, 3))
    Tensor([[[[2.]]]], dtype=float32)
    """
    expect_images(x)
    expect_images(largest, "largest")
    if x.shape[-4:] != largest.shape[-4:]:
        raise ValueError("x and largest must have the same last four axes")
    rows, columns = _windows(largest.shape[-3:-1], pool_size, strides, padding, dilation_rate)
    y = _images.padded(xp, inward(xp, largest), rows, columns, _least(largest.dtype))
    _, in_row, between_rows = _largest(xp, y, rows, columns)
    x = _images.padded(xp, inward(xp, _with_leads(xp, x, largest)), rows, columns)
    x = _take(xp, _elements(x, COLUMNS, columns), in_row)
    return outward(xp, _take(xp, _elements(x, ROWS, rows), between_rows))


# -- the mean --------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _sizes(rows: Windows, columns: Windows, dtype: Any, where: Device) -> Any:
    """How many elements each window holds beside padding: a number where all hold the same."""
    high, wide = rows.filled(), columns.filled()
    if min(high) == max(high) and min(wide) == max(wide):
        return float(high[0] * wide[0])
    dtype = dtype if dtype.kind in "fc" else np.float64
    sizes = np.multiply.outer(wide, high).astype(dtype)[:, None, :, None]
    return place(sizes, where)


def _total(elements: list[Any]) -> Any:
    total = elements[0]
    for x in elements[1:]:
        total = total + x
    return total


def _avg_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, _, statics = _sample(draw)
    return (x,), statics


def _avg_unpool_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, g, statics = _sample(draw)
    return (g,), {"size": x.shape[-3:-1], **statics}


@op(
    x=lambda xp, g, x_shape, pool_size, strides, padding, dilation_rate: xp.avg_unpool2d(
        g, x_shape[-3:-1], pool_size, strides, padding, dilation_rate
    ),
    normalise=_NORMALISE,
    label="avg pool",
    role="gradient distributor",
    flops=lambda out, x: prod(x),
    sample=_avg_sample,
)
def avg_pool2d(
    xp: Any,
    x: Any,
    /,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """The mean of every window: (..., N, H, W, C) -> (..., N, Ho, Wo, C).

    Padding does not count: at the border the mean is that of the elements inside, as in Keras and
    TensorFlow. The arguments and errors are those of `max_pool2d`.

    >>> avg_pool2d([[[[1.0], [5.0]], [[3.0], [2.0]]]], 2)
    Tensor([[[[2.75]]]], dtype=float32)
    """
    expect_images(x)
    rows, columns = _windows(x.shape[-3:-1], pool_size, strides, padding, dilation_rate)
    y = _images.padded(xp, inward(xp, x), rows, columns)
    y = _total(_elements(_total(_elements(y, COLUMNS, columns)), ROWS, rows))
    return outward(xp, y / _sizes(rows, columns, x.dtype, device_of(x)))


@op(
    x=lambda xp, g, pool_size, strides, padding, dilation_rate: xp.avg_pool2d(
        g, pool_size, strides, padding, dilation_rate
    ),
    normalise={"size": _images.pair("size"), **_NORMALISE},
    label="avg unpool",
    role="gradient gatherer",
    flops=lambda out, x: prod(out),
    sample=_avg_unpool_sample,
)
def avg_unpool2d(
    xp: Any,
    x: Any,
    /,
    size: Any,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """The adjoint of `avg_pool2d` on images of `size`: (..., N, Ho, Wo, C) -> (..., N, H, W, C).

    Every element is shared out evenly among those of its window.

    >>> avg_unpool2d([[[[8.0]]]], (2, 2), 2).reshape((2, 2))
    Tensor([[2., 2.],
            [2., 2.]], dtype=float32)
    """
    expect_images(x)
    rows, columns = _windows(size, pool_size, strides, padding, dilation_rate)
    if x.shape[-3:-1] != (rows.count, columns.count):
        raise ValueError(f"x must have {rows.count} rows and {columns.count} columns")
    g = inward(xp, x) / _sizes(rows, columns, x.dtype, device_of(x))
    g = _spread(xp, [g] * rows.size, ROWS, rows)
    g = _spread(xp, [g] * columns.size, COLUMNS, columns)
    return outward(xp, _images.unpadded(g, rows, columns))
