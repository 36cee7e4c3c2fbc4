"""The nonlinearities of neural networks, stable at every size of input."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _axes
from .._backend import SMALL
from .._op import op
from .._samples import reduction, unary

__all__ = [
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
]


@op(
    x=lambda g, out: g * (out - out * out),
    label="σ",
    method=True,
    flops=4,
    sample=unary(-4.0, 4.0),
)
def sigmoid(xp: Any, x: Any, /) -> Any:
    """Logistic function 1 / (1 + exp(-x)), element by element; exact 0 and 1 far out.

    Computed as (1 + tanh(x / 2)) / 2 near 0 it would lose the left tail; exp(-|x|) never overflows.

    >>> sigmoid([0.0, 1000.0])
    Tensor([0.5, 1. ], dtype=float32)
    """
    e = xp.exp(-xp.abs(x))
    return xp.maximum(e, xp.astype(x >= 0, e.dtype)) / (1 + e)


def _passes(xp: Any, out: Any) -> Any:
    """1 where relu gave x, 0 where it gave 0: by sign or comparison, which is faster if large."""
    return xp.sign(out) if out.size <= SMALL else out != 0


@op(
    x=lambda xp, g, out: g * _passes(xp, out), label="relu", method=True, sample=unary(avoid=(0.0,))
)
def relu(xp: Any, x: Any, /) -> Any:
    """max(x, 0), element by element; its derivative at 0 is 0.

    >>> relu([-1.0, 2.0])
    Tensor([0., 2.], dtype=float32)
    """
    return xp.maximum(x, 0)


def _softmax(xp: Any, x: Any, axis: int) -> Any:
    e = xp.exp(x - xp.max(x, axis, True))
    return e / xp.sum(e, axis, True)


@op(
    x=lambda xp, g, out, axis: out * (g - xp.sum(g * out, axis=axis, keepdims=True)),
    normalise={"axis": _axes.axis},
    label="softmax",
    method=True,
    flops=5,
    sample=reduction(one_axis=True, side=1),
)
def softmax(xp: Any, x: Any, /, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`; NaN where all of it is -inf.

    >>> softmax([3.2, 5.1, -1.7]).numpy().round(2).tolist() == np.float32([.13, .87, 0]).tolist()
    True
    """
    return _softmax(xp, x, axis)


@op(
    x=lambda xp, g, out, axis: g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True),
    normalise={"axis": _axes.axis},
    label="log softmax",
    method=True,
    flops=5,
    sample=reduction(one_axis=True, side=1),
)
def log_softmax(xp: Any, x: Any, /, axis: int = -1) -> Any:
    """log(softmax(x)) along `axis`, without the overflow.

    >>> log_softmax([1000.0, 0.0])
    Tensor([    0., -1000.], dtype=float32)
    """
    y = x - xp.max(x, axis=axis, keepdims=True)
    return y - xp.log(xp.sum(xp.exp(y), axis=axis, keepdims=True))


def _top(xp: Any, x: Any, axis: Any) -> Any:
    """What to shift by so that no exp overflows: the largest element, 0 where that is infinite."""
    top = xp.max(x, axis, True)
    return xp.where(xp.isfinite(top), top, xp.zeros_like(top))


def _logsumexp_rule(xp: Any, g: Any, x: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    e = xp.exp(x - xp.stop_gradient(_top(xp, x, axis)))
    total = xp.sum(e, axis, True)
    total = xp.where(total == 0, xp.ones_like(total), total)  # all -inf: no gradient
    return _axes.restore(xp, g, x_shape, axis, keepdims) * (e / total)


@op(
    x=_logsumexp_rule,
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    label="logsumexp",
    method=True,
    flops=lambda out, x: 4 * int(np.prod(x)),
    sample=reduction(side=1),
)
def logsumexp(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axis` without the overflow; -inf, with gradient 0, if all are -inf.

    >>> logsumexp([1000.0, 0.0])
    Tensor(1000., dtype=float32)
    """
    top = _top(xp, x, axis)
    total = xp.sum(xp.exp(x - top), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer here
        result = xp.log(total) + top
    return result if keepdims else xp.squeeze(result, axis=axis)
