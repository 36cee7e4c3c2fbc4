"""fit beside loops written by hand; evaluate and predict beside what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff.flat.fuse import _kernels
from autodiff.flat.fuse._kernel_text import Code
from nn import losses
from nn.callbacks import Callback, LambdaCallback
from nn.layers import Dense, Flatten, Input
from nn.models import Model, Sequential
from optim import SGD, Adam
from tests.autodiff.flat import interpreted

RNG = np.random.default_rng(4)
X = RNG.normal(size=(25, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 25)


def build(optimizer: Any = "sgd", **options: Any) -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(5, "tanh"), Dense(3, "softmax")])
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    model.compile(optimizer, **options)
    return model


def weights(model: Model) -> np.ndarray:
    return np.concatenate([v.numpy().ravel() for v in model.weights])


def by_hand(model: Sequential, optimizer: Any, epochs: int, batch: int) -> list[float]:
    """The losses of the epochs, each the mean over its samples."""
    loss_of, found = losses.SparseCategoricalCrossentropy(), []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(X), batch):
            x, y = X[start : start + batch], Y[start : start + batch]
            with ad.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            total += float(loss) * len(x)
        found.append(total / len(X))
    return found


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), lambda: Adam(0.01)])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_fit_is_the_loop_by_hand(make: Any, run_eagerly: bool) -> None:
    ours, other = build(make(), run_eagerly=run_eagerly), build()
    history = ours.fit(X, Y, batch_size=10, epochs=4, shuffle=False, verbose=0)
    expected = by_hand(other, make(), 4, 10)
    assert history.history["loss"] == pytest.approx(expected, rel=1e-5)
    assert weights(ours) == pytest.approx(weights(other), rel=1e-4, abs=1e-6)


def test_the_optimizer_goes_on_where_it_was() -> None:
    once, twice = build(Adam(0.01)), build(Adam(0.01))
    once.fit(X, Y, 10, epochs=4, shuffle=False, verbose=0)
    for _ in range(2):
        twice.fit(X, Y, 10, epochs=2, shuffle=False, verbose=0)
    assert (weights(once) == weights(twice)).all()
    assert int(twice.optimizer.iterations) == 4 * 3


def test_names_by_string_are_the_objects() -> None:
    named = build("adam")
    made = build(Adam(), loss=losses.SparseCategoricalCrossentropy())
    for model in (named, made):
        model.fit(X, Y, 10, shuffle=False, verbose=0)
    assert (weights(named) == weights(made)).all()


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.uint8),
        lambda x: x.astype(np.int64),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: ad.asarray(x),
        lambda x: x.tolist(),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_any_array_of_numbers_will_do(convert: Any, shuffle: bool) -> None:
    x = (np.abs(X) * 5).astype(np.uint8).astype(np.float32)
    models = build(), build()
    for model, given in zip(models, (x, convert(x)), strict=True):
        nn.utils.set_random_seed(8)
        model.fit(given, Y, 10, epochs=2, shuffle=shuffle, verbose=0)
    assert weights(models[0]) == pytest.approx(weights(models[1]), rel=1e-5, abs=1e-7)


class Rows(Model):
    """Notes which rows it is trained on; not one program, as it looks at values."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[float]] = []

    def train_step(self, data: Any) -> dict[str, Any]:
        self.seen.append(data[0][:, 0].tolist())
        return {"loss": 0.0}


def rows_seen(**options: Any) -> list[list[float]]:
    model = Rows()
    model.compile(run_eagerly=True)
    x = np.arange(25.0)[:, None]
    model.fit(x, x, batch_size=10, verbose=0, **options)
    return model.seen


def test_every_epoch_sees_every_row_once_in_a_new_order() -> None:
    nn.utils.set_random_seed(1)
    seen = rows_seen(epochs=2)
    assert [len(rows) for rows in seen] == [10, 10, 5] * 2
    first, second = list(chain(*seen[:3])), list(chain(*seen[3:]))
    assert sorted(first) == sorted(second) == list(range(25))
    assert first != second
    nn.utils.set_random_seed(1)
    assert rows_seen(epochs=2) == seen
    assert list(chain(*rows_seen(shuffle=False))) == list(range(25))


