"""Callbacks that watch a number, on sequences of numbers as training would report them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from nn.layers import Dense, Input
from nn.models import Sequential
from optim import SGD

X = np.random.default_rng(4).normal(size=(25, 6)).astype(np.float32)
Y = X[:, :1]


def build(**options: Any) -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(1)])
    model.compile(SGD(0.1), "mse", **options)
    return model


class Reports(Callback):
    """Puts numbers into an epoch's report, and notes the weights after it."""

    def __init__(self, values: Sequence[float], name: str = "val_loss") -> None:
        super().__init__()
        self.values, self.name = values, name
        self.weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs[self.name] = self.values[epoch]
        self.weights.append(self.model.get_weights()[0].tolist())


def run(values: Sequence[float], *watching: Callback, name: str = "val_loss") -> tuple[Any, Any]:
    model, reports = build(), Reports(values, name)
    history = model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[reports, *watching])
    return history, (model, reports)


@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ([3, 2, 1, 1, 1], {}, 4),
        ([3, 2, 2, 2, 1], {"patience": 2}, 4),
        ([3, 2, 2, 1, 1], {"patience": 2}, 5),
        ([3, 2.95, 2.9, 1], {"min_delta": 0.1}, 2),
        ([1, 2, 3], {"mode": "max"}, 3),
        ([1, 2, 2], {"mode": "max"}, 3),
        ([1, 2, 2, 3], {"mode": "max"}, 3),
        ([9, 8, 7, 6], {"baseline": 5, "patience": 2}, 4),
        ([9, 4, 4, 4], {"baseline": 5, "patience": 2}, 4),
        ([1, 2, 3, 4], {"start_from_epoch": 2}, 4),
        ([1, float("nan"), 1], {}, 2),
    ],
)
def test_early_stopping_ends(values: list[float], options: Any, epochs: int) -> None:
    stopping = EarlyStopping(**options)
    history, _ = run(values, stopping)
    assert len(history.epoch) == epochs


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(1, 3))
def test_the_best_weights_come_back(values: list[float], patience: int) -> None:
    stopping = EarlyStopping(patience=patience, restore_best_weights=True)
    history, (model, reports) = run(values, stopping)
    reached = values[: len(history.epoch)]
    best = reached.index(min(reached))
    assert model.get_weights()[0].tolist() == reports.weights[best]
    assert stopping.best_epoch == best
    if len(reached) < len(values):
        assert len(reached) - 1 - best >= patience


def test_early_stopping_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run([1, 2, 3], EarlyStopping(verbose=1, restore_best_weights=True))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nBack to the weights of epoch 1, the best\n"
    )


def test_whether_more_is_better_goes_by_the_metric() -> None:
    for name, values, epochs in (
        ("val_accuracy", [1, 2, 3], 3),
        ("auc", [1, 2, 3], 3),
        ("val_mse", [1, 2, 3], 2),
        ("false_positives", [1, 2, 3], 2),
    ):
        assert len(run(values, EarlyStopping(name), name=name)[0].epoch) == epochs
    with pytest.raises(ValueError, match="whether more 'size' is better or less, its name does"):
        run([1.0, 2.0], EarlyStopping("size"), name="size")
    model = build(metrics=[nn.metrics.Recall(name="hits")])
    model.fit(X, (Y > 0).astype(np.float32), verbose=0, epochs=2, callbacks=[EarlyStopping("hits")])


def test_a_number_that_is_not_reported_is_warned_of() -> None:
    model = build()
    with pytest.warns(UserWarning, match="EarlyStopping watches 'val_loss', which was not rep"):
        model.fit(X, Y, verbose=0, callbacks=[EarlyStopping()])
    with pytest.raises(ValueError, match="mode is 'auto', 'min' or 'max', got 'less'"):
        EarlyStopping(mode="less")


@pytest.mark.parametrize(
    ("values", "options", "rates"),
    [
        ([3, 2, 1, 1, 1], {"patience": 1}, [1, 1, 1, 1, 0.5]),
        ([3, 2, 2, 2, 2], {"patience": 2}, [1, 1, 1, 1, 0.5]),
        ([1, 1, 1, 1, 1], {"patience": 1}, [1, 1, 0.5, 0.25, 0.125]),
        ([1, 1, 1, 1, 1], {"patience": 1, "cooldown": 2}, [1, 1, 0.5, 0.5, 0.25]),
        ([1, 1, 1, 1, 1], {"patience": 1, "min_lr": 0.04}, [1, 1, 0.5, 0.4, 0.4]),
        ([1, 0.9999, 1, 1, 1], {"patience": 2, "min_delta": 0.1}, [1, 1, 1, 0.5, 0.5]),
        ([1, 2, 2, 2, 2], {"patience": 1, "mode": "max"}, [1, 1, 1, 0.5, 0.25]),
    ],
)
def test_the_rate_falls_on_a_plateau(values: list[float], options: Any, rates: Any) -> None:
    history, _ = run(values, ReduceLROnPlateau(factor=0.5, **options))
    assert history.history["learning_rate"] == pytest.approx([0.1 * rate for rate in rates])


