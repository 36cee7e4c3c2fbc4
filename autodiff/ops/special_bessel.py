"""Bessel functions of the first and second kind, also modified ones, and those scaled by exp.

Computed by SciPy. CuPy, on a GPU, has those of order 0 and 1 and `yn`. Derivatives are the
recurrences of NIST's Digital Library of Mathematical Functions, 10.6 and 10.29; there are none by
the order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._op import op
from ..engine._samples import unary
from .special_samples import alike, of_order

__all__ = [
    "i0",
    "i0e",
    "i1",
    "i1e",
    "iv",
    "ive",
    "j0",
    "j1",
    "jv",
    "kv",
    "kve",
    "y0",
    "y1",
    "yn",
    "yv",
]


@op(x=lambda xp, g, x: -g * xp.special.j1(x), label="J₀", sample=unary(-4.0, 4.0))
def j0(xp: Any, x: Any, /) -> Any:
    """Bessel function of the first kind of order 0, element by element.

    >>> j0([0.0, 1.0])
    Tensor([1.       , 0.7651977], dtype=float32)
    """
    return xp.scipy.j0(x)


@op(
    x=lambda xp, g, x: g * (0.5 * (xp.special.j0(x) - xp.special.jv(2, x))),
    label="J₁",
    sample=unary(-4.0, 4.0),
)
def j1(xp: Any, x: Any, /) -> Any:
    """Bessel function of the first kind of order 1, element by element.

    >>> j1([0.0, 1.0])
    Tensor([0.        , 0.44005057], dtype=float32)
    """
    return xp.scipy.j1(x)


@op(
    x=lambda xp, g, v, x: g * (0.5 * (xp.special.jv(v - 1, x) - xp.special.jv(v + 1, x))),
    broadcast=True,
    underived=("v",),
    label="Jᵥ",
    sample=of_order(0, 3, 0.3, 4.0),
)
def jv(xp: Any, v: Any, x: Any, /) -> Any:
    """Bessel function of the first kind of order v, element by element; SciPy's `jn`, too.

    >>> jv(2, [0.0, 1.0])
    Tensor([0.        , 0.11490349], dtype=float32)
    """
    return xp.scipy.jv(*alike(xp, v, x))


@op(x=lambda xp, g, x: -g * xp.special.y1(x), label="Y₀", sample=unary(0.5, 4.0))
def y0(xp: Any, x: Any, /) -> Any:
    """Bessel function of the second kind of order 0, element by element, for x > 0.

    >>> y0(1.0)
    Tensor(0.08825696, dtype=float32)
    """
    return xp.scipy.y0(x)


@op(
    x=lambda xp, g, x, out: g * (xp.special.y0(x) - out / x),
    label="Y₁",
    sample=unary(0.5, 4.0),
)
def y1(xp: Any, x: Any, /) -> Any:
    """Bessel function of the second kind of order 1, element by element, for x > 0.

    >>> y1(1.0)
    Tensor(-0.7812128, dtype=float32)
    """
    return xp.scipy.y1(x)


@op(
    x=lambda xp, g, n, x: g * (0.5 * (xp.special.yn(n - 1, x) - xp.special.yn(n + 1, x))),
    broadcast=True,
    underived=("n",),
    label="Yₙ",
    sample=of_order(0, 3, 0.7, 4.0),
)
def yn(xp: Any, n: Any, x: Any, /) -> Any:
    """Bessel function of the second kind of integer order n, element by element, for x > 0.

    >>> yn(2, [1.0])
    Tensor([-1.6506826], dtype=float32)
    """
    return xp.scipy.yn(*alike(xp, n, x))


@op(
    x=lambda xp, g, v, x: g * (0.5 * (xp.special.yv(v - 1, x) - xp.special.yv(v + 1, x))),
    broadcast=True,
    underived=("v",),
    label="Yᵥ",
    sample=of_order(0, 3, 0.7, 4.0),
)
def yv(xp: Any, v: Any, x: Any, /) -> Any:
    """Bessel function of the second kind of order v, element by element, for x > 0.

    >>> yv(0.5, 1.0)
    Tensor(-0.43109888, dtype=float32)
    """
    return xp.scipy.yv(*alike(xp, v, x))


@op(x=lambda xp, g, x: g * xp.special.i1(x), label="I₀", sample=unary(-3.0, 3.0))
def i0(xp: Any, x: Any, /) -> Any:
    """Modified Bessel function of the first kind of order 0, element by element.

    >>> i0([0.0, 1.0])
    Tensor([1.       , 1.2660658], dtype=float32)
    """
    return xp.scipy.i0(x)


@op(
    x=lambda xp, g, x: g * (0.5 * (xp.special.i0(x) + xp.special.iv(2, x))),
    label="I₁",
    sample=unary(-3.0, 3.0),
)
def i1(xp: Any, x: Any, /) -> Any:
    """Modified Bessel function of the first kind of order 1, element by element.

    >>> i1([0.0, 1.0])
    Tensor([0.       , 0.5651591], dtype=float32)
    """
    return xp.scipy.i1(x)


@op(
    x=lambda xp, g, x, out: g * (xp.special.i1e(x) - xp.sign(x) * out),
    label="e⁻ˣI₀",
    sample=unary(0.2, 3.0),
)
def i0e(xp: Any, x: Any, /) -> Any:
    """exp(-|x|) i0(x), element by element; its derivative at 0 is 0.

    >>> i0e([0.0, 1000.0])
    Tensor([1.        , 0.01261724], dtype=float32)
    """
    return xp.scipy.i0e(x)


@op(
    x=lambda xp, g, x, out: (
        g * (0.5 * (xp.special.i0e(x) + xp.special.ive(2, x)) - xp.sign(x) * out)
    ),
    label="e⁻ˣI₁",
    sample=unary(0.2, 3.0),
)
def i1e(xp: Any, x: Any, /) -> Any:
    """exp(-|x|) i1(x), element by element.

    >>> i1e([0.0, 1000.0])
    Tensor([0.        , 0.01261093], dtype=float32)
    """
    return xp.scipy.i1e(x)


@op(
    x=lambda xp, g, v, x: g * (0.5 * (xp.special.iv(v - 1, x) + xp.special.iv(v + 1, x))),
    broadcast=True,
    underived=("v",),
    label="Iᵥ",
    sample=of_order(0, 3, 0.3, 3.0),
)
def iv(xp: Any, v: Any, x: Any, /) -> Any:
    """Modified Bessel function of the first kind of order v, element by element.

    >>> iv(2, [0.0, 1.0])
    Tensor([0.        , 0.13574767], dtype=float32)
    """
    return xp.scipy.iv(*alike(xp, v, x))


@op(
    x=lambda xp, g, v, x, out: (
        g * (0.5 * (xp.special.ive(v - 1, x) + xp.special.ive(v + 1, x)) - xp.sign(x) * out)
    ),
    broadcast=True,
    underived=("v",),
    label="e⁻ˣIᵥ",
    sample=of_order(0, 3, 0.3, 3.0),
)
def ive(xp: Any, v: Any, x: Any, /) -> Any:
    """exp(-|x|) iv(v, x) of real x, element by element.

    >>> ive(2, [0.0, 1000.0])
    Tensor([0.        , 0.01259202], dtype=float32)
    """
    if getattr(x, "dtype", np.dtype(float)).kind == "c":
        raise TypeError("x is complex; expected real numbers, of which exp(-|x|) has a derivative")
    return xp.scipy.ive(*alike(xp, v, x))


@op(
    x=lambda xp, g, v, x: g * (-0.5 * (xp.special.kv(v - 1, x) + xp.special.kv(v + 1, x))),
    broadcast=True,
    underived=("v",),
    label="Kᵥ",
    sample=of_order(0, 3, 0.7, 3.0),
)
def kv(xp: Any, v: Any, x: Any, /) -> Any:
    """Modified Bessel function of the second kind of order v, element by element, for x > 0.

    >>> kv(0.5, 1.0)
    Tensor(0.4610685, dtype=float32)
    """
    return xp.scipy.kv(*alike(xp, v, x))


@op(
    x=lambda xp, g, v, x, out: (
        g * (out - 0.5 * (xp.special.kve(v - 1, x) + xp.special.kve(v + 1, x)))
    ),
    broadcast=True,
    underived=("v",),
    label="eˣKᵥ",
    sample=of_order(0, 3, 0.7, 3.0),
)
def kve(xp: Any, v: Any, x: Any, /) -> Any:
    """exp(x) kv(v, x), element by element, for x > 0.

    >>> kve(0.5, 1.0)
    Tensor(1.2533141, dtype=float32)
    """
    return xp.scipy.kve(*alike(xp, v, x))