def test_steps_per_epoch_go_on_where_the_last_epoch_ended() -> None:
    seen = rows_seen(epochs=4, steps_per_epoch=2, shuffle=False)
    starts = [rows[0] for rows in seen]
    assert starts == [0, 10, 20, 0, 10, 20, 0, 10]


def test_sample_weights_are_those_of_the_loss() -> None:
    weight = RNG.uniform(0.5, 2, 25).astype(np.float32)
    model = build(SGD(0.1), weighted_metrics=["accuracy"])
    loss = losses.SparseCategoricalCrossentropy()
    expected = float(loss(Y, model(X), weight))
    hits = (model(X).numpy().argmax(axis=1) == Y).astype(float)
    found = model.evaluate(X, Y, 25, sample_weight=weight, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(expected, rel=1e-6)
    assert found["accuracy"] == pytest.approx(hits.mean(), rel=1e-6)
    assert found["weighted_accuracy"] == pytest.approx((hits * weight).sum() / weight.sum(), 1e-6)


@pytest.mark.parametrize("form", ["labels", "column", "one-hot"])
def test_class_weights_are_sample_weights(form: str) -> None:
    y: Any = {"labels": Y, "column": Y[:, None], "one-hot": np.eye(3)[Y]}[form]
    name = ("" if form == "one-hot" else "sparse_") + "categorical_crossentropy"
    by_class, by_sample = build(loss=name), build(loss=name)
    by_class.fit(X, y, 10, shuffle=False, verbose=0, class_weight={0: 2.0, 2: 0.5})
    sample_weight = np.array([2.0, 1.0, 0.5], np.float32)[Y]
    by_sample.fit(X, y, 10, shuffle=False, verbose=0, sample_weight=sample_weight)
    assert (weights(by_class) == weights(by_sample)).all()
    plain = build(loss=name)
    plain.fit(X, y, 10, shuffle=False, verbose=0)
    assert (weights(plain) != weights(by_class)).any()
    losses_of = [
        build(loss=name).train_on_batch(X, y, **given)[0]
        for given in ({"class_weight": {0: 2.0, 2: 0.5}}, {"sample_weight": sample_weight})
    ]
    assert losses_of[0] == losses_of[1]


def test_validation_is_evaluate() -> None:
    model = build()
    history = model.fit(X[:20], Y[:20], 10, verbose=0, validation_data=(X[20:], Y[20:]))
    loss, accuracy = model.evaluate(X[20:], Y[20:], verbose=0)
    assert history.history["val_loss"] == [pytest.approx(loss, rel=1e-6)]
    assert history.history["val_accuracy"] == [pytest.approx(accuracy)]
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_validation_split_holds_out_the_last_rows() -> None:
    split, given = build(), build()
    a = split.fit(X, Y, 10, shuffle=False, verbose=0, validation_split=0.2)
    b = given.fit(X[:20], Y[:20], 10, shuffle=False, verbose=0, validation_data=(X[20:], Y[20:]))
    assert a.history == b.history


def test_validation_weights_count() -> None:
    model, weight = build(), np.linspace(0, 2, 5, dtype=np.float32)
    history = model.fit(X, Y, verbose=0, validation_data=(X[:5], Y[:5], weight))
    expected = model.evaluate(X[:5], Y[:5], sample_weight=weight, verbose=0)[0]
    assert history.history["val_loss"] == [pytest.approx(expected, rel=1e-6)]


@pytest.mark.parametrize(("frequency", "times"), [(1, 4), (2, 2), ([1, 4], 2), (5, 0)])
def test_validation_every_so_often(frequency: Any, times: int) -> None:
    history = build().fit(
        X, Y, epochs=4, verbose=0, validation_data=(X, Y), validation_freq=frequency
    )
    assert len(history.history["loss"]) == 4
    assert len(history.history.get("val_loss", [])) == times


def test_epochs_are_counted_from_where_they_are_said_to_begin() -> None:
    model = build()
    history = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert model.history is history


def test_evaluate_is_loss_and_metrics_over_all_samples() -> None:
    model = build()
    p = model(X).numpy()
    loss = -np.log(p[np.arange(25), Y]).mean()
    accuracy = (p.argmax(axis=1) == Y).mean()
    for batch in (7, 25, 100):
        found = model.evaluate(X, Y, batch, verbose=0)
        assert found == pytest.approx([loss, accuracy], rel=1e-5)
        assert model.evaluate(X, Y, batch, verbose=0, return_dict=True) == {
            "loss": found[0],
            "accuracy": found[1],
        }
    assert build(metrics=None).evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert model.metrics_names == ["loss", "accuracy"]


@pytest.mark.parametrize("batch", [1, 7, 25, 64])
def test_predict_is_the_model_of_all_samples(batch: int) -> None:
    model = build()
    p = model.predict(X, batch, verbose=0)
    assert isinstance(p, np.ndarray)
    assert p == pytest.approx(model(X).numpy(), abs=1e-6)
    p[:] = 0
    assert model.predict(X, batch, verbose=0).any()
    assert model.predict_on_batch(X[:3]) == pytest.approx(model(X[:3]).numpy(), abs=1e-6)


def test_predict_needs_no_compile() -> None:
    model = Sequential([Flatten(), Dense(2)])
    assert model.predict(np.ones((5, 2, 2), np.uint8), verbose=0).shape == (5, 2)


def test_single_batches() -> None:
    model, other = build(), build()
    first = model.train_on_batch(X, Y, return_dict=True)
    history = other.fit(X, Y, 25, shuffle=False, verbose=0)
    assert first == {name: values[0] for name, values in history.history.items()}
    assert (weights(model) == weights(other)).all()
    assert model.test_on_batch(X, Y) == pytest.approx(model.evaluate(X, Y, 25, verbose=0))
    assert build(metrics=None).test_on_batch(X, Y) == pytest.approx(first["loss"])


def test_a_callback_ends_training() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = build()
    assert model.fit(X, Y, 5, epochs=3, verbose=0, callbacks=[Stop()]).epoch == [0]
    assert int(model.optimizer.iterations) == 2

    def stop(epoch: int, logs: Any) -> None:
        model.stop_training = epoch == 1

    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=LambdaCallback(on_epoch_end=stop))
    assert history.epoch == [0, 1]


