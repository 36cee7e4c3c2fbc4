"""Metrics beside Keras': results over batches, weighted and not, and what has several meanings."""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np
import pytest

from nn import metrics
from tests.nn import oracle_keras

from .cases import CASES, Case

pytestmark = oracle_keras.marks
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


@every_case
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_results(keras: Any, case: Case, weighted: bool, seed: int) -> None:
    mine, theirs = case.make(), getattr(keras.metrics, case.kind.__name__)(**case.options)
    for y_true, y_pred, weights in case.batches(seed):
        given = weights if weighted else None
        mine.update_state(y_true, y_pred, given)
        theirs.update_state(y_true, y_pred, given)
        np.testing.assert_allclose(mine.result().numpy(), theirs.result(), rtol=1e-5, atol=1e-6)


@every_case
def test_names(keras: Any, case: Case) -> None:
    """The same; where the class does not fix it, Keras numbers the second and later ones."""
    theirs = getattr(keras.metrics, case.kind.__name__)(**case.options)
    assert re.fullmatch(rf"{case.make().name}(_\d+)?", theirs.name)


@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("points", [3, 10, 200])
def test_areas(keras: Any, curve: str, method: str, points: int) -> None:
    options: dict[str, Any] = {"num_thresholds": points, "curve": curve, "summation_method": method}
    mine, theirs = metrics.AUC(**options), keras.metrics.AUC(**options)
    rng = np.random.default_rng(0)
    for _ in range(3):
        y = rng.integers(0, 2, 40)
        p = np.clip(rng.normal(0.3 + 0.4 * y, 0.3), 0, 1)
        p[:4] = 0, 1, 0.5, 0.25
        mine.update_state(y, p)
        theirs.update_state(y, p)
    np.testing.assert_allclose(mine.result().numpy(), theirs.result(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(3, 4), (3, 1), (3,), ()])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_weights_of_every_shape(keras: Any, name: str, shape: Any) -> None:
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, shape)
    mine, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    if name == "Sum" and shape == (3,):
        weights = weights[:, None]  # for Keras a row's values are summed first, so it is the same
    for scale in (1.0, 3.0):
        mine.update_state(scale * values, weights)
        theirs.update_state(scale * values, weights)
    np.testing.assert_allclose(mine.result().numpy(), theirs.result(), rtol=1e-5)


def test_functions_of_samples(keras: Any) -> None:
    rng = np.random.default_rng(2)
    scores, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    bits, chances = rng.integers(0, 2, (9, 3)), rng.uniform(size=(9, 3))
    one_hot = np.eye(4)[labels]
    for name, y_true, y_pred, options in (
        ("binary_accuracy", bits, chances, {"threshold": 0.3}),
        ("categorical_accuracy", one_hot, scores, {}),
        ("sparse_categorical_accuracy", labels, scores, {}),
        ("sparse_categorical_accuracy", labels[:, None], scores, {}),
        ("top_k_categorical_accuracy", one_hot, scores, {"k": 2}),
        ("sparse_top_k_categorical_accuracy", labels, scores, {"k": 2}),
    ):
        mine = getattr(metrics, name)(y_true, y_pred, **options).numpy()
        theirs = np.asarray(getattr(keras.metrics, name)(y_true, y_pred, **options))
        assert mine.shape == theirs.shape
        assert (mine == theirs).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_ties_among_the_largest(keras: Any, k: int) -> None:
    scores = np.array([[0.5, 0.5, 0.5, 0.1], [0.2, 0.7, 0.7, 0.7]])
    for label in range(4):
        labels = np.array([label, label])
        mine = metrics.sparse_top_k_categorical_accuracy(labels, scores, k).numpy()
        theirs = np.asarray(keras.metrics.sparse_top_k_categorical_accuracy(labels, scores, k))
        assert (mine == theirs).all()
        both = (
            metrics.Precision(top_k=k, class_id=label),
            keras.metrics.Precision(top_k=k, class_id=label),
        )
        assert float(both[0](np.ones((2, 4)), scores)) == float(both[1](np.ones((2, 4)), scores))


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [((5, 1), (5, 1)), ((5,), (5, 1)), ((5,), (5, 3)), ((5, 1), (5, 3)), ((5, 3), (5, 3))],
)
def test_accuracy_by_shapes(keras: Any, y_true: Any, y_pred: Any) -> None:
    utils = importlib.import_module("keras.src.trainers.compile_utils")
    theirs = utils.get_metric("accuracy", np.zeros(y_true), np.zeros(y_pred))
    mine = metrics.for_shapes("accuracy", y_true, y_pred)
    assert type(mine).__name__ == type(theirs).__name__
    assert mine.name == theirs.name
