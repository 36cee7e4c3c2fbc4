"""Special functions under SciPy's names, differentiable: gamma, error, Bessel and their relatives.

They are computed by SciPy (`pip install 'autodiff-tape[special]'`), on a GPU by CuPy's version of
it. SciPy's own ufuncs take Tensors, too: `scipy.special.gammaln(x)` is `ad.special.gammaln(x)`.

>>> import autodiff as ad
>>> ad.grad(ad.special.gammaln)(3.0)
Tensor(0.9227843, dtype=float32)
"""

from __future__ import annotations

import math
from typing import Any

from .engine._tensor import Tensor
from .ops.activations import erf as erf
from .ops.activations import logsumexp as _logsumexp
from .ops.activations import sigmoid
from .ops.comparison import isfinite
from .ops.creation import asarray, ones_like, stop_gradient
from .ops.elementwise import abs, exp, log, sign
from .ops.elementwise import expm1 as expm1
from .ops.elementwise import log1p as log1p
from .ops.reductions import max, sum
from .ops.selection import where
from .ops.shaping import reshape
from .ops.special_bessel import (
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jv,
    kv,
    kve,
    y0,
    y1,
    yn,
    yv,
)
from .ops.special_errors import (
    entr,
    erfc,
    erfcinv,
    erfcx,
    erfinv,
    exp1,
    expi,
    kl_div,
    log_expit,
    log_ndtr,
    logit,
    ndtr,
    ndtri,
    rel_entr,
    xlog1py,
    xlogy,
)
from .ops.special_gamma import (
    beta,
    betainc,
    betaincinv,
    betaln,
    digamma,
    gamma,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    gammasgn,
    polygamma,
    rgamma,
)

__all__ = [
    "beta",
    "betainc",
    "betaincinv",
    "betaln",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp1",
    "expi",
    "expit",
    "expm1",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammaln",
    "gammasgn",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "iv",
    "ive",
    "j0",
    "j1",
    "jn",
    "jv",
    "kl_div",
    "kv",
    "kve",
    "log1p",
    "log_expit",
    "log_ndtr",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "rel_entr",
    "rgamma",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "yn",
    "yv",
]

#: SciPy's other names
expit, psi, jn = sigmoid, digamma, jv


def multigammaln(a: Any, d: int, /) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension d, element by element.

    d (d - 1) / 4 log π + Σ gammaln(a - j / 2) for j from 0 to d - 1, for a > (d - 1) / 2.

    Raises:
        ValueError: d is no positive whole number.

    >>> multigammaln(3.0, 1)
    Tensor(0.6931472, dtype=float32)
    """
    if d < 1 or d != int(d):
        raise ValueError(f"multigammaln: d is {d!r}; expected 1, 2, 3, ...")
    total = gammaln(a) + 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(1, int(d)):
        total = total + gammaln(a - 0.5 * j)
    return total


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log(sum(b exp(a))) over `axis` without the overflow; -inf of no or only zero terms.

    Args:
        a: exponents.
        axis: one or several; by default all.
        b: factors that broadcast against a; those that are 0 leave their terms out.
        keepdims: keep the summed axes with length 1.
        return_sign: also give the sign of the sum, whose logarithm is then that of its size;
            else that of a negative sum is NaN.

    >>> logsumexp([1000.0, 1000.0], b=[1.0, 2.0])
    Tensor(1001.0986, dtype=float32)
    """
    if b is None and not return_sign:
        return _logsumexp(a, axis=axis, keepdims=keepdims)
    a = asarray(a)
    b = ones_like(a) if b is None else asarray(b)
    a = where(b == 0, -math.inf, a)
    top = stop_gradient(max(a, axis=axis, keepdims=True))
    top = where(isfinite(top), top, 0.0)
    total = sum(b * exp(a - top), axis=axis, keepdims=keepdims)
    top = reshape(top, total.shape)
    if return_sign:
        return log(abs(total)) + top, sign(total)
    return log(total) + top