@pytest.mark.host
def test_steps_are_compiled_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of kernels, here run by Python; the numbers are the same up to rounding."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    made = []

    def interpret(code: Code) -> Callable[..., Any]:
        made.append(code)
        return interpreted.interpret(code)

    monkeypatch.setattr(_kernels, "_compile", interpret)
    monkeypatch.setattr(_kernels, "_compiled", {})
    plain, compiled = build(Adam(0.01), jit_compile=False), build(Adam(0.01), jit_compile=True)
    expected = plain.fit(X, Y, 10, epochs=2, shuffle=False, verbose=0)
    assert not made
    found = compiled.fit(X, Y, 10, epochs=2, shuffle=False, verbose=0)
    assert made
    assert found.history["loss"] == pytest.approx(expected.history["loss"], rel=1e-5)
    assert weights(compiled) == pytest.approx(weights(plain), rel=1e-4, abs=1e-6)
    for kept in (made, _kernels._compiled):
        kept.clear()
    plain.jit_compile, compiled.jit_compile = True, False
    compiled.fit(X, Y, 10, verbose=0)
    assert not made
    plain.fit(X, Y, 10, verbose=0)
    assert made


def test_what_cannot_be_compiled_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="jit_compile is True, False or 'auto', got 'yes'"):
        build(jit_compile="yes")
    with pytest.raises(ValueError, match="exclude each other"):
        build(run_eagerly=True, jit_compile=True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="not installed"):
        build(jit_compile=True)
    monkeypatch.setenv("AUTODIFF_FUSE", "1")
    with pytest.raises(ImportError, match="not installed"):
        build()
    assert build(jit_compile=False).jit_compile is False
