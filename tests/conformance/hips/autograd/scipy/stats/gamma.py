"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


def logpdf(x: Any, a: Any) -> Any:
    """The density's logarithm."""
    return special.xlogy(a - 1, x) - x - special.gammaln(a)


def pdf(x: Any, a: Any) -> Any:
    """The density."""
    return np.exp(logpdf(x, a))


def cdf(x: Any, a: Any) -> Any:
    """The probability of less."""
    return special.gammainc(a, x)
