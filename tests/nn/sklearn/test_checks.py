"""scikit-learn's own checks of estimators: all that apply, none expected to fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import optim
from nn.layers import Dense
from nn.models import Sequential
from nn.sklearn import Classifier, MLPClassifier, MLPRegressor, Regressor


def classifier(X: Any, y: Any) -> Sequential:
    """A softmax for classes, a sigmoid for each of several labels."""
    one_of_them = (y.sum(axis=1) == 1).all()
    output, loss = (
        ("softmax", "categorical_crossentropy")
        if one_of_them
        else ("sigmoid", "binary_crossentropy")
    )
    return network(X, y.shape[1], output, loss)


def regressor(X: Any, y: Any) -> Sequential:
    return network(X, y.shape[1] if y.ndim == 2 else 1, None, "mse")


def network(X: Any, units: int, output: str | None, loss: str) -> Sequential:
    model = Sequential(
        [
            Dense(16, "tanh", input_shape=X.shape[1:], dtype="float64"),
            Dense(units, output, dtype="float64"),
        ]
    )
    model.compile(optim.Adam(0.03), loss)
    return model


CHECKS = parametrize_with_checks(
    [
        MLPClassifier((16,), learning_rate_init=0.02, max_iter=60),  # their own take longer
        MLPRegressor((16,), learning_rate_init=0.02, max_iter=60),
        Classifier(classifier, random_state=0, fit_kwargs={"epochs": 25}),
        Regressor(regressor, random_state=0, fit_kwargs={"epochs": 25}),
    ]
).mark


def name(x: Any) -> Any:
    """What an estimator or a check is called, without where a function of it lies in memory."""
    return re.sub(r"<function\s*(\w+?)\s*at\s*0x\w+>", r"\1", CHECKS.kwargs["ids"](x))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), ids=name)
def test_scikit_learn_finds_nothing_wrong(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
