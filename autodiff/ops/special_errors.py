"""The error function's relatives, the normal distribution, logistic functions and entropies.

Computed by SciPy, on a GPU by CuPy's version of it. The derivatives follow from the definitions;
those of inverses are one over the function's.
"""

from __future__ import annotations

import math
from typing import Any

from ..arrays._backend import PYTHON_SCALARS
from ..engine._op import op
from ..engine._samples import binary, unary
from .special_samples import alike

__all__ = [
    "entr",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp1",
    "expi",
    "kl_div",
    "log_expit",
    "log_ndtr",
    "logit",
    "ndtr",
    "ndtri",
    "rel_entr",
    "xlog1py",
    "xlogy",
]

_SLOPE = 2 / math.sqrt(math.pi)
_WIDTH = math.sqrt(2 * math.pi)


@op(x=lambda xp, g, x: -g * (_SLOPE * xp.exp(-x * x)), label="erfc", sample=unary(-3.0, 3.0))
def erfc(xp: Any, x: Any, /) -> Any:
    """1 - erf(x), element by element, to the last digits where that is small.

    >>> erfc([0.0, 5.0])
    Tensor([1.0000000e+00, 1.5374598e-12], dtype=float32)
    """
    return xp.scipy.erfc(x)


@op(x=lambda g, x, out: g * (2 * x * out - _SLOPE), label="erfcx", sample=unary(-1.5, 3.0))
def erfcx(xp: Any, x: Any, /) -> Any:
    """exp(x²) erfc(x), element by element.

    >>> erfcx([0.0, 1000.0])
    Tensor([1.000000e+00, 5.641893e-04], dtype=float32)
    """
    return xp.scipy.erfcx(x)


@op(x=lambda xp, g, out: g * (xp.exp(out * out) / _SLOPE), label="erf⁻¹", sample=unary(-0.9, 0.9))
def erfinv(xp: Any, x: Any, /) -> Any:
    """y with erf(y) = x, element by element, for x from -1 to 1.

    >>> erfinv([0.0, 0.5])
    Tensor([0.       , 0.4769363], dtype=float32)
    """
    return xp.scipy.erfinv(x)


@op(x=lambda xp, g, out: -g * (xp.exp(out * out) / _SLOPE), label="erfc⁻¹", sample=unary(0.2, 1.8))
def erfcinv(xp: Any, x: Any, /) -> Any:
    """y with erfc(y) = x, element by element, for x from 0 to 2.

    >>> erfcinv([1.0, 0.5])
    Tensor([0.       , 0.4769363], dtype=float32)
    """
    return xp.scipy.erfcinv(x)


@op(x=lambda xp, g, x: g * (xp.exp(-0.5 * x * x) / _WIDTH), label="Φ", sample=unary(-3.0, 3.0))
def ndtr(xp: Any, x: Any, /) -> Any:
    """The normal distribution's cumulative function, (1 + erf(x / √2)) / 2, element by element.

    >>> ndtr([0.0, 2.0])
    Tensor([0.5       , 0.97724986], dtype=float32)
    """
    return xp.scipy.ndtr(x)


@op(
    x=lambda xp, g, x, out: g * xp.exp(-0.5 * x * x - out - math.log(_WIDTH)),
    label="ln Φ",
    sample=unary(-3.0, 3.0),
)
def log_ndtr(xp: Any, x: Any, /) -> Any:
    """log(ndtr(x)), element by element; no tail of it is too far out.

    >>> log_ndtr([0.0, -40.0])
    Tensor([-6.9314718e-01, -8.0460846e+02], dtype=float32)
    """
    return xp.scipy.log_ndtr(x)


@op(
    x=lambda xp, g, out: g * (_WIDTH * xp.exp(0.5 * out * out)), label="Φ⁻¹", sample=unary(0.1, 0.9)
)
def ndtri(xp: Any, x: Any, /) -> Any:
    """y with ndtr(y) = x, element by element: quantiles of the normal distribution.

    >>> ndtri([0.5, 0.975])
    Tensor([0.      , 1.959964], dtype=float32)
    """
    return xp.scipy.ndtri(x)


@op(x=lambda g, x: g / (x * (1 - x)), label="logit", sample=unary(0.1, 0.9))
def logit(xp: Any, x: Any, /) -> Any:
    """log(x / (1 - x)), element by element, the inverse of the sigmoid.

    >>> logit([0.5, 0.9])
    Tensor([0.       , 2.1972244], dtype=float32)
    """
    return xp.scipy.logit(x)


