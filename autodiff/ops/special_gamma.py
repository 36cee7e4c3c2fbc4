"""Gamma and beta functions, their logarithms, derivatives, incomplete integrals and inverses.

Computed by SciPy, on a GPU by CuPy's version of it. Derivatives are those of NIST's Digital
Library of Mathematical Functions, chapters 5 and 8.
"""

from __future__ import annotations

import math
from typing import Any

from ..arrays._backend import PYTHON_SCALARS
from ..engine._op import op
from ..engine._samples import binary, unary
from .special_samples import alike, fractions, of_order

__all__ = [
    "beta",
    "betainc",
    "betaincinv",
    "betaln",
    "digamma",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammaln",
    "gammasgn",
    "polygamma",
    "rgamma",
]


@op(x=lambda xp, g, x, out: g * out * xp.special.digamma(x), label="Γ", sample=unary(0.5, 3.0))
def gamma(xp: Any, x: Any, /) -> Any:
    """The gamma function Γ(x), element by element; Γ(n + 1) = n!.

    >>> gamma([5.0, 0.5])
    Tensor([24.       ,  1.7724539], dtype=float32)
    """
    return xp.scipy.gamma(x)


@op(x=lambda xp, g, x: g * xp.special.digamma(x), label="ln Γ", sample=unary(0.5, 4.0))
def gammaln(xp: Any, x: Any, /) -> Any:
    """log |Γ(x)| of real numbers, element by element, without the overflow.

    >>> gammaln([3.0, 1000.0])
    Tensor([6.931472e-01, 5.905220e+03], dtype=float32)
    """
    return xp.scipy.gammaln(x)


@op(x=lambda xp, g, x, out: -g * out * xp.special.digamma(x), label="1/Γ", sample=unary(0.5, 3.0))
def rgamma(xp: Any, x: Any, /) -> Any:
    """1 / Γ(x), element by element; 0 at 0, -1, -2, ..., where the gradient is NaN.

    >>> rgamma([3.0, -1.0])
    Tensor([0.5, 0. ], dtype=float32)
    """
    return xp.scipy.rgamma(x)


@op(x=lambda xp, g: xp.zeros_like(g), label="sign Γ", sample=unary(0.2, 3.0))
def gammasgn(xp: Any, x: Any, /) -> Any:
    """The sign of Γ(x), element by element; its derivative is 0.

    >>> gammasgn([0.5, -0.5])
    Tensor([ 1., -1.], dtype=float32)
    """
    return xp.scipy.gammasgn(x)


@op(x=lambda xp, g, x: g * xp.special.polygamma(1, x), label="ψ", sample=unary(0.5, 4.0))
def digamma(xp: Any, x: Any, /) -> Any:
    """The derivative of log Γ(x), element by element, also called psi.

    >>> digamma(1.0)
    Tensor(-0.5772157, dtype=float32)
    """
    return xp.scipy.psi(x)


@op(
    x=lambda xp, g, n, x: g * xp.special.polygamma(n + 1, x),
    broadcast=True,
    underived=("n",),
    label="ψ⁽ⁿ⁾",
    sample=of_order(0, 3, 0.7, 3.0),
)
def polygamma(xp: Any, n: Any, x: Any, /) -> Any:
    """The n-th derivative of digamma at x > 0, element by element; n = 0, 1, 2, ...

    (-1)^(n + 1) n! ζ(n + 1, x).

    Raises:
        ValueError: n is a number, but none of those.

    >>> polygamma(1, [1.0, 2.0])
    Tensor([1.644934  , 0.64493406], dtype=float32)
    """
    if type(n) not in PYTHON_SCALARS:
        n, x = alike(xp, n, x)
        size = (2 * xp.remainder(n, 2) - 1) * xp.scipy.gamma(n + 1)
        return xp.where(n == 0, xp.scipy.psi(x), size * xp.scipy.zeta(n + 1, x))
    if n < 0 or n != int(n):
        raise ValueError(f"n is {n!r}; expected 0, 1, 2, ...")
    if n == 0:
        return xp.scipy.psi(x)
    return (-1.0) ** (n + 1) * math.gamma(n + 1) * xp.scipy.zeta(n + 1, x)


@op(
    a=lambda xp, g, a, b, out: g * out * (xp.special.digamma(a) - xp.special.digamma(a + b)),
    b=lambda xp, g, a, b, out: g * out * (xp.special.digamma(b) - xp.special.digamma(a + b)),
    broadcast=True,
    label="B",
    sample=binary((0.7, 3.0), (0.7, 3.0)),
)
def beta(xp: Any, a: Any, b: Any, /) -> Any:
    """The beta function Γ(a) Γ(b) / Γ(a + b), element by element.

    >>> beta([2.0, 3.0], 1.0)
    Tensor([0.5       , 0.33333334], dtype=float32)
    """
    return xp.scipy.beta(*alike(xp, a, b))


@op(
    a=lambda xp, g, a, b: g * (xp.special.digamma(a) - xp.special.digamma(a + b)),
    b=lambda xp, g, a, b: g * (xp.special.digamma(b) - xp.special.digamma(a + b)),
    broadcast=True,
    label="ln B",
    sample=binary((0.7, 3.0), (0.7, 3.0)),
)
def betaln(xp: Any, a: Any, b: Any, /) -> Any:
    """log |B(a, b)|, the logarithm of the beta function, element by element.

    >>> betaln(2.0, 1.0)
    Tensor(-0.6931472, dtype=float32)
    """
    return xp.scipy.betaln(*alike(xp, a, b))


