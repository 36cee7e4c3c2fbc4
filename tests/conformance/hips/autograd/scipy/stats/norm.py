"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special


def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density's logarithm."""
    z = (x - loc) / scale
    return -0.5 * z * z - np.log(scale) - 0.5 * math.log(2 * math.pi)


def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(logpdf(x, loc, scale))


def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of less."""
    return special.ndtr((x - loc) / scale)


def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of more."""
    return special.ndtr((loc - x) / scale)


def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the probability of less."""
    return special.log_ndtr((x - loc) / scale)


def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the probability of more."""
    return special.log_ndtr((loc - x) / scale)
