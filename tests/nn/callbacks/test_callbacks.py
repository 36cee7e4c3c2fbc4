"""What callbacks hear, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn import callbacks
from nn.callbacks import Callback, CallbackList, History, LambdaCallback, TerminateOnNaN
from nn.callbacks.callback import NEVER
from nn.layers import Dense, Input
from nn.models import Sequential

RNG = np.random.default_rng(4)
X = RNG.normal(size=(25, 6)).astype(np.float32)
Y = RNG.normal(size=(25, 1)).astype(np.float32)


def build(optimizer: Any = "sgd") -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(1)])
    model.compile(optimizer, "mse")
    return model


HEARD = [name for name in dir(Callback) if name.startswith("on_")]


class Hearing(Callback):
    """Notes every method that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def note(self, name: str, *args: Any) -> None:
        self.heard.append((name, *args[:-1], sorted(args[-1] or {})))


def _noting(name: str) -> Any:
    if "batch" in name or "epoch" in name:
        return lambda self, number, logs=None: self.note(name, number, logs)
    return lambda self, logs=None: self.note(name, logs)


for _name in HEARD:
    if _name not in ("on_batch_begin", "on_batch_end"):
        setattr(Hearing, _name, _noting(_name))


def test_fit_tells_in_this_order() -> None:
    hearing, model = Hearing(), build()
    model.fit(X, Y, 13, epochs=2, verbose=0, callbacks=hearing, validation_data=(X[:5], Y[:5]))
    epoch = [
        ("on_train_batch_begin", 0, []),
        ("on_train_batch_end", 0, ["loss"]),
        ("on_train_batch_begin", 1, []),
        ("on_train_batch_end", 1, ["loss"]),
        ("on_test_begin", []),
        ("on_test_batch_begin", 0, []),
        ("on_test_batch_end", 0, ["loss"]),
        ("on_test_end", ["loss"]),
    ]
    assert hearing.heard == [
        ("on_train_begin", []),
        ("on_epoch_begin", 0, []),
        *epoch,
        ("on_epoch_end", 0, ["loss", "val_loss"]),
        ("on_epoch_begin", 1, []),
        *epoch,
        ("on_epoch_end", 1, ["loss", "val_loss"]),
        ("on_train_end", ["loss", "val_loss"]),
    ]
    assert hearing.model is model
    assert hearing.params == {"verbose": 0, "epochs": 2, "steps": 2}


def test_evaluate_and_predict_tell() -> None:
    hearing, model = Hearing(), build()
    model.evaluate(X, Y, 25, verbose=0, callbacks=hearing)
    model.predict(X, 25, verbose=0, callbacks=[hearing])
    assert hearing.heard == [
        ("on_test_begin", []),
        ("on_test_batch_begin", 0, []),
        ("on_test_batch_end", 0, ["loss"]),
        ("on_test_end", ["loss"]),
        ("on_predict_begin", []),
        ("on_predict_batch_begin", 0, []),
        ("on_predict_batch_end", 0, ["outputs"]),
        ("on_predict_end", []),
    ]


def test_batches_by_their_short_names() -> None:
    class Short(Callback):
        seen: list[int] = []  # noqa: RUF012

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen.append(batch)

    build().fit(X, Y, 10, verbose=0, callbacks=Short())
    assert Short.seen == [0, 1, 2]


def test_numbers_after_a_batch_are_those_of_the_epoch_so_far() -> None:
    found: list[float] = []
    model = build()
    keep = LambdaCallback(on_train_batch_end=lambda batch, logs: found.append(logs["loss"]))
    history = model.fit(X, Y, 10, verbose=0, callbacks=[keep], shuffle=False)
    other = build()
    losses = [other.train_on_batch(X[k : k + 10], Y[k : k + 10]) for k in (0, 10, 20)]
    running = [
        losses[0],
        (10 * losses[0] + 10 * losses[1]) / 20,
        (10 * losses[0] + 10 * losses[1] + 5 * losses[2]) / 25,
    ]
    assert found == pytest.approx(running, rel=1e-5)
    assert history.history["loss"] == [found[-1]]


def test_nobody_pays_for_what_nobody_hears() -> None:
    model = build()
    quiet = CallbackList([History(), callbacks.EarlyStopping()], model, verbose=0).watch("train")
    assert (quiet.begins, quiet.due) == (False, NEVER)
    hearing = CallbackList([Hearing()], model, verbose=0).watch("test")
    assert (hearing.begins, hearing.due) == (True, 0)


def test_a_callback_says_which_batch_it_wants_to_hear_of_next() -> None:
    class Third(Callback):
        def __init__(self) -> None:
            super().__init__()
            self.due = 2
            self.heard: list[int] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.heard.append(batch)
            self.due = batch + 3

    third, hearing = Third(), Hearing()
    build().fit(X, Y, 3, verbose=0, callbacks=[third])
    assert third.heard == [2, 5, 8]
    third = Third()
    build().fit(X, Y, 3, verbose=0, callbacks=[third, hearing])
    assert third.heard == [2, 5, 8]
    assert [entry[1] for entry in hearing.heard if entry[0] == "on_train_batch_end"] == list(
        range(9)
    )


def test_what_is_added_to_an_epochs_numbers_comes_into_the_history() -> None:
    class Adds(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["extra"] = epoch * 10

    history = build().fit(X, Y, epochs=2, verbose=0, callbacks=[Adds()])
    assert history.history["extra"] == [0, 10]


def test_a_history_of_ones_own_goes_on_over_calls() -> None:
    own, model = History(), build()
    assert model.fit(X, Y, epochs=2, verbose=0, callbacks=[own]) is own
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[own])
    assert len(own.history["loss"]) == 3
    assert own.epoch == [0]


def test_functions_as_a_callback() -> None:
    heard: list[str] = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: heard.append("begin"),
        on_epoch_end=lambda epoch, logs: heard.append(f"epoch {epoch}"),
        on_train_end=None,
    )
    build().fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    assert heard == ["begin", "epoch 0", "epoch 1"]
    with pytest.raises(TypeError, match="callbacks have no 'on_epoch'; they have on_batch_begin"):
        LambdaCallback(on_epoch=print)


def test_training_ends_at_a_loss_that_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    model, y = build(), Y.copy()
    y[12] = np.nan
    history = model.fit(X, y, 10, epochs=3, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2
    assert capsys.readouterr().out == "Batch 1: the loss is nan, training ends\n"
    with pytest.raises(RuntimeError, match="batch 0: the loss is nan"):
        model.fit(X, y, 25, verbose=0, callbacks=[TerminateOnNaN(raise_error=True)])
