"""The lectures' numbers about losses."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autodiff as ad
from nn import losses, metrics

#: the 2-2-2 sigmoid net's targets and outputs
TARGET = np.array([[0.01, 0.99]])
OUTPUT = np.array([[0.7513650696, 0.7729284653]])


def test_cross_entropies_of_the_true_class() -> None:
    """Probabilities 0.2, 0.7, 0.9 and 1.0 cost 1.61, 0.357, 0.105 and 0."""
    p = np.array([0.2, 0.7, 0.9, 1.0])
    probabilities = np.stack([p, 1 - p], axis=1)
    sparse = losses.SparseCategoricalCrossentropy(reduction="none")([0] * 4, probabilities)
    one_hot = losses.CategoricalCrossentropy(reduction=None)([[1, 0]] * 4, probabilities)
    for found in (sparse, one_hot):
        assert found.numpy() == pytest.approx([1.61, 0.357, 0.105, 0], abs=5e-3)
        assert found.numpy() == pytest.approx(-np.log(p), abs=2e-7)


def test_the_mean_over_a_batch_of_images() -> None:
    p = np.array([0.2, 0.7, 0.9, 1.0])
    loss = losses.SparseCategoricalCrossentropy()
    found = float(loss([0] * 4, np.stack([p, 1 - p], axis=1)))
    assert found == pytest.approx((1.609 + 0.357 + 0.105) / 4, abs=1e-3)


def test_the_quadratic_cost_of_the_worked_net() -> None:
    """½Σ(t − o)² = 0.2983711088, and its derivative by each output is o − t."""
    output = ad.Variable(OUTPUT)
    with ad.GradientTape() as tape:
        cost = losses.QuadraticCost()(TARGET, output)
    assert float(cost) == pytest.approx(0.2983711088, abs=1e-9)
    assert tape.gradient(cost, output).numpy() == pytest.approx(OUTPUT - TARGET)


def test_the_quadratic_cost_of_n_samples() -> None:
    """½ n⁻¹ Σ‖y − a‖²: half of D times the mean squared error."""
    y, a = np.random.default_rng(0).normal(size=(2, 5, 3))
    expected = sum(((y[k] - a[k]) ** 2).sum() for k in range(5)) / 2 / 5
    assert float(losses.QuadraticCost()(y, a)) == pytest.approx(expected)
    assert float(losses.MeanSquaredError()(y, a)) * 3 / 2 == pytest.approx(expected)


def test_the_logistic_loss_is_the_cross_entropy_of_labels_of_plus_and_minus_1() -> None:
    """ln(1 + e^(−yz)), which the slides also print as ln(1 + e^z) − yz for y of 0 and 1."""
    z = np.random.default_rng(1).normal(size=(9, 1)) * 3
    sign = np.where(np.arange(9)[:, None] % 2, 1.0, -1.0)
    bit = (sign + 1) / 2
    found = float(losses.Logistic()(sign, z))
    assert found == pytest.approx(np.log(1 + np.exp(-sign * z)).mean())
    assert found == pytest.approx((np.log(1 + np.exp(z)) - bit * z).mean())
    assert found == pytest.approx(float(losses.BinaryCrossentropy(from_logits=True)(bit, z)))
    assert found == pytest.approx(float(losses.Logistic()(bit, z)))


def test_a_sum_of_binary_cross_entropies_is_no_categorical_one() -> None:
    """One lecture writes the sum of both terms over the classes and calls it categorical."""
    y, p = np.array([[0.0, 1.0, 0.0]]), np.array([[0.2, 0.7, 0.1]])
    binary = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
    assert 3 * float(losses.BinaryCrossentropy()(y, p)) == pytest.approx(binary)
    assert float(losses.CategoricalCrossentropy()(y, p)) == pytest.approx(-math.log(0.7))
    assert binary == pytest.approx(-math.log(0.7) - math.log(0.8) - math.log(0.9))


def test_the_divergence_is_the_cross_entropy_less_the_entropy() -> None:
    y, p = np.array([[0.1, 0.6, 0.3]]), np.array([[0.2, 0.5, 0.3]])
    divergence = float(losses.KLDivergence()(y, p))
    entropy = -(y * np.log(y)).sum()
    crossed = float(losses.CategoricalCrossentropy()(y, p))
    assert divergence == pytest.approx(crossed - entropy)
    assert float(losses.KLDivergence()(y, y)) == pytest.approx(0)


def test_cosines() -> None:
    y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    p = np.array([[3.0, 0.0], [-2.0, -2.0], [0.0, 5.0]])
    found = losses.CosineSimilarity(reduction="none")(y, p).numpy()
    assert found == pytest.approx([-1, 1, 0])
    assert float(metrics.CosineSimilarity()(y, p)) == pytest.approx(0)


def test_the_listing_of_binary_cross_entropy() -> None:
    """`np.log(1 + np.exp(z)) - y * z`, as the NumPy listing of the lectures has it."""
    z, y = np.array([[-2.0], [0.5], [3.0]]), np.array([[0.0], [1.0], [1.0]])
    listing = np.mean(np.log(1 + np.exp(z)) - y * z)
    assert float(losses.BinaryCrossentropy(from_logits=True)(y, z)) == pytest.approx(listing)
    assert float(losses.BinaryCrossentropy()(y, ad.sigmoid(z))) == pytest.approx(listing)
