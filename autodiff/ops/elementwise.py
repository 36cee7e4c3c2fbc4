"""Elementwise arithmetic and functions."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from ..arrays._backend import PYTHON_SCALARS
from ..engine._op import op
from ..engine._samples import binary, unary

__all__ = [
    "abs",
    "add",
    "copy",
    "cos",
    "divide",
    "exp",
    "expm1",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "positive",
    "pow",
    "sign",
    "sin",
    "sqrt",
    "square",
    "subtract",
    "tanh",
]

# Every derivative here is in any calculus text; where a convention is needed (kinks, 0 to a power)
# the docstring says which.


@op(
    x=lambda g: g,
    y=lambda g: g,
    broadcast=True,
    operator="add",
    numpy=np.add,
    label="+",
    role="gradient distributor",
    sample=binary(),
)
def add(_: Any, x: Any, y: Any, /) -> Any:
    """Sum x + y, element by element.

    >>> add([1.0, 2.0], 1)
    Tensor([2., 3.], dtype=float32)
    """
    return x + y


@op(
    x=lambda g: g,
    y=lambda g: -g,
    broadcast=True,
    operator="sub",
    numpy=np.subtract,
    label="−",
    role="gradient distributor",
    sample=binary(),
)
def subtract(_: Any, x: Any, y: Any, /) -> Any:
    """Difference x - y, element by element.

    >>> subtract([1.0, 2.0], 1)
    Tensor([0., 1.], dtype=float32)
    """
    return x - y


@op(
    x=lambda g, y: g * y,
    y=lambda g, x: g * x,
    broadcast=True,
    operator="mul",
    numpy=np.multiply,
    label="×",
    role="swap multiplier",
    sample=binary(),
)
def multiply(_: Any, x: Any, y: Any, /) -> Any:
    """Product x * y, element by element.

    >>> multiply([1.0, 2.0], 3)
    Tensor([3., 6.], dtype=float32)
    """
    return x * y


@op(
    x=lambda g, y: g / y,
    y=lambda g, y, out: -g * (out / y),
    broadcast=True,
    operator="truediv",
    numpy=np.divide,
    label="÷",
    sample=binary(y=(-2.0, 2.0), y_avoid=(-0.2, 0.0, 0.2)),
)
def divide(_: Any, x: Any, y: Any, /) -> Any:
    """Quotient x / y, element by element.

    >>> divide([1.0, 2.0], 2)
    Tensor([0.5, 1. ], dtype=float32)
    """
    return x / y


def _pow_exponent(xp: Any, g: Any, x: Any, out: Any) -> Any:
    if type(x) in PYTHON_SCALARS:
        if out.dtype.kind == "c":
            return g * out * (cmath.log(x) if x else 0.0)
        return g * out * (math.log(x) if x > 0 else 0.0)
    x = xp.astype(x, out.dtype)
    known = x != 0 if out.dtype.kind == "c" else x > 0
    return g * out * xp.log(xp.where(known, x, xp.ones_like(x)))


def _pow_base(xp: Any, g: Any, x: Any, y: Any) -> Any:
    # y·x^(y-1), with the exponent made harmless where y is 0, so that 0·0^-1 is 0
    if type(y) in PYTHON_SCALARS:
        return g * (y * x ** (y - 1)) if y else xp.zeros_like(g)
    return g * (y * x ** xp.where(y == 0, xp.ones_like(y), y - 1))


@op(
    x=_pow_base,
    y=_pow_exponent,
    broadcast=True,
    operator="pow",
    numpy=np.power,
    label="^",
    sample=binary(x=(0.3, 2.0), y=(-2.0, 3.0)),
)
def pow(_: Any, x: Any, y: Any, /) -> Any:
    """Power x ** y, element by element.

    The derivative by x at x = 0 is 0 for y = 0 and y > 1 and 1 for y = 1; the derivative by y
    is taken as 0 where x <= 0 (TensorFlow's convention).

    >>> pow([1.0, 3.0], 2)
    Tensor([1., 9.], dtype=float32)
    """
    return x**y


@op(
    x=lambda g: -g,
    operator="neg",
    numpy=np.negative,
    label="×(−1)",
    sample=unary(),
)
def negative(_: Any, x: Any, /) -> Any:
    """-x, element by element.

    >>> negative([1.0, -2.0])
    Tensor([-1.,  2.], dtype=float32)
    """
    return -x


@op(x=lambda g: g, numpy=np.positive, operator="pos", label="+", sample=unary())
def positive(_: Any, x: Any, /) -> Any:
    """+x, a recorded identity.

    >>> positive(2.0)
    Tensor(2., dtype=float32)
    """
    return +x


@op(x=lambda g: g, numpy=np.copy, label="copy", role="gradient adder", flops=0, sample=unary())
def copy(xp: Any, x: Any, /) -> Any:
    """The same values in an array of its own; where a value forks, gradients are added.

    >>> copy([1.0, 2.0])
    Tensor([1., 2.], dtype=float32)
    """
    return xp.copy(x)


@op(
    x=lambda g, x: g * (x + x),
    numpy=np.square,
    label="x²",
    sample=unary(),
)
def square(_: Any, x: Any, /) -> Any:
    """x * x, element by element.

    >>> square([1.0, -3.0])
    Tensor([1., 9.], dtype=float32)
    """
    return x * x


def _sqrt_rule(xp: Any, g: Any, out: Any) -> Any:
    # 0/0 is 0: no upstream gradient gives none, as behind a where that chose the other branch
    return g / (2 * xp.where((out == 0) & (g == 0), xp.ones_like(out), out))


@op(x=_sqrt_rule, numpy=np.sqrt, label="√", sample=unary(0.2, 3.0))
def sqrt(xp: Any, x: Any, /) -> Any:
    """Square root, element by element; its derivative at 0 is inf, times 0 upstream is 0.

    >>> sqrt([4.0, 9.0])
    Tensor([2., 3.], dtype=float32)
    """
    return xp.sqrt(x)


@op(x=lambda g, out: g * out, numpy=np.exp, label="exp", sample=unary())
def exp(xp: Any, x: Any, /) -> Any:
    """e to the x, element by element.

    >>> exp(0.0)
    Tensor(1., dtype=float32)
    """
    return xp.exp(x)


@op(x=lambda g, out: g * (out + 1), numpy=np.expm1, label="expm1", sample=unary())
def expm1(xp: Any, x: Any, /) -> Any:
    """exp(x) - 1, exact near 0, element by element.

    >>> expm1(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.expm1(x)


@op(x=lambda g, x: g / x, numpy=np.log, label="log", sample=unary(0.3, 3.0))
def log(xp: Any, x: Any, /) -> Any:
    """Natural logarithm, element by element.

    >>> log(1.0)
    Tensor(0., dtype=float32)
    """
    return xp.log(x)


@op(x=lambda g, x: g / (x + 1), numpy=np.log1p, label="log1p", sample=unary(-0.6, 2.0))
def log1p(xp: Any, x: Any, /) -> Any:
    """log(1 + x), exact near 0, element by element.

    >>> log1p(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.log1p(x)


def _abs_rule(xp: Any, g: Any, x: Any) -> Any:
    return g * (xp.conj(_direction(xp, x)) if x.dtype.kind == "c" else xp.sign(x))


def _direction(xp: Any, z: Any) -> Any:
    """z / |z|, and 0 of 0."""
    size = xp.abs(z)
    return z / xp.where(size == 0, xp.ones_like(size), size)


@op(
    x=_abs_rule,
    operator="abs",
    numpy=np.absolute,
    label="|x|",
    sample=unary(avoid=(0.0,)),
)
def abs(xp: Any, x: Any, /) -> Any:
    """Absolute value, element by element; its derivative at 0 is 0.

    Of complex numbers d|z| = Re(z̄·dz) / |z|.

    >>> abs([1.0, -2.0])
    Tensor([1., 2.], dtype=float32)
    """
    return xp.abs(x)


def _sign_rule(xp: Any, g: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return xp.zeros_like(g)
    direction = _direction(xp, x)
    across = g - xp.real(g * direction) * xp.conj(direction)
    zero = x == 0
    slope = across / xp.abs(xp.where(zero, xp.ones_like(x), x))
    return xp.where(zero, xp.zeros_like(slope), slope)


@op(x=_sign_rule, numpy=np.sign, label="sign", sample=unary(avoid=(0.0,)))
def sign(xp: Any, x: Any, /) -> Any:
    """-1, 0 or 1, element by element; its derivative is 0.

    Of complex numbers z / |z|, and 0 of 0; its derivative at 0 is 0.

    >>> sign([3.0, 0.0, -2.0])
    Tensor([ 1.,  0., -1.], dtype=float32)
    """
    if x.dtype.kind == "c":  # NumPy's own is the sign of the real part before 2.0
        return _direction(xp, x) + 0  # 0 of -0, too
    return xp.sign(x)


@op(x=lambda xp, g, x: g * xp.cos(x), numpy=np.sin, label="sin", sample=unary())
def sin(xp: Any, x: Any, /) -> Any:
    """Sine of x in radians, element by element.

    >>> sin(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.sin(x)


@op(x=lambda xp, g, x: -g * xp.sin(x), numpy=np.cos, label="cos", sample=unary())
def cos(xp: Any, x: Any, /) -> Any:
    """Cosine of x in radians, element by element.

    >>> cos(0.0)
    Tensor(1., dtype=float32)
    """
    return xp.cos(x)


@op(x=lambda g, out: g * (1 - out * out), numpy=np.tanh, label="tanh", sample=unary())
def tanh(xp: Any, x: Any, /) -> Any:
    """Hyperbolic tangent, element by element.

    >>> tanh(0.0)
    Tensor(0., dtype=float32)
    """
    return xp.tanh(x)


def _winner(xp: Any, g: Any, x: Any, out: Any, y: Any) -> Any:
    """The gradient where x won; half of it where x and y are equal; all of it to a NaN."""
    share = xp.where(x == y, 0.5, 1.0)
    return xp.where((x == out) | (x != x), g * xp.astype(share, g.dtype), xp.zeros_like(g))


@op(
    x=lambda xp, g, x, y, out: _winner(xp, g, x, out, y),
    y=lambda xp, g, x, y, out: _winner(xp, g, y, out, x),
    broadcast=True,
    numpy=np.maximum,
    label="max",
    role="gradient router",
    sample=binary(apart=True),
)
def maximum(xp: Any, x: Any, y: Any, /) -> Any:
    """The larger of x and y, element by element; equal ones share the gradient half and half.

    >>> maximum([1.0, 5.0], 3)
    Tensor([3., 5.], dtype=float32)
    """
    return xp.maximum(x, y)


@op(
    x=lambda xp, g, x, y, out: _winner(xp, g, x, out, y),
    y=lambda xp, g, x, y, out: _winner(xp, g, y, out, x),
    broadcast=True,
    numpy=np.minimum,
    label="min",
    role="gradient router",
    sample=binary(apart=True),
)
def minimum(xp: Any, x: Any, y: Any, /) -> Any:
    """The smaller of x and y, element by element; equal ones share the gradient half and half.

    >>> minimum([1.0, 5.0], 3)
    Tensor([1., 3.], dtype=float32)
    """
    return xp.minimum(x, y)
