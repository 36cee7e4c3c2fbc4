"""Losses beside Keras': values, gradients, weights, reductions, and what is on the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import losses
from tests.nn import oracle_keras

from .cases import CASES, K, N

pytestmark = oracle_keras.marks
THEIRS = [case for case in CASES if not case.ours]
#: Keras' means are in single precision, whatever it is given
RTOL = 2e-6
every_case = pytest.mark.parametrize("case", THEIRS, ids=str)


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


def ours(f: Any, x: Any) -> tuple[Any, Any]:
    v = ad.Variable(x)
    with ad.GradientTape() as tape:
        y = f(v)
    return y.numpy(), tape.gradient(y, v).numpy()


def assert_agree(one: Any, other: Any, x: Any) -> None:
    value, slope = ours(one, x)
    its_value, its_slope = oracle_keras.value_and_gradient(other, x)
    np.testing.assert_allclose(value, its_value, rtol=RTOL, atol=1e-7)
    np.testing.assert_allclose(slope, its_slope, rtol=RTOL, atol=1e-7)


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_functions(keras: Any, case: Any, seed: int) -> None:
    y_true, y_pred = case.arguments(seed)
    theirs = getattr(keras.losses, case.function.__name__)
    assert_agree(
        lambda p: case.function(y_true, p, **case.options),
        lambda p: theirs(y_true, p, **case.options),
        y_pred,
    )


@every_case
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "none", None])
@pytest.mark.parametrize("weighted", [False, True])
def test_classes(keras: Any, case: Any, reduction: Any, weighted: bool) -> None:
    y_true, y_pred = case.arguments(4)
    shape = np.shape(case.formula(y_true, y_pred))
    weights = np.random.default_rng(0).uniform(0, 2, shape) if weighted else None
    theirs = getattr(keras.losses, case.kind.__name__)(**case.options, reduction=reduction)
    mine = case.kind(**case.options, reduction=reduction)
    assert mine.name == theirs.name
    assert_agree(lambda p: mine(y_true, p, weights), lambda p: theirs(y_true, p, weights), y_pred)


@pytest.mark.parametrize("shape", [(3, 4), (3, 1), (1, 4), (3,), ()])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_weights_of_every_shape(keras: Any, shape: Any, reduction: str) -> None:
    """On losses of shape (3, 4); Keras takes no weights of rows there, (3,), but (3, 1)."""
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.normal(size=(2, 3, 4, 2))
    weights = rng.uniform(0.5, 2, shape)
    whole = weights[:, None] if shape == (3,) else weights
    if reduction == "mean_with_sample_weight":
        whole = np.broadcast_to(whole, (3, 4))  # Keras divides by the sum before broadcasting
    mine = losses.MeanSquaredError(reduction)(y_true, y_pred, weights)
    theirs = keras.losses.MeanSquaredError(reduction)(y_true, y_pred, whole)
    np.testing.assert_allclose(mine.numpy(), theirs, rtol=RTOL)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_ignored_class(keras: Any, from_logits: bool, reduction: str, weighted: bool) -> None:
    rng = np.random.default_rng(2)
    y_true, z = rng.integers(0, K, N), rng.normal(size=(N, K))
    y_pred = z if from_logits else np.exp(z)
    weights = rng.uniform(0.5, 2, N) if weighted else None
    options: dict[str, Any] = {
        "from_logits": from_logits,
        "ignore_class": 1,
        "reduction": reduction,
    }
    mine = losses.SparseCategoricalCrossentropy(**options)
    theirs = keras.losses.SparseCategoricalCrossentropy(**options)
    assert_agree(lambda p: mine(y_true, p, weights), lambda p: theirs(y_true, p, weights), y_pred)


EDGE = np.array([[0.0, 1.0], [1e-8, 1 - 1e-8], [0.5, 0.5], [1.0, 0.0]])
FAR = np.array([[1000.0, -1000.0], [-1000.0, 999.0], [0.0, 0.0], [-0.5, 800.0]])


@pytest.mark.parametrize(
    ("function", "y_true"),
    [
        ("sparse_categorical_crossentropy", np.array([0, 0, 1, 0])),
        ("categorical_crossentropy", np.eye(2)[[0, 0, 1, 0]]),
        ("binary_crossentropy", np.eye(2)[[0, 0, 1, 0]]),
    ],
)
def test_far_logits_and_probabilities_of_0_and_1(keras: Any, function: str, y_true: Any) -> None:
    mine, theirs = getattr(losses, function), getattr(keras.losses, function)
    np.testing.assert_allclose(mine(y_true, EDGE).numpy(), theirs(y_true, EDGE), rtol=RTOL)
    assert_agree(lambda p: mine(y_true, p, True), lambda p: theirs(y_true, p, True), FAR)


@pytest.mark.parametrize("function", ["kl_divergence", "poisson", "mean_absolute_percentage_error"])
def test_zeros_that_are_held_off(keras: Any, function: str) -> None:
    y_true = np.array([[0.0, 1.0], [0.5, 0.5]])
    for y_pred in (EDGE[:2], EDGE[2:]):
        mine = getattr(losses, function)(y_true, y_pred).numpy()
        theirs = getattr(keras.losses, function)(y_true, y_pred)
        np.testing.assert_allclose(mine, theirs, rtol=RTOL)


@every_case
def test_single_precision(keras: Any, case: Any) -> None:
    y_true, y_pred = case.arguments(5, np.float32)
    theirs = getattr(keras.losses, case.kind.__name__)(**case.options, dtype="float32")
    mine = case.kind(**case.options)
    np.testing.assert_allclose(mine(y_true, y_pred).numpy(), theirs(y_true, y_pred), rtol=1e-5)


@pytest.mark.parametrize("shapes", [((3,), (3, 1)), ((3, 1), (3,)), ((3, 4, 1), (3, 4))])
def test_a_last_axis_of_one(keras: Any, shapes: Any) -> None:
    rng = np.random.default_rng(3)
    y_true, y_pred = (rng.normal(size=shape) for shape in shapes)
    mine = losses.MeanSquaredError(reduction=None)(y_true, y_pred).numpy()
    theirs = np.asarray(keras.losses.MeanSquaredError(reduction=None)(y_true, y_pred))
    assert mine.shape == theirs.shape
    np.testing.assert_allclose(mine, theirs, rtol=RTOL)


def test_short_names(keras: Any) -> None:
    for short in ("bce", "kld", "mae", "mape", "mse", "msle", "BCE", "KLD", "MAE", "MSE"):
        mine: Any = losses.get(short)
        assert mine.__name__ == keras.losses.get(short).__name__
