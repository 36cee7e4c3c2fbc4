"""The bundled digits: shapes, a fair split, and what is said without scikit-learn."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from data import digits

pytest.importorskip("sklearn", reason="scikit-learn carries the digits")


@pytest.mark.parametrize("fraction", [0.001, 0.2, 0.5, 0.999])
def test_every_image_is_in_one_of_the_two_sets(fraction: float) -> None:
    from sklearn.datasets import load_digits

    (x_train, y_train), (x_test, y_test) = digits.load_data(fraction, seed=3)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.shape == (len(y_train), 8, 8)
    assert x_test.shape == (len(y_test), 8, 8)
    bunch = load_digits()
    rows = np.column_stack([bunch.data, bunch.target])
    images, labels = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    ours = np.column_stack([images.reshape(1797, 64), labels])
    np.testing.assert_array_equal(ours[np.lexsort(ours.T)], rows[np.lexsort(rows.T)])
    counts = np.bincount(y_test, minlength=10)
    np.testing.assert_allclose(counts, fraction * np.bincount(bunch.target), atol=0.5)


def test_the_seed_decides() -> None:
    def order(seed: int) -> list[int]:
        return digits.load_data(seed=seed)[0][1].tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
    first = {digits.load_data(seed=seed)[0][0][0].tobytes() for seed in range(5)}
    assert len(first) == 5  # the order is the seed's too, not only what is in which set
    (_, y_train), (_, y_test) = digits.load_data()
    for y in (y_train, y_test):  # nor digit by digit
        assert np.count_nonzero(np.diff(y.astype(int))) > 0.8 * len(y)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 20, float("nan")])
def test_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, got {fraction}"):
        digits.load_data(fraction)


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'autodiff-tape\[datasets\]'"):
        digits.load_data()
