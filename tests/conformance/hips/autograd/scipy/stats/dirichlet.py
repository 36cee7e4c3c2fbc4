"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy import special

rvs = scipy.stats.dirichlet.rvs


def logpdf(x: Any, alpha: Any) -> Any:
    """The density's logarithm."""
    size = special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha))
    return np.sum(special.xlogy(alpha - 1, x)) + size


def pdf(x: Any, alpha: Any) -> Any:
    """The density."""
    return np.exp(logpdf(x, alpha))
