"""Cross-entropies of a softmax or sigmoid are computed from its logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from nn import activations, layers, losses, models
from tests.autodiff.flat.agreement import Program, assert_agree

N, K = 3, 4
LABELS = np.array([0, 1, 2])
ONE_HOT = np.eye(K)[LABELS]

PAIRS = [
    (losses.SparseCategoricalCrossentropy, ad.softmax, LABELS),
    (losses.CategoricalCrossentropy, ad.softmax, ONE_HOT),
    (losses.BinaryCrossentropy, ad.sigmoid, ONE_HOT),
]
every_pair = pytest.mark.parametrize(("kind", "squash", "y"), PAIRS)
huge = arrays(np.float32, (N, K), elements=st.floats(-1000, 1000, width=32))


def value_and_gradient(loss: Any, z: Any) -> tuple[Any, Any]:
    x = ad.Variable(z)
    with ad.GradientTape() as tape:
        value = loss(x)
    return value.numpy(), tape.gradient(value, x).numpy()


@every_pair
@given(z=huge)
def test_huge_logits_behind_probabilities(kind: Any, squash: Any, y: Any, z: Any) -> None:
    """Value and gradient are those of the logits, with a tape and without."""
    of_logits, of_probabilities = kind(True, reduction="none"), kind(reduction="none")
    expected, slope = value_and_gradient(lambda x: of_logits(y, x), z)
    found, its_slope = value_and_gradient(lambda x: of_probabilities(y, squash(x)), z)
    assert np.isfinite(found).all()
    assert (found == expected).all()
    assert (its_slope == slope).all()
    assert (of_probabilities(y, squash(z)).numpy() == expected).all()


@every_pair
@pytest.mark.parametrize("z", [1000.0, -1000.0])
def test_the_true_class_far_ahead_or_behind(kind: Any, squash: Any, y: Any, z: float) -> None:
    """Behind it costs all of the distance and pulls with full strength; ahead it costs nothing."""
    logits = z * ONE_HOT
    value, slope = value_and_gradient(lambda x: kind(reduction="none")(y, squash(x)), logits)
    behind = -z if z < 0 else 0.0
    width = K if squash is ad.sigmoid else 1
    if squash is ad.softmax and z < 0:
        behind += math.log(K - 1)  # the others are as likely as each other
    wrong = (K - 1) * math.log(2) if squash is ad.sigmoid else 0.0
    assert value == pytest.approx(np.full(N, (behind + wrong) / width), rel=1e-6)
    assert slope[0, 0] == (-1 / width if z < 0 else 0)


@every_pair
def test_a_flat_program_uses_the_logits_too(kind: Any, squash: Any, y: Any) -> None:
    def build() -> Program:
        w = ad.Variable(np.eye(K, dtype=np.float32))

        def step(x: Any, y: Any) -> Any:
            with ad.GradientTape() as tape:
                p = squash(x @ w)
                value = kind()(y, p)
            slope = tape.gradient(value, w)
            w.assign_sub(0.1 * slope)
            return value, p, slope

        return step, [w]

    random = np.random.default_rng(1)
    calls = [((1000 * random.normal(size=(N, K))).astype("f4"), y) for _ in range(3)]
    assert_agree(build, calls, ulps=4)


def sequential() -> Any:
    return models.Sequential(
        [layers.Dense(K, "softmax", kernel_initializer="identity", input_shape=(K,))]
    )


def functional() -> Any:
    inputs = layers.Input((K,))
    scores = layers.Dense(K, kernel_initializer="identity")(inputs)
    return models.Model(inputs, layers.Activation("softmax")(scores))


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize("flat", [False, True])
def test_the_last_layer_of_a_model(make: Any, flat: bool) -> None:
    model = make()

    def cost(x: Any, y: Any) -> Any:
        return losses.CategoricalCrossentropy()(y, model(x))

    found = (ad.function(cost) if flat else cost)(-1000 * ONE_HOT, ONE_HOT)
    assert float(found) == pytest.approx(1000 + math.log(K - 1))


def test_the_functions_of_activations_are_known_too() -> None:
    z = -1000 * ONE_HOT
    for p in (activations.softmax(z), ad.asarray(z).softmax(), ad.softmax(z, axis=1)):
        assert float(losses.categorical_crossentropy(ONE_HOT, p)[0]) > 1000


def test_another_axis_is_another_distribution() -> None:
    """A softmax over the samples gives no probabilities of the classes."""
    z = np.random.default_rng(0).normal(size=(N, N))
    y, p = np.eye(N), ad.softmax(z, axis=0)
    given = losses.categorical_crossentropy(y, p.numpy())
    assert losses.categorical_crossentropy(y, p).numpy() == pytest.approx(given.numpy())
    along = losses.categorical_crossentropy(y, p, axis=0)
    assert along.numpy() == pytest.approx(-np.log(np.diag(p.numpy())))
    other = losses.binary_crossentropy(y, p).numpy()  # no sigmoid either
    assert other == pytest.approx(losses.binary_crossentropy(y, p.numpy()).numpy())


def test_gradients_by_probabilities_that_are_watched() -> None:
    """They are what is asked for, whether watched at birth or later."""
    expected = -ONE_HOT / N * K
    for inside in (False, True):
        outer = ad.softmax(np.zeros((N, K)))
        with ad.GradientTape() as tape:
            z = ad.Variable(np.zeros((N, K)))
            p = ad.softmax(z) if inside else outer
            tape.watch(p)
            value = losses.CategoricalCrossentropy()(ONE_HOT, p)
        # the division by the sum takes the mean of the gradient away
        found = tape.gradient(value, p).numpy()
        assert found == pytest.approx(expected - expected.mean(axis=1, keepdims=True))


def test_what_was_assigned_to_is_no_softmax_any_more() -> None:
    p = ad.softmax(np.zeros((1, 2)))
    p[0] = ad.asarray([0.2, 0.8], dtype="float64")
    assert float(losses.categorical_crossentropy([[1, 0]], p)[0]) == pytest.approx(-math.log(0.2))


def test_a_softmax_of_an_ended_tape_is_a_constant() -> None:
    z = ad.Variable(np.zeros((N, K)))
    with ad.GradientTape(persistent=True) as first:
        p = ad.softmax(z)
    with ad.GradientTape() as second:
        value = losses.CategoricalCrossentropy()(ONE_HOT, p) * z[0, 0]
    assert float(value) == 0.0
    assert second.gradient(value, z).numpy()[0, 0] == pytest.approx(math.log(K))
    assert first.gradient(p, z) is not None


def test_a_softmax_from_before_an_inner_tape_is_a_constant_to_it() -> None:
    w = ad.Variable(np.ones((N, K)))
    with ad.GradientTape() as outer:
        p = ad.softmax(w)
        with ad.GradientTape() as inner:
            value = losses.CategoricalCrossentropy()(ONE_HOT, p) + ad.sum(w * w)
        assert inner.gradient(value, w).numpy() == pytest.approx(2 * np.ones((N, K)))
    slope = outer.gradient(value, w).numpy()
    assert slope == pytest.approx(2 * np.ones((N, K)) + (1 / K - ONE_HOT) / N)