@op(x=lambda xp, g, x: g * xp.sigmoid(-x), label="ln σ", sample=unary(-4.0, 4.0))
def log_expit(xp: Any, x: Any, /) -> Any:
    """log(sigmoid(x)), element by element.

    >>> log_expit([0.0, -1000.0])
    Tensor([-6.931472e-01, -1.000000e+03], dtype=float32)
    """
    return xp.scipy.log_expit(x)


def _ratio(xp: Any, x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0."""
    if type(y) in PYTHON_SCALARS:
        return x / y if y else x * 0
    return x / xp.where((x == 0) & (y == 0), xp.ones_like(y), y)


@op(
    x=lambda xp, g, y: g * (math.log(y) if type(y) in PYTHON_SCALARS else xp.log(y)),
    y=lambda xp, g, x, y: g * _ratio(xp, x, y),
    broadcast=True,
    label="x ln y",
    sample=binary((0.2, 3.0), (0.3, 3.0)),
)
def xlogy(xp: Any, x: Any, y: Any, /) -> Any:
    """x log(y), element by element, and 0 where x is 0, of which y whatsoever.

    >>> xlogy([0.0, 2.0], [0.0, 1.0])
    Tensor([0., 0.], dtype=float32)
    """
    return xp.scipy.xlogy(*alike(xp, x, y))


@op(
    x=lambda xp, g, y: g * (math.log1p(y) if type(y) in PYTHON_SCALARS else xp.log1p(y)),
    y=lambda xp, g, x, y: g * _ratio(xp, x, y + 1),
    broadcast=True,
    label="x ln 1+y",
    sample=binary((0.2, 3.0), (-0.5, 2.0)),
)
def xlog1py(xp: Any, x: Any, y: Any, /) -> Any:
    """x log(1 + y), element by element, and 0 where x is 0.

    >>> xlog1py([0.0, 2.0], [-1.0, 0.0])
    Tensor([0., 0.], dtype=float32)
    """
    return xp.scipy.xlog1py(*alike(xp, x, y))


@op(x=lambda xp, g, x: -g * (xp.log(x) + 1), label="−x ln x", sample=unary(0.2, 2.0))
def entr(xp: Any, x: Any, /) -> Any:
    """-x log(x), element by element, the parts of an entropy; 0 at 0, -inf below.

    >>> entr([0.0, 0.5])
    Tensor([0.       , 0.3465736], dtype=float32)
    """
    return xp.scipy.entr(x)


@op(
    x=lambda xp, g, x, y: g * (xp.log(x / y) + 1),
    y=lambda g, x, y: -g * (x / y),
    broadcast=True,
    label="x ln x/y",
    sample=binary((0.2, 2.0), (0.3, 2.0)),
)
def rel_entr(xp: Any, x: Any, y: Any, /) -> Any:
    """x log(x / y), element by element, the parts of a Kullback-Leibler divergence; 0 where x is 0.

    >>> rel_entr([0.0, 0.5], [0.5, 0.25])
    Tensor([0.       , 0.3465736], dtype=float32)
    """
    return xp.scipy.rel_entr(*alike(xp, x, y))


@op(
    x=lambda xp, g, x, y: g * xp.log(x / y),
    y=lambda g, x, y: g * (1 - x / y),
    broadcast=True,
    label="KL",
    sample=binary((0.2, 2.0), (0.3, 2.0)),
)
def kl_div(xp: Any, x: Any, y: Any, /) -> Any:
    """x log(x / y) - x + y, element by element, which is never negative.

    >>> kl_div([0.0, 0.5], [0.5, 0.5])
    Tensor([0.5, 0. ], dtype=float32)
    """
    return xp.scipy.kl_div(*alike(xp, x, y))


@op(x=lambda xp, g, x: -g * (xp.exp(-x) / x), label="E₁", sample=unary(0.3, 3.0))
def exp1(xp: Any, x: Any, /) -> Any:
    """The exponential integral of exp(-t) / t from x to infinity, element by element.

    >>> exp1(1.0)
    Tensor(0.21938393, dtype=float32)
    """
    return xp.scipy.exp1(x)


@op(x=lambda xp, g, x: g * (xp.exp(x) / x), label="Ei", sample=unary(0.3, 3.0))
def expi(xp: Any, x: Any, /) -> Any:
    """The exponential integral of exp(t) / t from minus infinity to x, element by element.

    >>> expi(1.0)
    Tensor(1.8951178, dtype=float32)
    """
    return xp.scipy.expi(x)
