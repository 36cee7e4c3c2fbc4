"""Synthetic data follow the law they state."""

from __future__ import annotations

import numpy as np
import pytest

from data import synthetic


def test_seeds_and_generators() -> None:
    for make in (synthetic.hill, synthetic.curve):
        first, again = make(50, seed=4), make(50, seed=np.random.default_rng(4))
        other = make(50, seed=5)
        for a, b, c in zip(first, again, other, strict=True):
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)


def test_hill_labels_come_with_their_probability() -> None:
    x, y = synthetic.hill(100_000, seed=0)
    assert (x.shape, y.shape) == ((100_000, 2), (100_000, 1))
    assert x.dtype == y.dtype == np.float32
    assert set(np.unique(y)) == {0, 1}
    np.testing.assert_allclose(x.mean(axis=0), 0.5, atol=0.005)
    np.testing.assert_allclose(x.var(axis=0), 1 / 12, atol=0.002)
    p = synthetic.hill_probability(x)
    tenth = (p * 10).astype(int)
    for k in range(10):
        inside = tenth == k
        error = np.sqrt(0.25 / inside.sum())
        assert abs(y[inside].mean() - p[inside].mean()) < 4 * error


def test_hill_is_even_odds_where_the_formula_says() -> None:
    angle = np.linspace(0, 2 * np.pi, 7)[:, np.newaxis]
    radius = np.sqrt(np.log(2) / 8)
    circle = 0.5 + radius * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    np.testing.assert_allclose(synthetic.hill_probability(circle), 0.5, atol=1e-12)


def test_the_best_accuracy_is_what_the_best_rule_reaches() -> None:
    best = synthetic.hill_best_accuracy()
    assert best == pytest.approx(0.881, abs=5e-4)
    x, y = synthetic.hill(100_000, seed=1)
    p = synthetic.hill_probability(x)
    assert synthetic.hill_best_accuracy(x) == pytest.approx(best, abs=0.002)
    reached = ((p > 0.5) == y).mean()
    assert reached == pytest.approx(best, abs=0.004)
    for threshold in (0.3, 0.7):  # any other rule does worse
        assert ((p > threshold) == y).mean() < reached


@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_curve_is_the_function_and_its_noise(noise: float) -> None:
    x, y = synthetic.curve(20_000, f=np.cos, noise=noise, seed=2)
    assert (x.shape, y.shape) == ((20_000, 1), (20_000, 1))
    assert x.dtype == y.dtype == np.float32
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() <= 1
    rest = y - np.cos(x)
    np.testing.assert_allclose(rest.std(), noise, atol=0.01)
    np.testing.assert_allclose(rest.mean(), 0, atol=0.01)
