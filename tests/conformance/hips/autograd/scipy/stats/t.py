"""Student's distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density's logarithm."""
    z = (x - loc) / scale
    size = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(math.pi * df)
    return size - np.log(scale) - (df + 1) / 2 * np.log1p(z * z / df)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(logpdf(x, df, loc, scale))


def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of less."""
    z = (x - loc) / scale
    tail = 0.5 * special.betainc(df / 2, 0.5, df / (df + z * z))
    return np.where(z > 0, 1 - tail, tail)


def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the probability of less."""
    return np.log(cdf(x, df, loc, scale))