def test_the_rate_follows_a_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    def halve(epoch: int, rate: float) -> float:
        return rate / 2 if epoch else rate

    history, (model, _) = run([1, 1, 1], LearningRateScheduler(halve, verbose=1))
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.025])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.025)
    assert capsys.readouterr().out.startswith("Epoch 1: the learning rate is 0.1\n")
    history, _ = run([1, 1], LearningRateScheduler(lambda epoch: 1 / (epoch + 1) ** 0.5))
    assert history.history["learning_rate"] == pytest.approx([1, 0.5**0.5])
    with pytest.raises(TypeError, match="the schedule gave None for epoch 0; expected a number"):
        run([1], LearningRateScheduler(lambda epoch: None))  # type: ignore[arg-type, return-value]


def test_the_rate_that_is_set_is_the_one_that_trains() -> None:
    _, (model, reports) = run([1, 1, 1], LearningRateScheduler(lambda epoch: 0.1 * (epoch < 1)))
    assert reports.weights[0] == reports.weights[1] == model.get_weights()[0].tolist()
    assert reports.weights[0] != build().get_weights()[0].tolist()


def test_weights_are_saved_after_every_epoch(tmp_path: Path) -> None:
    path = tmp_path / "made" / "{epoch:02d}-{val_loss:.1f}.safetensors"
    _, (model, reports) = run([3, 1, 2], ModelCheckpoint(path))
    assert sorted(p.name for p in path.parent.iterdir()) == [
        *("01-3.0.safetensors", "02-1.0.safetensors", "03-2.0.safetensors")
    ]
    model.load_weights(path.parent / "02-1.0.safetensors")
    assert model.get_weights()[0].tolist() == reports.weights[1]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.sampled_from(["min", "max"]))
def test_the_best_weights_are_saved(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], mode: str
) -> None:
    path = tmp_path_factory.mktemp("best") / "best.safetensors"
    _, (model, reports) = run(values, ModelCheckpoint(path, save_best_only=True, mode=mode))
    best = values.index(min(values) if mode == "min" else max(values))
    model.load_weights(path)
    assert model.get_weights()[0].tolist() == reports.weights[best]


def test_only_what_beats_a_threshold_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "{epoch}.safetensors"
    options: Any = {"save_best_only": True, "initial_value_threshold": 2.0, "verbose": 1}
    run([3, 2, 1], ModelCheckpoint(path, **options))
    assert [p.name for p in tmp_path.iterdir()] == ["3.safetensors"]
    assert capsys.readouterr().out == f"Epoch 3: weights saved to {tmp_path}/3.safetensors\n"


def test_whole_models_are_saved_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, path = build(), tmp_path / "{epoch}.safetensors"
    checkpoint = ModelCheckpoint(path, save_weights_only=False, verbose=1)
    model.fit(X, Y, 5, epochs=2, verbose=0, callbacks=[checkpoint])
    loaded = nn.models.load_model(tmp_path / "2.safetensors")
    assert loaded.optimizer.iterations == 10
    assert loaded.get_weights()[0].tolist() == model.get_weights()[0].tolist()
    assert f"Epoch 2: model saved to {tmp_path}/2.safetensors\n" in capsys.readouterr().out


def test_weights_are_saved_after_so_many_steps(tmp_path: Path) -> None:
    model = build()
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=4)
    model.fit(X, Y, 5, epochs=3, verbose=0, callbacks=[checkpoint])  # five steps an epoch
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-4", "2-3", "3-2"]


def test_wrong_checkpoints_are_refused(tmp_path: Path) -> None:
    for wrong in (0, "batch"):
        with pytest.raises(ValueError, match="save_freq is 'epoch' or a number of steps"):
            ModelCheckpoint("w", save_freq=wrong)
    with pytest.raises(KeyError, match="names 'accuracy', which was not reported"):
        run([1], ModelCheckpoint(tmp_path / "{accuracy}"))
    assert list(tmp_path.iterdir()) == []


def test_numbers_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    model = build()
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[CSVLogger(path)], validation_data=(X, Y))
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    assert header == "epoch,loss,val_loss"
    history = model.history
    assert history is not None
    for k, row in enumerate(rows):
        epoch, loss, val_loss = row.split(",")
        assert int(epoch) == k
        assert float(loss) == history.history["loss"][k]
        assert float(val_loss) == history.history["val_loss"][k]


def test_a_table_goes_on_and_has_gaps(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, separator=";", append=True)
    model = build()
    for _ in range(2):
        model.fit(
            X, Y, epochs=2, verbose=0, callbacks=[logger], validation_data=(X, Y), validation_freq=2
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split(";")[0] for line in lines] == ["epoch", "0", "1", "0", "1"]
    assert [line.endswith(";NA") for line in lines] == [False, True, False, True, False]
    model.fit(X, Y, verbose=0, callbacks=[CSVLogger(path)])
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
