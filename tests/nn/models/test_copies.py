"""Copies and pickles of models: they are models of their own, and training goes on in them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from nn.layers import BatchNormalization, Dense, Dropout, Input
from nn.models import Model, Sequential

RNG = np.random.default_rng(2)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 50)


def pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))


both = pytest.mark.parametrize("copied", [copy.deepcopy, pickled])


def sequential() -> Sequential:
    return Sequential(
        [
            Dense(6, "relu", kernel_regularizer="l2", input_shape=(4,)),
            BatchNormalization(),
            Dropout(0.2),
            Dense(3, "softmax"),
        ]
    )


def branching() -> Model:
    x = Input((4,))
    h = Dropout(0.3)(Dense(6, "tanh")(x))
    return Model(x, [Dense(3, "softmax", name="a")(h), Dense(3, "softmax", name="b")(h)])


def train(model: Model, epochs: int) -> dict[str, Any]:
    nn.utils.set_random_seed(4)
    truth = [Y, Y] if len(model.outputs) == 2 else Y
    return model.fit(X, truth, batch_size=16, epochs=epochs, verbose=0).history


def ready(make: Callable[[], Model], run_eagerly: bool = False) -> Model:
    nn.utils.set_random_seed(3)
    model = make()
    model.compile(optim.Adam(0.05), "sparse_categorical_crossentropy", run_eagerly=run_eagerly)
    train(model, 2)
    return model


def values(model: Model) -> list[bytes]:
    state = [*model.variables, *model.optimizer.variables]
    return [v.numpy().tobytes() for v in state]


@both
@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("make", [sequential, branching])
def test_training_goes_on_in_a_copy_as_in_the_original(
    make: Callable[[], Model], run_eagerly: bool, copied: Callable[[Any], Any]
) -> None:
    model = ready(make, run_eagerly)
    other = copied(model)
    before = values(model)
    assert values(other) == before
    history = train(other, 2)
    assert values(model) == before  # the original has not moved
    assert values(other) != before
    assert train(model, 2) == history
    assert values(model) == values(other)
    first = [np.asarray(y) for y in np.atleast_1d(model.predict(X[:5], verbose=0))]
    second = [np.asarray(y) for y in np.atleast_1d(other.predict(X[:5], verbose=0))]
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


@both
def test_a_model_that_is_not_trained_yet(copied: Callable[[Any], Any]) -> None:
    other = copied(Sequential([Dense(3, "softmax")]))
    other.compile("sgd", "sparse_categorical_crossentropy")
    other.fit(X, Y, verbose=0)
    assert other.count_params() == 15


@both
def test_layers_that_are_shared_stay_shared(copied: Callable[[Any], Any]) -> None:
    model = ready(sequential)
    hidden = Model(model.inputs[0], model.layers[0].output)
    first, second = copied((model, hidden))
    assert first.layers[0] is second.layers[-1]
    first.layers[0].kernel.assign(np.zeros((4, 6)))
    assert (second.predict(X, verbose=0) == np.maximum(first.layers[0].bias.numpy(), 0)).all()


@both
def test_deep_models(copied: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(2, input_shape=(2,)), *(Dense(2) for _ in range(300))])
    other = copied(model)
    assert (other(X[:, :2]).numpy() == model(X[:, :2]).numpy()).all()
    assert other.summary(lambda text: None) is None
