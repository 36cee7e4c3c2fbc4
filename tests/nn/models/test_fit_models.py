"""What fit makes of a model: frozen layers, penalties, programs; and what it refuses."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import layers, losses
from nn.layers import BatchNormalization, Dense, Dropout, Input
from nn.models import Model, Sequential
from optim import SGD

RNG = np.random.default_rng(4)
X = RNG.normal(size=(25, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 25)


def build(optimizer: Any = "sgd", **options: Any) -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(5, "tanh"), Dense(3, "softmax")])
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    model.compile(optimizer, **options)
    return model


def trained() -> Sequential:
    model = build()
    model.fit(X, Y, verbose=0)
    return model


def weights(model: Model) -> np.ndarray:
    return np.concatenate([v.numpy().ravel() for v in model.weights])


def test_frozen_layers_stay_as_they_are_from_the_next_fit_on() -> None:
    model = build()
    model.fit(X, Y, verbose=0)
    before = [v.numpy() for v in model.weights]
    model.layers[0].trainable = False
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = True
    moved = [(v.numpy() != b).any() for v, b in zip(model.weights, before, strict=True)]
    assert moved == [False, False, True, True]
    model.fit(X, Y, verbose=0)
    assert (model.weights[0].numpy() != before[0]).any()


def test_another_optimizer_holds_from_the_next_fit_on() -> None:
    model = build()
    model.fit(X, Y, verbose=0)
    before = weights(model)
    for rate in (0.0, 0.0, 0.5):
        model.optimizer = SGD(rate)
        model.fit(X, Y, verbose=0)
        assert (weights(model) == before).all() == (rate == 0)


def test_a_new_learning_rate_holds_at_once() -> None:
    model = build()
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.0
    before = weights(model)
    model.fit(X, Y, verbose=0)
    assert (weights(model) == before).all()


def test_layers_that_behave_otherwise_in_training() -> None:
    model = Sequential([Dense(4), BatchNormalization(), Dropout(0.5, seed=0), Dense(3)])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    model.fit(X, Y, 10, epochs=2, verbose=0)
    norm = model.layers[1]
    assert np.abs(norm.get_weights()[2]).min() > 0
    before = weights(model)
    first = model.evaluate(X, Y, 10, verbose=0)
    assert model.evaluate(X, Y, 10, verbose=0) == first
    assert (weights(model) == before).all()
    assert first == pytest.approx(float(loss(Y, model(X))), rel=1e-5)


def test_regularizers_and_added_losses_join_the_loss() -> None:
    def build(factor: float) -> Sequential:
        nn.utils.set_random_seed(3)
        penalty = nn.regularizers.L2(factor)
        model = Sequential([Input((6,)), Dense(3, "softmax", kernel_regularizer=penalty)])
        model.compile(SGD(0.5), "sparse_categorical_crossentropy")
        return model

    plain, penalised = build(0.0), build(0.1)
    kernel = plain.get_weights()[0]
    more = 0.1 * np.square(kernel).sum()
    assert penalised.evaluate(X, Y, verbose=0) == pytest.approx(
        plain.evaluate(X, Y, verbose=0) + more, rel=1e-5
    )
    for model in (plain, penalised):
        model.fit(X, Y, 25, verbose=0)
    step = penalised.get_weights()[0] - plain.get_weights()[0]
    assert step == pytest.approx(-0.5 * 0.2 * kernel, abs=1e-6)


def test_a_model_that_says_its_loss_itself() -> None:
    class Away(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.centre = self.add_weight((6,), "zeros", name="centre")

        def call(self, x: ad.Tensor) -> ad.Tensor:
            self.add_loss(ad.mean(ad.square(x - self.centre)))
            return x

    model = Sequential([Away()])
    model.compile(SGD(1.0))
    history = model.fit(X, batch_size=25, epochs=60, verbose=0).history["loss"]
    assert model.get_weights()[0] == pytest.approx(X.mean(axis=0), abs=1e-4)
    assert history[-1] < history[0]


@pytest.mark.host
def test_the_text_of_the_step_can_be_read() -> None:
    model = build("rmsprop")
    before = weights(model)
    text = model.source(X[:10], Y[:10])
    for part in (
        "def train_step(",
        "    x, y, ",
        " dense_kernel",
        "    # backward",
        "    # update",
    ):
        assert part in text
    assert (weights(model) == before).all()
    assert int(model.optimizer.iterations) == 0
    assert "sample_weight" in model.source(X[:10], Y[:10], np.ones(10))


@pytest.mark.host
def test_fit_runs_one_program_per_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[int, ...]] = []

    class Noting(Dense):
        def call(self, x: ad.Tensor) -> ad.Tensor:
            runs.append(x.shape)
            return super().call(x)

    model = Sequential([Input((6,)), Noting(3)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    runs.clear()
    model.fit(X, Y, 10, epochs=3, verbose=0)
    model.fit(X, Y, 10, epochs=3, verbose=0)
    traced = [shape for shape in runs if shape[0] in (10, 5)]
    assert len(traced) <= 3  # a look at the shapes, and a trace of each size


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Sequential([Dense(2)]).fit(X, Y), RuntimeError, "is not compiled: call compile"),
        (lambda: Sequential([Dense(2)]).evaluate(X, Y), RuntimeError, "before evaluate"),
        (lambda: build(loss="mee"), ValueError, "unknown loss 'mee'"),
        (lambda: build(metrics=["precison"]), ValueError, "unknown metric .* did you mean"),
        (lambda: build(metrics="accuracy"), TypeError, r"metrics is a list .* is \[metric\]"),
        (lambda: build("addam"), ValueError, "unknown optimizer 'addam'"),
        (lambda: build().fit(X, Y[:7]), ValueError, r"number of rows: x \(25, 6\), y \(7,\)"),
        (lambda: build().fit(X[:0], Y[:0]), ValueError, "no rows"),
        (lambda: build().fit(X, Y, 0), ValueError, "batch_size must be at least 1, got 0"),
        (lambda: build().fit(X, Y, cast(Any, 2.5)), TypeError, "batch_size must be a whole number"),
        (lambda: build().fit(X[:, :5], Y), ValueError, r"input of shape \(25, 5\); expected"),
        (lambda: build().fit(X, Y + 3), ValueError, "labels"),
        (lambda: build().fit(X, Y, verbose=3), ValueError, "verbose is 0, 1, 2 or 'auto', got 3"),
        (
            lambda: build().fit(X, Y, callbacks=cast(Any, [3])),
            TypeError,
            "expected callbacks, got 3",
        ),
        (lambda: build().fit(X, Y, validation_split=1.5), ValueError, "between 0 and 1, got 1.5"),
        (lambda: build().fit(X[:1], Y[:1], validation_split=0.5), ValueError, "leaves nothing"),
        (
            lambda: build().fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(25)),
            ValueError,
            "two ways to say the same",
        ),
        (lambda: build().fit(X, np.array(["a"] * 25)), TypeError, "y is ndarray of <U1; expected"),
        (lambda: build(loss=None).fit(X, Y, verbose=0), ValueError, "has nothing to minimise"),
        (lambda: build().fit(X, verbose=0), ValueError, "has a loss, but y has nothing for it"),
        (lambda: trained().fit(X, verbose=0), ValueError, "has a loss, but y has nothing for it"),
        (
            lambda: build().fit(X, Y, epochs=cast(Any, 1.5)),
            TypeError,
            "epochs must be a whole number",
        ),
        (lambda: build().fit(X, Y, epochs=-1), ValueError, "epochs must be at least 0, got -1"),
        (lambda: build().fit(X, Y, steps_per_epoch=0), ValueError, "steps must be at least 1"),
        (lambda: build().fit(3), TypeError, "x is int"),
    ],
)
def test_errors_come_early_and_say_what_was_given(
    call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
