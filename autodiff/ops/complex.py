"""Complex numbers: their parts, conjugates and angles.

A gradient is the derivative's transpose, without a conjugate (docs/complex.md): where the real part
of the target moves by Re(Σ g·dz) when z moves by dz, g is the gradient by z.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._broadcast import cast_undo
from ..engine._op import op
from ..engine._samples import unary

__all__ = [
    "angle",
    "conj",
    "imag",
    "real",
]


@op(x=lambda g: g, broadcast=cast_undo, numpy=np.real, label="Re", flops=0, sample=unary())
def real(xp: Any, x: Any, /) -> Any:
    """Real part, element by element; of real numbers they themselves.

    Its gradient is real, and complex numbers with no imaginary part where x is complex.

    >>> real([3 + 4j, 1.0])
    Tensor([3., 1.], dtype=float32)
    """
    return xp.real(x) if x.dtype.kind == "c" else x


def _imag_rule(xp: Any, g: Any, x: Any) -> Any:
    return g * -1j if x.dtype.kind == "c" else xp.zeros_like(g)


@op(x=_imag_rule, numpy=np.imag, label="Im", flops=0, sample=unary())
def imag(xp: Any, x: Any, /) -> Any:
    """Imaginary part, element by element; of real numbers 0.

    >>> imag([3 + 4j, 1.0])
    Tensor([4., 0.], dtype=float32)
    """
    return xp.imag(x) if x.dtype.kind == "c" else xp.zeros_like(x)


@op(
    x=lambda xp, g: xp.conj(g) if g.dtype.kind == "c" else g,
    numpy=np.conjugate,
    method=True,
    label="z̄",
    flops=0,
    sample=unary(),
)
def conj(xp: Any, x: Any, /) -> Any:
    """Complex conjugate, element by element; of real numbers they themselves.

    >>> conj([3 + 4j, 1.0])
    Tensor([3.-4.j, 1.-0.j], dtype=complex64)
    """
    return xp.conj(x) if x.dtype.kind == "c" else x


def _angle_rule(xp: Any, g: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return xp.zeros_like(g)
    zero = x == 0
    slope = -1j / xp.where(zero, xp.ones_like(x), x)
    return g * xp.where(zero, xp.zeros_like(x), slope)


@op(x=_angle_rule, numpy=np.angle, label="arg", sample=unary(avoid=(0.0,)))
def angle(xp: Any, x: Any, /) -> Any:
    """Angle from the positive real axis in radians, from -π to π; its derivative at 0 is 0.

    d arg(z) = Im(dz / z).

    >>> angle([1j, -1.0])
    Tensor([1.5707964, 3.1415927], dtype=float32)
    """
    return xp.angle(x)
