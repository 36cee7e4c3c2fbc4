"""The chi-squared distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import gamma


def logpdf(x: Any, df: Any) -> Any:
    """The density's logarithm."""
    return gamma.logpdf(x / 2, df / 2) - math.log(2)


def pdf(x: Any, df: Any) -> Any:
    """The density."""
    return np.exp(logpdf(x, df))


def cdf(x: Any, df: Any) -> Any:
    """The probability of less."""
    return gamma.cdf(x / 2, df / 2)
