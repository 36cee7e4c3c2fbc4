"""Synthetic data follow the law they state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import synthetic


def test_seeds_and_generators() -> None:
    for make in (
        *(synthetic.hill, synthetic.curve, synthetic.regression),
        *(synthetic.spirals, synthetic.moons, synthetic.blobs),
    ):
        first: Any = make(50, seed=4)
        again: Any = make(50, seed=np.random.default_rng(4))
        other: Any = make(50, seed=5)
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


@given(st.integers(0, 60), st.integers(1, 7))
def test_classes_are_even_and_in_random_order(n: int, classes: int) -> None:
    for x, y in (
        synthetic.spirals(n, classes, seed=n),
        synthetic.blobs(n, classes, seed=n),
        synthetic.moons(n, seed=n),
    ):
        assert (x.shape, y.shape) == ((n, 2), (n,))
        assert x.dtype == np.float32
        assert y.dtype == np.uint8
        counts = np.bincount(y, minlength=1)
        assert counts.max() - counts.min() <= 1
    _, y = synthetic.blobs(1000, 2)
    assert 400 < np.count_nonzero(np.diff(y.astype(int))) < 600


def test_spirals_are_arms_turned_against_each_other() -> None:
    x, y = synthetic.spirals(3000, classes=3, turns=1.5, noise=0.0, seed=1)
    radius = np.hypot(*x.T)
    assert 0.99 < radius.max() <= 1 + 1e-6
    assert abs(radius.mean() - 0.5) < 0.02
    angle = np.arctan2(x[:, 1], x[:, 0]) - 2 * np.pi * (1.5 * radius + y / 3)
    np.testing.assert_allclose(np.cos(angle), 1, atol=1e-4)
    noisy, _ = synthetic.spirals(3000, classes=3, turns=1.5, noise=0.2, seed=1)
    np.testing.assert_allclose((noisy - x).std(axis=0), 0.2, atol=0.01)


def test_moons_are_half_circles() -> None:
    x, y = synthetic.moons(2000, noise=0.0)
    upper, lower = x[y == 0], x[y == 1] - [1, 0.5]
    for half in (upper, lower):
        np.testing.assert_allclose(np.hypot(*half.T), 1, atol=1e-5)
        assert abs(half[:, 0].mean()) < 0.05
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 1e-6
    assert synthetic.moons(2000, noise=0.3)[0].std() > x.std()


def test_blobs_are_round_and_lie_where_they_are_put() -> None:
    centers = [[0.0, 3.0, 1.0], [-4.0, 0.0, 2.0]]
    x, y = synthetic.blobs(20_000, centers, spread=0.5)
    for k, center in enumerate(centers):
        np.testing.assert_allclose(x[y == k].mean(axis=0), center, atol=0.02)
        np.testing.assert_allclose(np.cov(x[y == k].T), 0.25 * np.eye(3), atol=0.02)
    x, y = synthetic.blobs(8, 4, spread=0.0)
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    np.testing.assert_allclose(x, corners[y], atol=1e-6)


def test_regression_is_linear_with_noise() -> None:
    x, y = synthetic.regression(20_000, weights=(3.0, -1.0), bias=0.5, noise=0.25)
    assert (x.shape, y.shape) == ((20_000, 2), (20_000, 1))
    assert x.dtype == y.dtype == np.float32
    assert -1 <= x.min() < -0.99 < 0.99 < x.max() <= 1
    ones = np.ones((len(x), 1), np.float32)
    fitted, rest, _, _ = np.linalg.lstsq(np.concatenate([x, ones], axis=1), y, rcond=None)
    np.testing.assert_allclose(fitted[:, 0], [3, -1, 0.5], atol=0.02)
    assert np.sqrt(rest[0] / len(x)) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: synthetic.spirals(9, classes=0), "classes must be 1 to 256, got 0"),
        (lambda: synthetic.blobs(9, centers=257), "classes must be 1 to 256, got 257"),
        (lambda: synthetic.blobs(9, centers=[0.0, 1.0]), r"shape \(K, d\), got \(2,\)"),  # type: ignore[list-item]
        (lambda: synthetic.regression(9, weights=()), r"each feature, got shape \(0,\)"),
    ],
)
def test_what_cannot_be_drawn_is_said(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
