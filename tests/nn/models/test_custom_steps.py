"""Subclasses that say their steps, losses or metrics themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import layers, losses, metrics
from nn.layers import Dense, Input
from nn.models import Model, Sequential
from nn.utils import unpack_x_y_sample_weight
from optim import SGD, Adam

RNG = np.random.default_rng(4)
X = RNG.normal(size=(25, 6)).astype(np.float32)
Y = RNG.normal(size=(25, 1)).astype(np.float32)


class OwnStep(Sequential):
    """The default step, written out."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with ad.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def build(kind: Any = Sequential, **options: Any) -> Any:
    nn.utils.set_random_seed(3)
    model = kind([Input((6,)), Dense(5, "tanh"), Dense(1)])
    model.compile(Adam(0.01), "mse", metrics=["mae"], **options)
    return model


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_the_default_step_written_out(run_eagerly: bool) -> None:
    model, other = build(OwnStep, run_eagerly=run_eagerly), build()
    found = model.fit(X, Y, 25, epochs=3, shuffle=False, verbose=0)
    expected = other.fit(X, Y, 25, epochs=3, shuffle=False, verbose=0)
    for name, values in expected.history.items():
        assert found.history[name] == pytest.approx(values, rel=1e-5)
    for v, w in zip(model.weights, other.weights, strict=True):
        assert v.numpy() == pytest.approx(w.numpy(), rel=1e-4, abs=1e-6)


def test_a_model_with_metrics_of_its_own() -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)
            self.seen = metrics.Mean(name="seen")
            self.error = metrics.MeanAbsoluteError(name="error")

        def call(self, x: ad.Tensor) -> ad.Tensor:
            return self.dense(x)

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with ad.GradientTape() as tape:
                y_pred = self(x)
                loss = ad.mean(ad.square(y_pred - y))
            pairs = zip(
                tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True
            )
            self.optimizer.apply_gradients(pairs)
            self.seen.update_state(loss)
            self.error.update_state(y, y_pred)
            return {"seen": self.seen.result(), "error": self.error.result()}

        @property
        def metrics(self) -> list[metrics.Metric]:
            return [self.seen, self.error]

    model = Own()
    model.compile(optimizer=SGD(0.1))
    history = model.fit(X, Y, 10, epochs=5, verbose=0).history
    assert list(history) == ["seen", "error"]
    assert history["seen"][-1] < history["seen"][0]
    assert int(model.seen.count) == 3  # begun anew every epoch


def test_metrics_that_are_attributes_come_and_go() -> None:
    model = Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", "mse")
    more = {"more": metrics.Mean(name="more")}
    vars(model)["kept"] = more
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "more"]
    more.clear()
    assert list(model.fit(X, Y, verbose=0).history) == ["loss"]


def test_numbers_that_no_metric_keeps_are_those_of_the_last_step() -> None:
    class Counting(Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            return {"rows": ad.sum(ad.ones_like(data[0][:, 0])), "name": 3.0}

    model = Counting([Input((6,)), Dense(1)])
    model.compile()
    assert model.fit(X, Y, 10, verbose=0).history == {"rows": [5.0], "name": [3.0]}


def test_a_model_that_only_trains() -> None:
    """Two networks against each other, each with an optimizer: nothing to call."""

    class Rivals(Model):
        def __init__(self) -> None:
            super().__init__()
            self.maker = Sequential([Input((2,)), Dense(4, "tanh"), Dense(6)])
            self.judge = Sequential([Input((6,)), Dense(4, "tanh"), Dense(1)])
            self.generator = ad.random.default_rng(0)

        def compile(self, maker: Any, judge: Any) -> None:  # type: ignore[override]
            super().compile()
            self.by_maker, self.by_judge = maker, judge
            self.loss_of = losses.BinaryCrossentropy(from_logits=True)

        def train_step(self, real: Any) -> dict[str, Any]:
            rows = real.shape[0]
            made = self.maker(self.generator.normal(size=(rows, 2)))
            both = ad.concat([made, real], axis=0)
            truth = ad.concat([ad.ones((rows, 1)), ad.zeros((rows, 1))], axis=0)
            with ad.GradientTape() as tape:
                loss = self.loss_of(truth, self.judge(both))
            weights = self.judge.trainable_variables
            self.by_judge.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            noise = self.generator.normal(size=(rows, 2))
            with ad.GradientTape() as tape:
                fooled = self.loss_of(ad.zeros((rows, 1)), self.judge(self.maker(noise)))
            weights = self.maker.trainable_variables
            self.by_maker.apply_gradients(zip(tape.gradient(fooled, weights), weights, strict=True))
            return {"judge": loss, "maker": fooled}

    def run() -> Any:
        nn.utils.set_random_seed(0)
        model = Rivals()
        model.compile(Adam(1e-4), Adam(0.05))
        return model.fit(X, batch_size=25, epochs=60, verbose=0).history

    history = run()
    assert list(history) == ["judge", "maker"]
    assert history["judge"][-1] < 0.5 * history["judge"][0]
    assert run() == history


def test_a_loss_of_its_own() -> None:
    class Own(Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ad.mean(ad.abs(y_pred - 2 * y))

    model = Own([Input((6,)), Dense(1)])
    model.compile("sgd")
    expected = np.abs(model(X).numpy() - 2 * Y).mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_numbers_of_its_own() -> None:
    class Own(Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**found, "largest": ad.max(y_pred)}

    model = Own([Input((6,)), Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, 25, verbose=0).history
    assert list(history) == ["loss", "largest"]


def test_predictions_of_its_own() -> None:
    class Own(Sequential):
        def predict_step(self, data: Any) -> Any:
            return ad.argmax(super().predict_step(data), axis=-1)

    model = Own([Input((6,)), Dense(3)])
    assert (model.predict(X, 10, verbose=0) == model(X).numpy().argmax(axis=1)).all()


class Printing(layers.Layer):
    """Looks at values, which no flat program can."""

    def call(self, x: ad.Tensor) -> ad.Tensor:
        return x if float(ad.sum(x)) > -1e9 else -x


@pytest.mark.host
def test_what_looks_at_values_needs_to_run_eagerly() -> None:
    def build(**options: Any) -> Sequential:
        model = Sequential([Input((6,)), Printing(), Dense(1)])
        model.compile("sgd", "mse", **options)
        return model

    build(run_eagerly=True).fit(X, Y, verbose=0)
    model = build()
    before = [v.numpy() for v in model.weights]
    with pytest.raises(ad.TracingError) as caught:
        model.fit(X, Y, verbose=0)
    assert "compile(run_eagerly=True) runs steps op by op" in caught.value.__notes__[0]
    assert all((v.numpy() == b).all() for v, b in zip(model.weights, before, strict=True))


def test_a_model_that_is_built_by_fit() -> None:
    class Late(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Dense(4, "relu"), Dense(1)]
            self.calls = ad.Variable(0.0, trainable=False, name="calls")

        def call(self, x: ad.Tensor, training: bool = False) -> ad.Tensor:
            if training:
                self.calls.assign_add(1.0)
            for block in self.blocks:
                x = block(x)
            return x

    model = Late()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, 10, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert float(model.calls) == 60
    assert model.output_names is None


def test_a_subclass_with_nodes() -> None:
    class Own(Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            found = super().train_step(data)
            return {**found, "step": self.optimizer.iterations * 1}

    x = Input((6,))
    model = Own(x, Dense(1)(x))
    model.compile("sgd", "mse")
    history = model.fit(X, Y, 10, epochs=2, verbose=0).history
    assert history["step"] == [3, 6]