def _gamma_density(xp: Any, a: Any, x: Any) -> Any:
    """x^(a - 1) exp(-x) / Γ(a)"""
    a, x = alike(xp, a, x)
    size = math.lgamma(a) if type(a) in PYTHON_SCALARS else xp.special.gammaln(a)
    return xp.exp(xp.special.xlogy(a - 1, x) - x - size)


@op(
    x=lambda xp, g, a, x: g * _gamma_density(xp, a, x),
    broadcast=True,
    underived=("a",),
    label="P",
    sample=of_order(1, 4, 0.5, 4.0),
)
def gammainc(xp: Any, a: Any, x: Any, /) -> Any:
    """Regularised lower incomplete gamma function P(a, x), element by element.

    The integral of t^(a - 1) exp(-t) from 0 to x, divided by Γ(a). There is a derivative by x, and
    none by a: to ask for that raises.

    >>> gammainc(1, [0.0, 1.0])
    Tensor([0.        , 0.63212055], dtype=float32)
    """
    return xp.scipy.gammainc(*alike(xp, a, x))


@op(
    x=lambda xp, g, a, x: -g * _gamma_density(xp, a, x),
    broadcast=True,
    underived=("a",),
    label="Q",
    sample=of_order(1, 4, 0.5, 4.0),
)
def gammaincc(xp: Any, a: Any, x: Any, /) -> Any:
    """1 - P(a, x), the regularised upper incomplete gamma function, element by element.

    There is a derivative by x, and none by a: to ask for that raises.

    >>> gammaincc(1, [0.0, 1.0])
    Tensor([1.        , 0.36787945], dtype=float32)
    """
    return xp.scipy.gammaincc(*alike(xp, a, x))


@op(
    y=lambda xp, g, a, out: g / _gamma_density(xp, a, out),
    broadcast=True,
    underived=("a",),
    label="P⁻¹",
    sample=of_order(1, 4, 0.1, 0.9),
)
def gammaincinv(xp: Any, a: Any, y: Any, /) -> Any:
    """x with gammainc(a, x) = y, element by element: quantiles of the gamma distribution.

    There is a derivative by y, and none by a: to ask for that raises.

    >>> gammaincinv(1, [0.0, 0.63212056])
    Tensor([0., 1.], dtype=float32)
    """
    return xp.scipy.gammaincinv(*alike(xp, a, y))


@op(
    y=lambda xp, g, a, out: -g / _gamma_density(xp, a, out),
    broadcast=True,
    underived=("a",),
    label="Q⁻¹",
    sample=of_order(1, 4, 0.1, 0.9),
)
def gammainccinv(xp: Any, a: Any, y: Any, /) -> Any:
    """x with gammaincc(a, x) = y, element by element.

    There is a derivative by y, and none by a: to ask for that raises.

    >>> gammainccinv(1, [1.0, 0.36787945])
    Tensor([0., 1.], dtype=float32)
    """
    return xp.scipy.gammainccinv(*alike(xp, a, y))


def _beta_density(xp: Any, a: Any, b: Any, x: Any) -> Any:
    """x^(a - 1) (1 - x)^(b - 1) / B(a, b)"""
    if type(a) in PYTHON_SCALARS and type(b) in PYTHON_SCALARS:
        size: Any = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    else:
        a, b, _ = alike(xp, a, b, x)
        size = xp.special.betaln(a, b)
    return xp.exp(xp.special.xlogy(a - 1, x) + xp.special.xlog1py(b - 1, -x) - size)


@op(
    x=lambda xp, g, a, b, x: g * _beta_density(xp, a, b, x),
    broadcast=True,
    underived=("a", "b"),
    label="I",
    sample=fractions,
)
def betainc(xp: Any, a: Any, b: Any, x: Any, /) -> Any:
    """Regularised incomplete beta function I(a, b, x) for x from 0 to 1, element by element.

    The integral of t^(a - 1) (1 - t)^(b - 1) from 0 to x, divided by B(a, b). There is a derivative
    by x, and none by a and b: to ask for those raises.

    >>> betainc(2.0, 1.0, [0.5, 1.0])
    Tensor([0.25, 1.  ], dtype=float32)
    """
    return xp.scipy.betainc(*alike(xp, a, b, x))


@op(
    y=lambda xp, g, a, b, out: g / _beta_density(xp, a, b, out),
    broadcast=True,
    underived=("a", "b"),
    label="I⁻¹",
    sample=fractions,
)
def betaincinv(xp: Any, a: Any, b: Any, y: Any, /) -> Any:
    """x with betainc(a, b, x) = y, element by element: quantiles of the beta distribution.

    There is a derivative by y, and none by a and b: to ask for those raises.

    >>> betaincinv(2.0, 1.0, [0.25, 1.0])
    Tensor([0.5, 1. ], dtype=float32)
    """
    return xp.scipy.betaincinv(*alike(xp, a, b, y))
