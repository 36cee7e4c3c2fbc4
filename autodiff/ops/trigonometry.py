"""Trigonometric and hyperbolic functions, and their inverses; angles are in radians."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._op import op
from ..engine._samples import binary, unary

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cosh",
    "hypot",
    "sinh",
    "tan",
]

# Derivatives as in Abramowitz and Stegun, Handbook of Mathematical Functions, chapter 4.


@op(x=lambda g, out: g * (out * out + 1), numpy=np.tan, sample=unary(-1.2, 1.2))
def tan(xp: Any, x: Any, /) -> Any:
    """Tangent, element by element.

    >>> tan(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.tan(x)


@op(x=lambda xp, g, x: g / xp.sqrt(1 - x * x), numpy=np.arcsin, sample=unary(-0.9, 0.9))
def asin(xp: Any, x: Any, /) -> Any:
    """Inverse sine, from -π/2 to π/2; its slope at -1 and 1 is infinite.

    >>> asin([0.0, 1.0])
    Tensor([0.       , 1.5707964], dtype=float32)
    """
    return xp.arcsin(x)


@op(x=lambda xp, g, x: -g / xp.sqrt(1 - x * x), numpy=np.arccos, sample=unary(-0.9, 0.9))
def acos(xp: Any, x: Any, /) -> Any:
    """Inverse cosine, from 0 to π; its slope at -1 and 1 is infinite.

    >>> acos([0.0, 1.0])
    Tensor([1.5707964, 0.       ], dtype=float32)
    """
    return xp.arccos(x)


@op(x=lambda g, x: g / (x * x + 1), numpy=np.arctan, sample=unary())
def atan(xp: Any, x: Any, /) -> Any:
    """Inverse tangent, from -π/2 to π/2.

    >>> atan([0.0, 1.0])
    Tensor([0.       , 0.7853982], dtype=float32)
    """
    return xp.arctan(x)


@op(x=lambda xp, g, x: g * xp.cosh(x), numpy=np.sinh, sample=unary())
def sinh(xp: Any, x: Any, /) -> Any:
    """Hyperbolic sine, element by element.

    >>> sinh(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.sinh(x)


@op(x=lambda xp, g, x: g * xp.sinh(x), numpy=np.cosh, sample=unary())
def cosh(xp: Any, x: Any, /) -> Any:
    """Hyperbolic cosine, element by element.

    >>> cosh(0.0)
    Tensor(1., dtype=float32)
    """
    return xp.cosh(x)


@op(x=lambda xp, g, x: g / xp.sqrt(x * x + 1), numpy=np.arcsinh, sample=unary())
def asinh(xp: Any, x: Any, /) -> Any:
    """Inverse hyperbolic sine, element by element.

    >>> asinh(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.arcsinh(x)


@op(
    x=lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
    numpy=np.arccosh,
    sample=unary(1.2, 3.0),
)
def acosh(xp: Any, x: Any, /) -> Any:
    """Inverse hyperbolic cosine of numbers from 1 on; its slope at 1 is infinite.

    >>> acosh(1.0)
    Tensor(0., dtype=float32)
    """
    return xp.arccosh(x)


@op(x=lambda g, x: g / (1 - x * x), numpy=np.arctanh, sample=unary(-0.9, 0.9))
def atanh(xp: Any, x: Any, /) -> Any:
    """Inverse hyperbolic tangent of numbers between -1 and 1.

    >>> atanh(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.arctanh(x)


def _over(xp: Any, x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0."""
    zero = y == 0
    return xp.where(zero, xp.zeros_like(y), x) / xp.where(zero, xp.ones_like(y), y)


@op(
    y=lambda xp, g, y, x: g * _over(xp, x, x * x + y * y),
    x=lambda xp, g, y, x: -g * _over(xp, y, x * x + y * y),
    broadcast=True,
    numpy=np.arctan2,
    sample=binary(x=(0.3, 2.0), y=(-2.0, 2.0)),
)
def atan2(xp: Any, y: Any, x: Any, /) -> Any:
    """Angle of the point (x, y) from the positive x axis, from -π to π; no slope at the origin.

    The derivatives at (0, 0), where there are none, are taken as 0.

    >>> atan2(1.0, [1.0, 0.0])
    Tensor([0.785398, 1.570796], dtype=float32)
    """
    return xp.arctan2(y, x)


@op(
    x=lambda xp, g, x, out: g * _over(xp, x, out),
    y=lambda xp, g, y, out: g * _over(xp, y, out),
    broadcast=True,
    numpy=np.hypot,
    sample=binary(x=(0.3, 2.0)),
)
def hypot(xp: Any, x: Any, y: Any, /) -> Any:
    """Length of the vector (x, y), without overflow on the way; its derivative at (0, 0) is 0.

    >>> hypot(3.0, 4.0)
    Tensor(5., dtype=float32)
    """
    return xp.hypot(x, y)
