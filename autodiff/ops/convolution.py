"""Convolution of images, and what is linear in the gradient of it.

The sum of g · conv2d(x, kernel) is linear in x, kernel and g; its derivative by each of them is one
of the three ops below. So they are each other's derivatives, to any order.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ..arrays._backend import pieces
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from . import _images
from ._images import (
    Pair,
    Windows,
    expect_images,
    inward,
    last_axes,
    leads_undo,
    outward,
    windows_over,
)

__all__ = [
    "conv2d",
    "conv2d_kernel",
    "conv2d_transpose",
]

_NORMALISE = {
    "strides": _images.pair("strides"),
    "padding": _images.padding,
    "dilation_rate": _images.pair("dilation_rate"),
}


# -- products of matrices --------------------------------------------------------------------------


def _columns(xp: Any, x: Any, rows: Windows, columns: Windows) -> Any:
    """The windows of (..., N, H, W, C) as matrices (..., Wo, kw·kh·C, Ho·N), one per column.

    The windows along the rows' axis are laid out; those along the columns' overlap in memory.
    """
    lead, (batch, _, _, channels) = x.shape[:-4], x.shape[-4:]
    high, wide = rows.size, columns.size
    x = _images.padded(xp, inward(xp, x), rows, columns)  # (W, C, H, N)
    x = xp.windows(x, -2, high, rows.stride, rows.dilation)  # (W, C, Ho, kh, N)
    x = last_axes(xp, x, (-5, -2, -4, -3, -1))
    x = xp.reshape(x, (*lead, columns.padded, high * channels, rows.count * batch))
    x = xp.ascontiguousarray(x)  # a view where there is one channel: BLAS takes no such matrix
    x = xp.windows(x, -3, wide, columns.stride, columns.dilation)
    return xp.reshape(x, (*lead, columns.count, wide * high * channels, rows.count * batch))


def _spread(xp: Any, maps: Any, kernel: Any, rows: Windows, columns: Windows) -> Any:
    """Maps (..., Wo, F, Ho·N) times the kernel, added up to (..., N, H, W, C).

    Every column of the images gathers from the columns of the maps that it has a part in, which
    overlap in memory; where these are not next to each other, every map is spread to its columns.
    """
    channels, length = kernel.shape[-2], maps.shape[-1]
    high, wide = rows.size, columns.size
    if columns.stride == columns.dilation == 1:
        x = xp.matmul(_flipped(xp, kernel), _neighbours(xp, maps, wide))
    else:
        x = xp.matmul(_weights(xp, kernel).mT, maps)
        x = xp.reshape(x, (*x.shape[:-2], wide, high * channels, length))
        x = xp.overlap_add(x, -3, columns.padded, columns.stride, columns.dilation)
    x = xp.reshape(x, (*x.shape[:-2], high, channels, rows.count, length // rows.count))
    x = last_axes(xp, x, (-5, -3, -2, -4, -1))  # (W, C, Ho, kh, N)
    x = xp.overlap_add(x, -2, rows.padded, rows.stride, rows.dilation)
    return outward(xp, _images.unpadded(x, rows, columns))


def _neighbours(xp: Any, maps: Any, wide: int) -> Any:
    """(..., Wo, F, P) as (..., Wo + kw − 1, kw·F, P): each column of maps beside those before."""
    lead, (columns, filters, length) = maps.shape[:-3], maps.shape[-3:]
    if wide > 1:
        every, inside = slice(None), slice(wide - 1, wide - 1 + columns)
        index = (*(every for _ in lead), inside, every, every)
        maps = xp.framed(maps, (*lead, columns + 2 * (wide - 1), filters, length), index)
    maps = xp.windows(xp.ascontiguousarray(maps), -3, wide)
    return xp.reshape(maps, (*lead, columns + wide - 1, wide * filters, length))


def _maps(xp: Any, g: Any) -> Any:
    """(..., N, Ho, Wo, F) as matrices (..., Wo, F, Ho·N)."""
    lead, (batch, high, wide, filters) = g.shape[:-4], g.shape[-4:]
    return xp.reshape(inward(xp, g), (*lead, wide, filters, high * batch))


def _against(xp: Any, windows: Any, maps: Any) -> Any:
    """(..., Wo, K, P) and (..., Wo, F, P) -> (..., K, F): products for each column, added up.

    So many small products are faster than a single one of long rows. Where it pays, the maps are
    laid out as BLAS has them soonest, and long rows cut.
    """
    size, filters, length = windows.shape[-2], maps.shape[-2], maps.shape[-1]
    maps = maps.mT
    if size < 64 or filters < 16:
        return xp.sum(xp.matmul(windows, maps), axis=-3)
    n = pieces(size * filters * length, length)
    windows = xp.reshape(windows, (*windows.shape[:-1], n, length // n))
    maps = xp.ascontiguousarray(maps)
    maps = xp.reshape(maps, (*maps.shape[:-2], n, length // n, filters))
    return xp.sum(xp.matmul(last_axes(xp, windows, (-2, -3, -1)), maps), axis=(-4, -3))


def _weights(xp: Any, kernel: Any) -> Any:
    """(..., kh, kw, C, F) as a matrix (F, kw·kh·C), or as (..., 1, F, kw·kh·C)."""
    lead, (high, wide, channels, filters) = kernel.shape[:-4], kernel.shape[-4:]
    matrix = (filters, wide * high * channels)
    kernel = last_axes(xp, kernel, (-1, -3, -4, -2))
    return xp.reshape(kernel, (*lead, 1, *matrix) if lead else matrix)


def _flipped(xp: Any, kernel: Any) -> Any:
    """(..., kh, kw, C, F) as a matrix (kh·C, kw·F), or (..., 1, kh·C, kw·F); last column first."""
    lead, (high, wide, channels, filters) = kernel.shape[:-4], kernel.shape[-4:]
    matrix = (high * channels, wide * filters)
    kernel = last_axes(xp, kernel[..., :, ::-1, :, :], (-4, -2, -3, -1))
    return xp.reshape(kernel, (*lead, 1, *matrix) if lead else matrix)


# -- groups ----------------------------------------------------------------------------------------


def _split(xp: Any, x: Any, groups: int) -> Any:
    """The channels in groups, which become an axis in front of the last four."""
    if groups == 1:
        return x
    x = xp.reshape(x, (*x.shape[:-1], groups, x.shape[-1] // groups))
    return last_axes(xp, x, (-2, -5, -4, -3, -1))


def _join(xp: Any, x: Any, groups: int) -> Any:
    """`_split` undone."""
    if groups == 1:
        return x
    x = last_axes(xp, x, (-4, -3, -2, -5, -1))
    return xp.reshape(x, (*x.shape[:-2], x.shape[-2] * x.shape[-1]))


def _check(channels: int, kernel: tuple[int, ...], groups: Any) -> None:
    """ValueError unless the channels of images and kernel fit together."""
    filters = kernel[-1]
    if not isinstance(groups, int) or groups < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"groups must divide {channels} channels and {filters} filters; given {groups!r}"
        )
    if channels != kernel[-2] * groups:
        among = f" in {groups} groups" if groups > 1 else ""
        raise ValueError(
            f"{channels} channels{among} need a kernel (kh, kw, {channels // groups}, filters); "
            f"its shape is {kernel}"
        )


def _check_maps(g: Any, rows: Windows, columns: Windows) -> None:
    """ValueError unless there is an element for every window."""
    if g.shape[-3:-1] != (rows.count, columns.count):
        raise ValueError(
            f"{(rows.count, columns.count)} windows need as many rows and columns of g; "
            f"its shape is {g.shape}"
        )


# -- samples ---------------------------------------------------------------------------------------


def _geometry(draw: Draw) -> tuple[Pair, Pair, dict[str, Any]]:
    """A size of images and of a kernel, with statics that fit."""
    kernel = draw.integer(1, 3), draw.integer(1, 2)
    strides, dilation = draw.choice((1, 2, (2, 1), (1, 3))), draw.choice((1, 1, 2, (1, 2)))
    padding = draw.choice(("valid", "same", 1, ((0, 2), (1, 0))))
    dilations = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    size = spans[0] + draw.integer(0, 2), spans[1] + draw.integer(0, 2)
    statics = {"strides": strides, "padding": padding, "dilation_rate": dilation}
    return size, kernel, statics


def _shapes(draw: Draw) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Shapes of images, kernel and maps."""
    size, kernel, statics = _geometry(draw)
    groups, batch = draw.choice((1, 1, 2)), draw.choice((1, 2, 0, 1))
    channels, filters = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
    x = (*draw.choice(((), (), (2,))), batch, *size, channels)
    k = (*draw.choice(((), (), (), (2,), (1,))), *kernel, channels // groups, filters)
    normal = {name: f(statics[name], None) for name, f in _NORMALISE.items()}
    rows, columns = windows_over(
        size, kernel, normal["strides"], normal["padding"], normal["dilation_rate"]
    )
    g = (*draw.choice(((), (), (2,))), batch, rows.count, columns.count, filters)
    return x, k, g, {**statics, "groups": groups}


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, k, _, statics = _shapes(draw)
    return (draw.array(x), draw.array(k)), statics


def _transpose_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, k, g, statics = _shapes(draw)
    return (draw.array(g), draw.array(k)), {"size": x[-3:-1], **statics}


def _kernel_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x, k, g, statics = _shapes(draw)
    return (draw.array(x), draw.array(g)), {"size": k[-4:-2], **statics}


# -- the ops ---------------------------------------------------------------------------------------


@op(
    x=lambda xp, g, kernel, x_shape, strides, padding, dilation_rate, groups: xp.conv2d_transpose(
        g, kernel, x_shape[-3:-1], strides, padding, dilation_rate, groups
    ),
    kernel=lambda xp, g, x, kernel_shape, strides, padding, dilation_rate, groups: xp.conv2d_kernel(
        x, g, kernel_shape[-4:-2], strides, padding, dilation_rate, groups
    ),
    broadcast=leads_undo,
    normalise=_NORMALISE,
    label="conv",
    flops=lambda out, x, kernel: 2 * prod(out) * prod(kernel[-4:-1]),
    sample=_sample,
)
def conv2d(
    xp: Any,
    x: Any,
    kernel: Any,
    /,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    """Images filtered: (..., N, H, W, C) and (..., kh, kw, C / groups, F) -> (..., N, Ho, Wo, F).

    out[n, i, j, f] is the sum over a, b, c of
    x[n, i·sh + a·dh, j·sw + b·dw, c] · kernel[a, b, c, f]: a cross-correlation, as in Keras,
    TensorFlow and PyTorch. Filters of group g see the channels of group g. Axes before the last
    four broadcast, as in `matmul`.

    Args:
        x: images, batch first and channels last.
        kernel: the filters.
        strides: steps between windows, (sh, sw) or one for both.
        padding: zeros around the images. "valid": none; "same": such that Ho = ceil(H / sh), one
            more after than before where they are odd; an integer, or one for rows and one for
            columns; or ((top, bottom), (left, right)).
        dilation_rate: distance of the elements of a window, (dh, dw) or one for both.
        groups: into how many groups channels and filters are split.

    Raises:
        ValueError: fewer than four axes, channels that do not fit, no window inside the images.

    >>> conv2d([[[[1.0], [2.0], [3.0]]]], [[[[1.0]], [[10.0]]]]).reshape(-1)
    Tensor([21., 32.], dtype=float32)
    """
    expect_images(x)
    expect_images(kernel, "kernel", "kh, kw, C, F")
    _check(x.shape[-1], kernel.shape, groups)
    size, window = x.shape[-3:-1], kernel.shape[-4:-2]
    rows, columns = windows_over(size, window, strides, padding, dilation_rate)
    x, kernel = _split(xp, x, groups), _split(xp, kernel, groups)
    y = xp.matmul(_weights(xp, kernel), _columns(xp, x, rows, columns))
    y = xp.reshape(y, (*y.shape[:-1], rows.count, x.shape[-4]))
    return _join(xp, outward(xp, y), groups)


@op(
    x=lambda xp, g, kernel, strides, padding, dilation_rate, groups: xp.conv2d(
        g, kernel, strides, padding, dilation_rate, groups
    ),
    kernel=lambda xp, g, x, kernel_shape, strides, padding, dilation_rate, groups: xp.conv2d_kernel(
        g, x, kernel_shape[-4:-2], strides, padding, dilation_rate, groups
    ),
    broadcast=leads_undo,
    normalise={"size": _images.pair("size"), **_NORMALISE},
    label="convᵀ",
    flops=lambda out, x, kernel: 2 * prod(x) * prod(kernel[-4:-1]),
    sample=_transpose_sample,
)
def conv2d_transpose(
    xp: Any,
    x: Any,
    kernel: Any,
    /,
    size: Any,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    """The adjoint of `conv2d` by its images: (..., N, Ho, Wo, F) -> (..., N, H, W, C).

    Every element of x adds its multiple of the kernel to the window that it belongs to; this is
    the gradient of conv2d by images of `size` = (H, W), and a transposed convolution.

    Raises:
        ValueError: x has not the rows and columns that `conv2d` makes of images of `size`.

    >>> conv2d_transpose([[[[1.0], [2.0]]]], [[[[1.0]], [[10.0]]]], size=(1, 3)).reshape(-1)
    Tensor([ 1., 12., 20.], dtype=float32)
    """
    expect_images(x)
    expect_images(kernel, "kernel", "kh, kw, C, F")
    channels = kernel.shape[-2] * groups
    _check(channels, (*kernel.shape[:-1], x.shape[-1]), groups)
    rows, columns = windows_over(size, kernel.shape[-4:-2], strides, padding, dilation_rate)
    _check_maps(x, rows, columns)
    x, kernel = _split(xp, x, groups), _split(xp, kernel, groups)
    return _join(xp, _spread(xp, _maps(xp, x), kernel, rows, columns), groups)


@op(
    x=lambda xp, g, y, x_shape, strides, padding, dilation_rate, groups: xp.conv2d_transpose(
        y, g, x_shape[-3:-1], strides, padding, dilation_rate, groups
    ),
    y=lambda xp, g, x, strides, padding, dilation_rate, groups: xp.conv2d(
        x, g, strides, padding, dilation_rate, groups
    ),
    broadcast=leads_undo,
    normalise={"size": _images.pair("size"), **_NORMALISE},
    label="convᵏ",
    flops=lambda out, x, y: 2 * prod(y) * prod(out[-4:-1]),
    sample=_kernel_sample,
)
def conv2d_kernel(
    xp: Any,
    x: Any,
    y: Any,
    /,
    size: Any,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    """The adjoint of `conv2d` by its kernel of `size`: -> (..., kh, kw, C / groups, F).

    The windows of the images x (..., N, H, W, C), each times the element of y (..., N, Ho, Wo, F)
    that belongs to it, added up: the gradient of conv2d by its kernel where y is that of its
    output.

    Raises:
        ValueError: x and y do not belong together.

    >>> conv2d_kernel([[[[1.0], [2.0], [3.0]]]], [[[[1.0], [10.0]]]], size=(1, 2)).reshape(-1)
    Tensor([21., 32.], dtype=float32)
    """
    expect_images(x)
    expect_images(y, "y", "N, Ho, Wo, F")
    kernel = (*size, x.shape[-1] // max(1, groups), y.shape[-1])
    _check(x.shape[-1], kernel, groups)
    rows, columns = windows_over(x.shape[-3:-1], size, strides, padding, dilation_rate)
    _check_maps(y, rows, columns)
    if x.shape[-4] != y.shape[-4]:
        raise ValueError(f"{x.shape[-4]} images, but {y.shape[-4]} in y")
    x, y = _split(xp, x, groups), _split(xp, y, groups)
    total = _against(xp, _columns(xp, x, rows, columns), _maps(xp, y))
    high, wide = size
    total = xp.reshape(total, (*total.shape[:-2], wide, high, x.shape[-1], y.shape[-1]))
    return _join(xp, last_axes(xp, total, (-3, -4, -2, -1)), groups)
