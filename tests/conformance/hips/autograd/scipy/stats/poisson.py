"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


def logpmf(k: Any, mu: Any) -> Any:
    """The logarithm of the probability."""
    return special.xlogy(k, mu) - mu - special.gammaln(k + 1)


def pmf(k: Any, mu: Any) -> Any:
    """The probability."""
    return np.exp(logpmf(k, mu))


def cdf(k: Any, mu: Any) -> Any:
    """The probability of no more."""
    return special.gammaincc(np.floor(k) + 1, mu)
