"""Classifier and Regressor: any model in scikit-learn's hands."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import nn
import optim
from nn.callbacks import EarlyStopping
from nn.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Reshape
from nn.models import Model, Sequential
from nn.sklearn import Classifier, Regressor

DIGITS, LABELS = load_digits(return_X_y=True)
X, Y = DIGITS[:300] / 16, LABELS[:300]
IMAGES = X.reshape(-1, 8, 8)


def build(X: Any, y: Any, width: int = 8, rate: float = 0.01) -> Sequential:
    model = Sequential([Flatten(input_shape=X.shape[1:]), Dense(width, "relu"), Dropout(0.1)])
    model.add(Dense(y.shape[1], "softmax"))
    model.compile(optim.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model


def compiled(units: int, output: str | None, loss: str) -> Sequential:
    model = Sequential([Dense(8, "relu", input_shape=(64,)), Dense(units, output)])
    model.compile(optim.Adam(0.01), loss)
    return model


def values(model: Model) -> list[bytes]:
    return [v.numpy().tobytes() for v in model.variables]


def test_images_are_classified() -> None:
    def convolutional(X: Any, y: Any) -> Sequential:
        model = Sequential([Reshape((8, 8, 1), input_shape=X.shape[1:])])
        for layer in (Conv2D(4, 3), MaxPooling2D(), Flatten(), Dense(y.shape[1], "softmax")):
            model.add(layer)
        model.compile(optim.Adam(0.02), "categorical_crossentropy")
        return model

    model = Classifier(convolutional, fit_kwargs={"epochs": 8}, random_state=0)
    assert model.fit(IMAGES, Y).score(IMAGES, Y) > 0.9
    assert model.n_features_in_ == 8
    assert model.predict_proba(IMAGES).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_what_fit_is_told() -> None:
    model = Classifier(build, fit_kwargs={"epochs": 3, "validation_split": 0.2}, random_state=0)
    model.fit(X, Y)
    assert {name: len(values) for name, values in model.history_.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), 3
    )
    stopping = EarlyStopping("loss", mode="max")
    model.fit(X, Y, epochs=10, callbacks=[stopping], validation_split=0.0)
    assert len(model.history_["loss"]) == 2


@pytest.mark.parametrize("seed", [0, None])
def test_a_seed_repeats(seed: int | None) -> None:
    runs = []
    for _ in range(2):
        nn.utils.set_random_seed(1)
        model = Classifier(build, random_state=seed).fit(X, Y)
        runs.append((values(model.model_), nn.initializers.get("normal")((2,)).numpy().tolist()))
    assert (runs[0][0] == runs[1][0]) == (seed == 0)
    assert runs[0][1] == runs[1][1]  # the shared generator was left alone


def test_a_model_is_copied_and_its_weights_are_the_first() -> None:
    given = compiled(10, "softmax", "categorical_crossentropy")
    before = values(given)
    model = Classifier(given, random_state=0).fit(X, Y)
    assert values(given) == before != values(model.model_)
    first = model.history_
    assert clone(model).fit(X, Y).history_ == model.fit(X, Y).history_ == first


def test_a_warm_start_goes_on() -> None:
    model = Classifier(build, warm_start=True, random_state=0)
    trained = model.fit(X, Y).model_
    model.fit(X, Y)
    assert model.model_ is trained
    assert int(trained.optimizer.iterations) == 20
    with pytest.raises(ValueError, match="are not among those of the first fit"):
        model.fit(X, Y + 1)


@pytest.mark.parametrize(
    "given",
    [
        compiled(1, "sigmoid", "binary_crossentropy"),
        compiled(2, "softmax", "categorical_crossentropy"),
    ],
    ids=["one output", "two outputs"],
)
def test_two_classes(given: Model) -> None:
    names = np.array(["even", "odd"])[Y % 2]
    model = Classifier(given, fit_kwargs={"epochs": 15}, random_state=0).fit(X, names)
    assert model.score(X, names) > 0.9
    p = model.predict_proba(X)
    assert p.shape == (300, 2)
    assert (model.classes_[p.argmax(axis=1)] == model.predict(X)).all()


def test_several_labels() -> None:
    labels = (Y[:, None] == [1, 2, 3]).astype(int)
    given = compiled(3, "sigmoid", "binary_crossentropy")
    model = Classifier(given, fit_kwargs={"epochs": 20}, random_state=0).fit(X, labels)
    assert model.predict(X).shape == (300, 3)
    assert model.score(X, labels) > 0.7


def test_numbers() -> None:
    for y, units in ((Y / 10, 1), (np.stack([Y / 10, Y % 3], axis=1), 2)):
        given = compiled(units, None, "mse")
        model = Regressor(given, fit_kwargs={"epochs": 20}, random_state=0).fit(X, y)
        assert model.predict(X).shape == y.shape
        assert model.score(X, y) > 0.3


def test_a_search_over_what_the_function_is_told() -> None:
    grid = {"model_kwargs": [{"width": 2}, {"width": 16}], "fit_kwargs": [{"epochs": 4}]}
    search = GridSearchCV(Classifier(build, random_state=0), grid, cv=2).fit(X, Y)
    assert search.best_params_["model_kwargs"] == {"width": 16}
    assert search.best_estimator_.model_.layers[1].units == 16


def pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_training_goes_on_in_a_copy(copied: Callable[[Any], Any]) -> None:
    given = compiled(10, "softmax", "categorical_crossentropy")
    model = Classifier(given, warm_start=True, random_state=0).fit(X, Y)
    other = copied(model)
    assert (other.predict_proba(X) == model.predict_proba(X)).all()
    assert values(other.fit(X, Y).model_) != values(model.model_)
    assert values(model.fit(X, Y).model_) == values(other.model_)


def nothing(X: Any, y: Any) -> Any:
    return None


def branching(X: Any, y: Any) -> Model:
    x = Input((64,))
    model = Model(x, [Dense(10, "softmax")(x), Dense(10, "softmax")(x)])
    model.compile("sgd", "categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (Classifier(nothing), TypeError, r"model\(X, y\) gave None; expected"),
        (Classifier(branching), ValueError, "gives list; expected one output"),
        (Classifier(compiled(3, None, "mse")), ValueError, "has 3 outputs; expected 10"),
        (Regressor(compiled(3, None, "mse")), ValueError, r"has 3 outputs; y has shape \(300,\)"),
        (Classifier(compiled(10, None, "mse"), model_kwargs={"a": 1}), ValueError, "model_kwargs"),
        (
            Classifier(lambda X, y: Sequential([Dense(10, input_shape=(64,))])),
            RuntimeError,
            "is not compiled",
        ),
    ],
)
def test_models_that_cannot_be(estimator: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        estimator.fit(X, Y)
