"""The nonlinearities of neural networks, stable at every size of input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays._backend import SMALL
from ..engine import _axes
from ..engine._op import op
from ..engine._samples import reduction, unary

__all__ = [
    "erf",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
]


@op(
    x=lambda g, out: g * (out - out * out),
    label="σ",
    method=True,
    flops=4,
    remembers=True,
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


@op(x=lambda xp, g, x: g * xp.sigmoid(x), label="softplus", flops=5, sample=unary(-4.0, 4.0))
def softplus(xp: Any, x: Any, /) -> Any:
    """log(1 + exp(x)), element by element, without the overflow; its derivative is sigmoid(x).

    >>> softplus([0.0, 100.0])
    Tensor([  0.6931472, 100.       ], dtype=float32)
    """
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


#: erf(x) / x on |x| <= 1, by powers of 2x² - 1
_NEAR = (
    *(0.9654687386698673, -0.1405360890227171, 0.019852496688983708, -0.0022854855611441132),
    *(2.1751715604159932e-4, -1.7537169441124866e-5, 1.223382738359897e-6, -7.511569286591727e-8),
    *(4.115800583208149e-9, -2.035228405815769e-10, 9.167619596865806e-12),
    *(-3.8078824063194953e-13, 1.4543887079465116e-14),
)
#: (1 - erf(x)) exp(x²) on 1 <= x <= 6, by powers of s, which is 24 / 5 / (1 + x / 2) - 11 / 5
_FAR = (
    *(0.2214295402299318, 0.16189356804102495, 0.038560570425182426, 0.005588816281841403),
    *(1.9713917772795885e-4, -8.07922042879663e-5, -7.340517938287998e-6, 1.9795619759276e-6),
    *(1.6349937383405805e-7, -7.005371793736792e-8, -5.886053299221601e-10),
    *(2.625007492297143e-9, -2.68698518348558e-10, -7.468711818050684e-11),
    *(2.2135736614933752e-11, 4.775776110782188e-13, -9.369456032869593e-13),
)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """The sum of coefficients[k] x^k, by Horner's rule."""
    result: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        result = result * x + c
    return result


@op(
    x=lambda xp, g, x: g * ((2 / math.sqrt(math.pi)) * xp.exp(-x * x)),
    label="erf",
    flops=70,
    sample=unary(-3.0, 3.0),
)
def erf(xp: Any, x: Any, /) -> Any:
    """Gauss' error function, 2/√π times the integral of exp(-t²) from 0 to x, element by element.

    Polynomials near 0 and, times exp(-x²), further out; their coefficients are those of Chebyshev
    interpolation, within 2 units in the last place of float64 and float32; exactly ±1 beyond ±6.

    >>> erf([0.0, 0.5, -10.0])
    Tensor([ 0.       ,  0.5204999, -1.       ], dtype=float32)
    """
    size = xp.abs(x)
    small = xp.minimum(size, 1)
    near = x * _polynomial(_NEAR, 2 * (small * small) - 1)
    large = xp.minimum(xp.maximum(size, 1), 6)
    tail = xp.exp(-large * large) * _polynomial(_FAR, 4.8 / (1 + 0.5 * large) - 2.2)
    return xp.where(size < 1, near, xp.sign(x) * (1 - tail))


def _softmax(xp: Any, x: Any, axis: int) -> Any:
    e = xp.exp(x - xp.max(x, axis, True))
    return e / xp.sum(e, axis, True)


@op(
    x=lambda xp, g, out, axis: out * (g - xp.sum(g * out, axis=axis, keepdims=True)),
    normalise={"axis": _axes.axis},
    label="softmax",
    method=True,
    flops=5,
    remembers=True,
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
    role="gradient sharer",
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
