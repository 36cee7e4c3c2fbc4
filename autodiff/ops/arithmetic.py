"""Arithmetic beside the four operations: remainders, logarithms to other bases, signs, rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine._op import op
from ..engine._samples import binary, unary, wholes

__all__ = [
    "ceil",
    "copysign",
    "floor",
    "floor_divide",
    "log2",
    "log10",
    "logaddexp",
    "nextafter",
    "reciprocal",
    "remainder",
    "round",
    "signbit",
    "trunc",
]


@op(x=lambda g, out: -g * (out * out), numpy=np.reciprocal, label="1/x", sample=unary(0.3, 2.0))
def reciprocal(xp: Any, x: Any, /) -> Any:
    """1 / x, element by element.

    >>> reciprocal([2.0, 4.0])
    Tensor([0.5 , 0.25], dtype=float32)
    """
    return xp.reciprocal(x)


@op(x=lambda g, x: g / x / math.log(2), numpy=np.log2, sample=unary(0.3, 3.0))
def log2(xp: Any, x: Any, /) -> Any:
    """Logarithm to base 2, element by element.

    >>> log2([1.0, 8.0])
    Tensor([0., 3.], dtype=float32)
    """
    return xp.log2(x)


@op(x=lambda g, x: g / x / math.log(10), numpy=np.log10, sample=unary(0.3, 3.0))
def log10(xp: Any, x: Any, /) -> Any:
    """Logarithm to base 10, element by element.

    >>> log10([1.0, 10.0])
    Tensor([0., 1.], dtype=float32)
    """
    return xp.log10(x)


def _share(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """e^x / e^out; of an infinite sum all, and of one of zeros nothing."""
    whole = x == xp.inf
    finite = xp.where(out == -xp.inf, xp.zeros_like(out), out)
    x = xp.where(whole, xp.zeros_like(x), x)
    return g * xp.where(whole, xp.ones_like(out), xp.exp(x - finite))


@op(
    x=lambda xp, g, x, out: _share(xp, g, x, out),
    y=lambda xp, g, y, out: _share(xp, g, y, out),
    broadcast=True,
    numpy=np.logaddexp,
    role="gradient sharer",
    flops=4,
    sample=binary(),
)
def logaddexp(xp: Any, x: Any, y: Any, /) -> Any:
    """log(e^x + e^y) without overflow; the derivatives are 0 where both are -inf.

    >>> logaddexp(0.0, 0.0), logaddexp(0.0, 1000.0)
    (Tensor(0.693147, dtype=float32), Tensor(1000., dtype=float32))
    """
    return xp.logaddexp(x, y)


def _remainder_y(xp: Any, g: Any, x: Any, y: Any) -> Any:
    return -g * xp.floor(x / y)


@op(
    x=lambda g: g,
    y=_remainder_y,
    broadcast=True,
    operator="mod",
    numpy=np.remainder,
    label="mod",
    sample=binary(x=(2.15, 2.85), y=(0.95, 1.05)),
)
def remainder(xp: Any, x: Any, y: Any, /) -> Any:
    """x - y·floor(x / y), with the sign of y; jumps are passed over by the derivative.

    >>> remainder([5.5, -1.0], 2)
    Tensor([1.5, 1. ], dtype=float32)
    """
    return xp.remainder(x, y)


@op(operator="floordiv", numpy=np.floor_divide, label="⌊÷⌋", sample=binary(y=(0.5, 2.0)))
def floor_divide(xp: Any, x: Any, y: Any, /) -> Any:
    """The largest whole number not above x / y; no gradient passes.

    >>> floor_divide([5.0, -1.0], 2)
    Tensor([ 2., -1.], dtype=float32)
    """
    return xp.floor_divide(x, y)


def _copysign_x(xp: Any, g: Any, x: Any, y: Any) -> Any:
    return xp.where(xp.signbit(x) == xp.signbit(y), g, -g)


@op(
    x=_copysign_x,
    y=lambda xp, g: xp.zeros_like(g),
    broadcast=True,
    numpy=np.copysign,
    role="gradient router",
    sample=binary(x=(0.3, 2.0), y_avoid=(0.0,)),
)
def copysign(xp: Any, x: Any, y: Any, /) -> Any:
    """The size of x with the sign of y, that of zeros too; the derivative by y is 0.

    >>> copysign([1.0, -2.0], -0.0)
    Tensor([-1., -2.], dtype=float32)
    """
    return xp.copysign(x, y)


@op(
    x=lambda g: g,
    y=lambda xp, g: xp.zeros_like(g),
    broadcast=True,
    numpy=np.nextafter,
    sample=binary(),
)
def nextafter(xp: Any, x: Any, y: Any, /) -> Any:
    """The next number of this dtype from x towards y; its derivative by y is 0.

    >>> nextafter(1.0, 2.0) > 1
    Tensor(True, dtype=bool)
    """
    return xp.nextafter(x, y)


@op(numpy=np.signbit, label="−?", sample=wholes(1))
def signbit(xp: Any, x: Any, /) -> Any:
    """Whether the sign is minus, that of -0.0 and NaN too, element by element.

    >>> signbit([-0.0, 0.0])
    Tensor([ True, False], dtype=bool)
    """
    return xp.signbit(x)


def _whole(xp: Any, x: Any, function: str) -> Any:
    """Whole numbers are what they are, in their own dtype."""
    return xp.copy(x) if x.dtype.kind in "biu" else getattr(xp, function)(x)


@op(numpy=np.floor, label="⌊x⌋", sample=unary())
def floor(xp: Any, x: Any, /) -> Any:
    """The largest whole number not above x; no gradient passes.

    >>> floor([1.5, -1.5])
    Tensor([ 1., -2.], dtype=float32)
    """
    return _whole(xp, x, "floor")


@op(numpy=np.ceil, label="⌈x⌉", sample=unary())
def ceil(xp: Any, x: Any, /) -> Any:
    """The smallest whole number not below x; no gradient passes.

    >>> ceil([1.5, -1.5])
    Tensor([ 2., -1.], dtype=float32)
    """
    return _whole(xp, x, "ceil")


@op(numpy=np.trunc, sample=unary())
def trunc(xp: Any, x: Any, /) -> Any:
    """The whole number next to x on the way to 0; no gradient passes.

    >>> trunc([1.5, -1.5])
    Tensor([ 1., -1.], dtype=float32)
    """
    return _whole(xp, x, "trunc")


@op(sample=unary())
def round(xp: Any, x: Any, /) -> Any:
    """The nearest whole number, of two as near the even one; no gradient passes.

    >>> round([0.5, 1.5, -0.7])
    Tensor([ 0.,  2., -1.], dtype=float32)
    """
    return _whole(xp, x, "round")
