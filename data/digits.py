"""Digits: 1,797 handwritten digits of 8×8 pixels, bundled with scikit-learn: no download."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data._split import drawn

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(test_fraction: float = 0.2, seed: int = 0) -> tuple[Pair, Pair]:
    """((x_train, y_train), (x_test, y_test)), shuffled, with every digit's share in the test set.

    x: uint8, (N, 8, 8), values 0 (background) to 16; y: uint8, (N,), the digits 0 to 9. For the
        default fraction N is 1438 and 359.
    test_fraction: above 0 and below 1; of each digit's rows, rounded, this part is the test set.
    seed: the same seed gives the same split and order.

    Raises ValueError for a fraction out of range, ImportError where scikit-learn is not installed.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_train.shape, x_test.shape, y_test.shape
    ((1438, 8, 8), (1438,), (359, 8, 8), (359,))
    >>> int(x_train.min()), int(x_train.max())
    (0, 16)

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI (1998), its
    test set, as `sklearn.datasets.load_digits` carries it.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "data.digits reads its images from scikit-learn, which is not installed: "
            "pip install 'autodiff-tape[datasets]'"
        ) from error
    bunch = load_digits()
    x, y = bunch.images.astype(np.uint8), bunch.target.astype(np.uint8)
    train, test = drawn(len(y), test_fraction, np.random.default_rng(seed), labels=y)
    return (x[train], y[train]), (x[test], y[test])
