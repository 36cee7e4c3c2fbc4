"""What the ops on images and windows are in PyTorch, which has channels first and no extra axes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .naive_images import Pair, sides, two


def over_leads(f: Callable[..., Any], *arrays: Any) -> Any:
    """f of arrays with four axes, for each place in the broadcast axes before these."""
    lead = np.broadcast_shapes(*(a.shape[:-4] for a in arrays))
    rows = [a.expand(*lead, *a.shape[-4:]).reshape(prod(lead), *a.shape[-4:]) for a in arrays]
    y = torch.stack([f(*parts) for parts in zip(*rows, strict=True)])
    return y.reshape(*lead, *y.shape[1:])


def adjoint(f: Callable[[Any], Any], x: Any, g: Any) -> Any:
    """The gradient of f at x for the upstream gradient g, itself differentiable."""
    return torch.autograd.grad(f(x), x, g, create_graph=True)[0]


def framed(x: Any, window: Pair, strides: Any, padding: Any, dilation: Any, fill: float) -> Any:
    """(N, H, W, C) as (N, C, H, W) with its padding."""
    span = [(k - 1) * d + 1 for k, d in zip(window, two(dilation), strict=True)]
    size = (x.shape[1], x.shape[2])
    rows, columns = sides(padding, size, (span[0], span[1]), two(strides))
    return F.pad(x.permute(0, 3, 1, 2), (*columns, *rows), value=fill)


def one_conv2d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    window = (kernel.shape[0], kernel.shape[1])
    x = framed(x, window, strides, padding, dilation_rate, 0)
    kernel = kernel.permute(3, 2, 0, 1).contiguous()
    y = F.conv2d(x, kernel, None, strides, 0, dilation_rate, groups)
    return y.permute(0, 2, 3, 1)


def conv2d(x: Any, kernel: Any, **statics: Any) -> Any:
    return over_leads(lambda x, kernel: one_conv2d(x, kernel, **statics), x, kernel)


def conv2d_transpose(g: Any, kernel: Any, size: Any, groups: int = 1, **statics: Any) -> Any:
    def one(g: Any, kernel: Any) -> Any:
        shape = (g.shape[0], *size, kernel.shape[2] * groups)
        x = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
        return adjoint(lambda x: one_conv2d(x, kernel, groups=groups, **statics), x, g)

    return over_leads(one, g, kernel)


def conv2d_kernel(x: Any, g: Any, size: Any, groups: int = 1, **statics: Any) -> Any:
    def one(x: Any, g: Any) -> Any:
        shape = (*size, x.shape[-1] // groups, g.shape[-1])
        kernel = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
        return adjoint(lambda k: one_conv2d(x, k, groups=groups, **statics), kernel, g)

    return over_leads(one, x, g)


def max_pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    take: Any = None,
) -> Any:
    """The largest elements, or those of `take` in the same places."""

    def one(x: Any, take: Any) -> Any:
        steps = strides or pool_size
        window = two(pool_size)
        x, take = (
            framed(v, window, steps, padding, dilation_rate, fill)
            for v, fill in ((x, -np.inf), (take, 0))
        )
        _, at = F.max_pool2d(x, pool_size, steps, 0, dilation_rate, return_indices=True)
        y = take.flatten(2).gather(2, at.flatten(2)).reshape(at.shape)
        return y.permute(0, 2, 3, 1)

    return over_leads(one, x, x if take is None else take)


def max_unpool2d(g: Any, largest: Any, **statics: Any) -> Any:
    def one(g: Any, largest: Any) -> Any:
        x = torch.zeros(largest.shape, dtype=g.dtype, requires_grad=True)
        return adjoint(lambda x: max_pool2d(largest, take=x, **statics), x, g) + 0 * largest

    return over_leads(one, g, largest)


def avg_pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> Any:
    """The sum of each window over that of ones: a convolution, since PyTorch has no dilation."""
    ones = torch.ones((*two(pool_size), 1, x.shape[-1]), dtype=x.dtype)
    rest = (strides or pool_size, padding, dilation_rate, x.shape[-1])
    total = over_leads(lambda x: one_conv2d(x, ones, *rest), x)
    return total / over_leads(lambda x: one_conv2d(torch.ones_like(x), ones, *rest), x)


def avg_unpool2d(g: Any, size: Any, **statics: Any) -> Any:
    x = torch.zeros((*g.shape[:-3], *size, g.shape[-1]), dtype=g.dtype, requires_grad=True)
    return adjoint(lambda x: avg_pool2d(x, **statics), x, g)


def positions(count: int, size: int, stride: int, dilation: int) -> Any:
    return torch.arange(count)[:, None] * stride + torch.arange(size) * dilation


def windows(x: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
    count = (x.shape[axis] - (size - 1) * dilation - 1) // stride + 1
    at = positions(count, size, stride, dilation)
    axis %= x.ndim
    picked = torch.index_select(x, axis, at.reshape(-1))
    return picked.reshape(*x.shape[:axis], *at.shape, *x.shape[axis + 1 :])


def overlap_add(x: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
    axis %= x.ndim - 1
    at = positions(x.shape[axis], x.shape[axis + 1], stride, dilation)
    flat = x.reshape(*x.shape[:axis], at.numel(), *x.shape[axis + 2 :])
    zeros = torch.zeros((*x.shape[:axis], length, *x.shape[axis + 2 :]), dtype=x.dtype)
    return zeros.index_add(axis, at.reshape(-1), flat)


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
