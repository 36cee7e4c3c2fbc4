"""Reductions along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import reduction

__all__ = [
    "max",
    "mean",
    "min",
    "prod",
    "sum",
]


def _input_size(out: tuple[int, ...], x: tuple[int, ...]) -> int:
    return int(np.prod(x))


@op(
    x=lambda xp, g, x_shape, axis, keepdims: _axes.spread(xp, g, x_shape, axis, keepdims),
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.sum,
    method=True,
    in_dtype=True,
    label="Σ",
    role="gradient distributor",
    flops=_input_size,
    sample=reduction(),
)
def sum(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False, *, dtype: Any = None) -> Any:
    """Sum over `axis` (None: all), of x in `dtype` if one is given; float16 is summed in float32.

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    Tensor([4., 6.], dtype=float32)
    """
    return xp.sum(x, axis=axis, keepdims=keepdims)


def _mean_rule(xp: Any, g: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    count = _axes.count(x_shape, axis)
    if g.dtype.char == "e":  # float16 holds no count above 65504
        g = xp.astype(xp.astype(g, np.float32) / count, np.float16)
    elif count:
        g = g / count
    return _axes.spread(xp, g, x_shape, axis, keepdims)


@op(
    x=_mean_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.mean,
    method=True,
    label="mean",
    role="gradient distributor",
    flops=_input_size,
    sample=reduction(side=1),
)
def mean(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over `axis` (None: all); NaN over no elements.

    >>> mean([[1.0, 2.0], [3.0, 4.0]])
    Tensor(2.5, dtype=float32)
    """
    if x.dtype.kind in "biu":
        x = xp.astype(x, np.float64)
    if x.dtype.char == "e":
        return xp.mean(x, axis=axis, keepdims=keepdims)  # summed in float32 all the way
    return xp.sum(x, axis, keepdims) / _axes.count(x.shape, axis)


def _others(xp: Any, x: Any) -> Any:
    """For each element along the last axis the product of all the others.

    Products of pairs, of pairs of pairs, ... up a binary tree, then down again, each child getting
    its parent's others times its sibling: linear work, no division, differentiable to any order.
    """
    levels = []
    while x.shape[-1] > 1:
        width = x.shape[-1]
        if width % 2:
            x = xp.concat([x, xp.ones_like(x[..., :1])], axis=-1)
        levels.append((x, width))
        x = x[..., 0::2] * x[..., 1::2]
    others = xp.ones_like(x)
    for level, width in reversed(levels):
        pairs = xp.stack([others * level[..., 1::2], others * level[..., 0::2]], axis=-1)
        others = xp.reshape(pairs, level.shape)[..., :width]
    return others


def _prod_rule(xp: Any, g: Any, x: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    # the reduced axes are brought to the end and flattened there
    n = len(x_shape)
    order = tuple(k for k in range(-n, 0) if k not in axis) + axis
    shape = tuple(x_shape[k] for k in order)
    flat = xp.reshape(
        xp.permute_dims(x, order), (*shape[: n - len(axis)], _axes.count(x_shape, axis))
    )
    others = xp.reshape(_others(xp, flat), shape)
    back = tuple(order.index(k) - n for k in range(-n, 0))
    return _axes.restore(xp, g, x_shape, axis, keepdims) * xp.permute_dims(others, back)


@op(
    x=_prod_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.prod,
    method=True,
    in_dtype=True,
    label="Π",
    flops=_input_size,
    sample=reduction(),
)
def prod(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False, *, dtype: Any = None) -> Any:
    """Product over `axis` (None: all), of x in `dtype` if one is given.

    Its gradient is right with any number of zeros.

    >>> prod([2.0, 3.0, 4.0])
    Tensor(24., dtype=float32)
    """
    return xp.prod(x, axis=axis, keepdims=keepdims)


def _extreme_rule(
    xp: Any, g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool
) -> Any:
    out = _axes.restore(xp, out, x_shape, axis, keepdims)
    g = _axes.restore(xp, g, x_shape, axis, keepdims)
    chosen = xp.astype((x == out) | (x != x), g.dtype)
    return g * (chosen / xp.sum(chosen, axis=axis, keepdims=True))


@op(
    x=_extreme_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=(np.max, np.amax) if np.max is not np.amax else np.max,
    method=True,
    role="gradient router",
    flops=_input_size,
    sample=reduction(distinct=True, side=1),
)
def max(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element over `axis` (None: all); equal ones share the gradient evenly.

    >>> max([[1.0, 2.0], [4.0, 3.0]], axis=1)
    Tensor([2., 4.], dtype=float32)
    """
    return xp.max(x, axis=axis, keepdims=keepdims)


@op(
    x=_extreme_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=(np.min, np.amin) if np.min is not np.amin else np.min,
    method=True,
    role="gradient router",
    flops=_input_size,
    sample=reduction(distinct=True, side=1),
)
def min(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis` (None: all); equal ones share the gradient evenly.

    >>> min([[1.0, 2.0], [4.0, 3.0]], axis=1)
    Tensor([1., 3.], dtype=float32)
    """
    return xp.min(x, axis=axis, keepdims=keepdims)
