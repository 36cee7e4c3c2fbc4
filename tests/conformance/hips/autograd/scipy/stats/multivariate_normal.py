"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def logpdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """The density's logarithm; of a singular covariance on what it spans."""
    d = x - mean
    if allow_singular:
        w, _ = np.linalg.eigh(cov)
        inverse, large = np.linalg.pinv(cov), w > 1e-10 * np.max(w)
        rank, size = np.sum(large), np.sum(np.log(np.where(large, w, 1.0)))
        square = np.sum(d * np.matmul(d, inverse), axis=-1)
    else:
        rank, size = np.shape(cov)[-1], np.linalg.slogdet(cov)[1]
        square = np.sum(d * np.transpose(np.linalg.solve(cov, np.transpose(d))), axis=-1)
    return -0.5 * (square + size + rank * math.log(2 * math.pi))


def pdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """The density."""
    return np.exp(logpdf(x, mean, cov, allow_singular))


def entropy(mean: Any, cov: Any) -> Any:
    """Minus the mean of the density's logarithm, whatever the mean."""
    n = np.shape(cov)[-1]
    return 0.5 * (np.linalg.slogdet(cov)[1] + n * math.log(2 * math.pi * math.e))
