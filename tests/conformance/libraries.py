"""Functions of SciPy and scikit-learn that take any arrays of the Array API, called on Tensors.

SciPy looks at its environment when it is imported, so this is a program of its own: it prints the
name of each function whose values are those on NumPy's arrays and whose gradients are right.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from scipy import integrate, special, stats
from sklearn.metrics import pairwise

import autodiff as ad
from autodiff.testing import check_gradients

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "scipy.special.logsumexp": lambda x: special.logsumexp(x, axis=1),
    "scipy.special.softmax": lambda x: special.softmax(x, axis=0),
    "scipy.integrate.trapezoid": lambda x: integrate.trapezoid(x, dx=0.5),
    "scipy.stats.zscore": lambda x: stats.zscore(x, axis=1),
    "scipy.stats.skew": lambda x: stats.skew(x, axis=1),
    "scipy.stats.kurtosis": lambda x: stats.kurtosis(x, axis=1),
    "scipy.stats.gmean": lambda x: stats.gmean(x * x + 1, axis=1),
    "scipy.stats.pearsonr": lambda x: stats.pearsonr(x[0], x[1]).statistic,
    "sklearn.metrics.pairwise.polynomial_kernel": pairwise.polynomial_kernel,
    "sklearn.metrics.pairwise.rbf_kernel": lambda x: pairwise.rbf_kernel(x, 2 * x + 1),
    "sklearn.metrics.pairwise.cosine_similarity": pairwise.cosine_similarity,
}


def main() -> None:
    """Call and differentiate each."""
    x = np.random.default_rng(0).normal(size=(3, 4))
    with sklearn.config_context(array_api_dispatch=True):
        for name, f in FUNCTIONS.items():
            found = f(ad.asarray(x))
            assert isinstance(found, ad.Tensor), f"{name} gives {type(found).__name__}"
            np.testing.assert_allclose(found.numpy(), f(x), rtol=1e-12)
            check_gradients(f, x, order=1)
            print(name)


if __name__ == "__main__":
    main()
