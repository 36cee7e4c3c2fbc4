"""What the ops on images and windows are in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .naive_images import Pair, sides, two


def over_leads(f: Callable[..., Any], *arrays: Any) -> Any:
    """f of arrays with four axes, for each place in the broadcast axes before these."""
    lead = jnp.broadcast_shapes(*(a.shape[:-4] for a in arrays))
    mapped = f
    for _ in lead:
        mapped = jax.vmap(mapped)
    return mapped(*(jnp.broadcast_to(a, lead + a.shape[-4:]) for a in arrays))


def pads(x: Any, window: Pair, strides: Any, padding: Any, dilation: Any) -> tuple[Pair, Pair]:
    span = [(k - 1) * d + 1 for k, d in zip(window, two(dilation), strict=True)]
    return sides(padding, (x.shape[1], x.shape[2]), (span[0], span[1]), two(strides))


def one_conv2d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        two(strides),
        pads(x, (kernel.shape[0], kernel.shape[1]), strides, padding, dilation_rate),
        rhs_dilation=two(dilation_rate),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def conv2d(x: Any, kernel: Any, **statics: Any) -> Any:
    return over_leads(lambda x, kernel: one_conv2d(x, kernel, **statics), x, kernel)


def conv2d_transpose(g: Any, kernel: Any, size: Any, groups: int = 1, **statics: Any) -> Any:
    def one(g: Any, kernel: Any) -> Any:
        x = jnp.zeros((g.shape[0], *size, kernel.shape[2] * groups))
        return jax.vjp(lambda x: one_conv2d(x, kernel, groups=groups, **statics), x)[1](g)[0]

    return over_leads(one, g, kernel)


def conv2d_kernel(x: Any, g: Any, size: Any, groups: int = 1, **statics: Any) -> Any:
    def one(x: Any, g: Any) -> Any:
        kernel = jnp.zeros((*size, x.shape[-1] // groups, g.shape[-1]))
        return jax.vjp(lambda k: one_conv2d(x, k, groups=groups, **statics), kernel)[1](g)[0]

    return over_leads(one, x, g)


def elements(
    x: Any,
    fill: float,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """(N, Ho, Wo, C, elements of the window)."""
    window, steps, apart = two(pool_size), two(strides or pool_size), two(dilation_rate)
    rows, columns = pads(x, window, steps, padding, apart)
    x = jnp.pad(x, ((0, 0), rows, columns, (0, 0)), constant_values=fill)
    for axis, size, step, dilation in zip((1, 2), window, steps, apart, strict=True):
        count = (x.shape[axis] - (size - 1) * dilation - 1) // step + 1
        at = np.arange(count)[:, None] * step + np.arange(size) * dilation
        x = jnp.moveaxis(jnp.take(x, at, axis), axis + 1, -1)
    return x.reshape(*x.shape[:4], window[0] * window[1])


def max_pool2d(x: Any, take: Any = None, **statics: Any) -> Any:
    def one(x: Any, take: Any) -> Any:
        at = jnp.argmax(elements(x, -jnp.inf, **statics), axis=-1, keepdims=True)
        return jnp.take_along_axis(elements(take, 0.0, **statics), at, axis=-1)[..., 0]

    return over_leads(one, x, x if take is None else take)


def max_unpool2d(g: Any, largest: Any, **statics: Any) -> Any:
    def one(g: Any, largest: Any) -> Any:
        zeros = jnp.zeros(largest.shape)
        return jax.vjp(lambda x: max_pool2d(largest, take=x, **statics), zeros)[1](g)[0]

    return over_leads(one, g, largest)


def avg_pool2d(x: Any, **statics: Any) -> Any:
    return over_leads(lambda x: jnp.nanmean(elements(x, jnp.nan, **statics), axis=-1), x)


def avg_unpool2d(g: Any, size: Any, **statics: Any) -> Any:
    zeros = jnp.zeros((*g.shape[:-3], *size, g.shape[-1]))
    return jax.vjp(lambda x: avg_pool2d(x, **statics), zeros)[1](g)[0]


def windows(x: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
    count = (x.shape[axis] - (size - 1) * dilation - 1) // stride + 1
    at = np.arange(count)[:, None] * stride + np.arange(size) * dilation
    return jnp.take(x, at, axis)


def overlap_add(x: Any, axis: int, length: int, **statics: Any) -> Any:
    axis %= x.ndim - 1
    zeros = jnp.zeros((*x.shape[:axis], length, *x.shape[axis + 2 :]))
    return jax.vjp(lambda z: windows(z, axis, x.shape[axis + 1], **statics), zeros)[1](x)[0]


OPS: dict[str, Callable[..., Any]] = {
    "conv2d": conv2d,
    "conv2d_transpose": conv2d_transpose,
    "conv2d_kernel": conv2d_kernel,
    "max_pool2d": max_pool2d,
    "max_take2d": lambda x, largest, **statics: max_pool2d(largest, take=x, **statics),
    "max_unpool2d": max_unpool2d,
    "avg_pool2d": avg_pool2d,
    "avg_unpool2d": avg_unpool2d,
    "windows": windows,
    "overlap_add": overlap_add,
}
