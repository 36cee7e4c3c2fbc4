"""The perceptrons against scikit-learn's own: from the same weights they learn the same."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from nn.sklearn import MLPClassifier, MLPRegressor

DIGITS, LABELS = load_digits(return_X_y=True)
X = DIGITS[:400] / 16
Y = LABELS[:400]
WEIGHTS = np.random.default_rng(0).random(400)


def both(y: NDArray[Any], **arguments: Any) -> tuple[Any, Any]:
    """Ours and theirs, not trained to an end, with the same weights."""
    ours, theirs = (
        (MLPClassifier, sklearn.neural_network.MLPClassifier)
        if y.dtype.kind == "i"
        else (MLPRegressor, sklearn.neural_network.MLPRegressor)
    )
    given: dict[str, Any] = {
        "hidden_layer_sizes": (7, 5),
        "max_iter": 6,
        "tol": 0.0,
    }
    pair = [kind(shuffle=False, warm_start=True, **given | arguments) for kind in (ours, theirs)]
    for model in pair:
        train(model, y)
        model.loss_curve_, model.t_, model.best_loss_ = [], 0, np.inf
        model._no_improvement_count = 0
    own, other = pair
    rng = np.random.default_rng(1)
    for w in [*other.coefs_, *other.intercepts_]:
        w[...] = 0.3 * rng.normal(size=w.shape)
    layers = zip(other.coefs_, other.intercepts_, strict=True)
    own.model_.set_weights([w for layer in layers for w in layer])
    return own, other


def train(model: Any, y: NDArray[Any], weights: Any = None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        model.fit(X, y, **({} if weights is None else {"sample_weight": weights}))


def assert_same(own: Any, other: Any) -> None:
    assert own.n_iter_ == other.n_iter_
    for name in ("coefs_", "intercepts_"):
        pairs = zip(getattr(own, name), getattr(other, name), strict=True)
        assert all(a == pytest.approx(b, rel=1e-9, abs=1e-11) for a, b in pairs)
    for name in ("n_features_in_", "n_outputs_", "n_layers_", "out_activation_", "t_"):
        assert getattr(own, name) == getattr(other, name)
    assert own.predict(X) == pytest.approx(other.predict(X))


SGD = {"solver": "sgd", "learning_rate_init": 0.1}


@pytest.mark.parametrize(
    "arguments",
    [
        *({"activation": name} for name in ("identity", "logistic", "tanh", "relu")),
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 9, "alpha": 3.0},
        {"batch_size": 33, "alpha": 0.5},  # 400 = 12 · 33 + 4
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        SGD,
        {**SGD, "nesterovs_momentum": False, "momentum": 0.5},
        {**SGD, "learning_rate": "invscaling", "power_t": 0.3},
        {**SGD, "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1, "max_iter": 12},
        {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2, "max_iter": 12},
        {"tol": 0.03, "n_iter_no_change": 3, "max_iter": 40},
    ],
    ids=str,
)
def test_classes_are_learnt_alike(arguments: dict[str, Any]) -> None:
    own, other = both(Y, **arguments)
    for model in (own, other):
        train(model, Y)
    assert_same(own, other)
    assert own.loss_curve_ == pytest.approx(other.loss_curve_, rel=1e-6)
    assert own.best_loss_ == pytest.approx(other.best_loss_, rel=1e-6)
    assert own.predict_proba(X) == pytest.approx(other.predict_proba(X), abs=1e-11)
    assert own.predict_log_proba(X) == pytest.approx(other.predict_log_proba(X), abs=1e-9)


@pytest.mark.parametrize(
    "y",
    [
        Y % 2,
        (Y[:, None] == [1, 2, 3]).astype(int),
        Y / 10.0,
        np.stack([Y / 10.0, Y % 3.0], axis=1),
    ],
    ids=["two classes", "labels", "a number", "two numbers"],
)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_other_targets_are_learnt_alike(y: NDArray[Any], weights: Any) -> None:
    own, other = both(y, alpha=0.3)
    for model in (own, other):
        train(model, y, weights)
    assert_same(own, other)
    assert own.score(X, y, WEIGHTS) == pytest.approx(other.score(X, y, WEIGHTS))


@pytest.mark.parametrize("early", [False, True])
def test_the_arguments_are_theirs(early: bool) -> None:
    ours, theirs = MLPClassifier(), sklearn.neural_network.MLPClassifier()
    assert ours.get_params() == {k: v for k, v in theirs.get_params().items() if k != "max_fun"}
    for model in (ours, theirs):
        model.set_params(max_iter=3, random_state=0, early_stopping=early)
        train(model, Y)
    theirs_only = {name for name in vars(theirs) if name.endswith("_") and name[0] != "_"}
    assert all(hasattr(ours, name) for name in theirs_only)
    for name in ("classes_", "validation_scores_", "best_validation_score_", "best_loss_"):
        assert (getattr(ours, name) is None) == (getattr(theirs, name) is None), name
