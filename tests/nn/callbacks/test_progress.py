"""What training shows, in a log file and in a terminal."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nn.callbacks import ProgbarLogger, progress
from nn.layers import Dense, Input
from nn.models import Sequential

X = np.random.default_rng(4).normal(size=(25, 6)).astype(np.float32)
Y = X[:, :1]


def build() -> Sequential:
    model = Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_a_log_file_gets_a_line_per_epoch(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = build()
    model.fit(X, Y, 10, epochs=2, verbose=verbose, validation_data=(X, Y))
    out, err = capsys.readouterr()
    assert err == ""
    number = r"\d\.\d{4}"
    line = (
        rf"Epoch \d/2: 3/3 - [\d.]+(s|ms|µs) [\d.]+(s|ms|µs)/step - loss: {number} - "
        rf"mae: {number} - val_loss: {number} - val_mae: {number}"
    )
    lines = out.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(line, text) for text in lines), lines
    model.evaluate(X, Y, 10, verbose=verbose)
    model.predict(X, 10, verbose=verbose)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"3/3 - .*/step - loss: {number} - mae: {number}", evaluated)
    assert re.fullmatch(r"3/3 - [\d.]+(s|ms|µs) [\d.]+(s|ms|µs)/step", predicted)


def test_nothing_is_shown_if_that_is_wished(capsys: pytest.CaptureFixture[str]) -> None:
    model = build()
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_and_then_the_whole_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(progress, "BAR", 0.0)
    model = build()
    model.fit(X, Y, 10, epochs=2, validation_data=(X, Y))
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    for k, line in enumerate(out.split("\n")[:-1], 1):
        *shown, last = line.split("\r\033[K")[1:]
        assert shown[0] == f"Epoch {k}/2: 0/3 [>...................]"
        assert shown[1].startswith(f"Epoch {k}/2: 1/3 [======>.............] - ")
        assert max(map(len, shown)) < 60  # what is longer would leave its first part behind
        assert re.fullmatch(rf"Epoch {k}/2: 3/3 - \S+ \S+/step - loss: .* - val_mae: \S+", last)
    model.fit(X, Y, 10, verbose=2)
    assert capsys.readouterr().out.startswith("Epoch 1/1: 3/3 - ")


def test_a_notebook_keeps_the_last_line_of_each_epoch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            shown[-1].append(data["text/plain"])

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append([data["text/plain"]])
        return Handle()

    shell = type("ZMQInteractiveShell", (), {})()
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(progress, "BAR", 0.0)
    model = build()
    model.fit(X, Y, 10, epochs=2, validation_data=(X, Y))
    assert [outputs[-1].split(" - ")[0] for outputs in shown] == [
        "Epoch 1/2: 3/3",
        "Epoch 2/2: 3/3",
    ]
    assert all("val_mae" in outputs[-1] for outputs in shown)
    assert shown[0][2].startswith("Epoch 1/2: 1/3 [======>.............] - ")
    model.evaluate(X, Y, 10)
    assert len(shown) == 3
    assert capsys.readouterr().out == ""


def test_batches_of_unknown_number(capsys: pytest.CaptureFixture[str]) -> None:
    class Stream:
        def __iter__(self) -> Any:
            return iter([(X, Y)] * 3)

    build().fit(Stream(), epochs=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Epoch 1/2: 3 - ")
    assert second.startswith("Epoch 2/2: 3 - ")


class Clock:
    """A clock that goes on by a step when it is told."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("step", "steps"), [(5e-5, 60_000), (1e-3, 3_000), (0.2, 20), (3.0, 5)])
def test_the_clock_is_looked_at_seldom_and_the_bar_moves_often(
    step: float, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, drawn = Clock(), []
    monkeypatch.setattr(progress, "time", clock)

    class Line:
        def show(self, text: str) -> None:
            drawn.append(clock.now)

        end = show

    monkeypatch.setattr(progress, "watched_line", Line)
    logger = ProgbarLogger()
    logger.set_params({"verbose": 1, "epochs": 1, "steps": steps})
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    looks = 0
    for batch in range(steps):
        clock.now += step
        if batch >= logger.due:
            looks += 1
            logger.on_train_batch_end(batch, {})
    seconds = step * steps
    logger.on_epoch_end(0, {})
    assert looks <= min(steps, 12 * seconds / 0.1 + 40)
    gaps = np.diff([0.0, *drawn])
    assert gaps.max() <= max(0.2, 1.01 * step)
    assert len(drawn) <= 10 * seconds + 2


@pytest.mark.parametrize(
    ("seconds", "steps", "text"),
    [
        (0.0, 0, "0µs 0µs/step"),
        (0.26, 6000, "0.26s 43µs/step"),
        (3.14159, 1000, "3.1s 3.1ms/step"),
        (75.0, 10, "75s 7.5s/step"),
        (4000.0, 10, "4000s 400s/step"),
        (0.02, 1, "20ms 20ms/step"),
    ],
)
def test_times_are_said_shortly(seconds: float, steps: int, text: str) -> None:
    assert progress.report(steps, seconds, {}) == text


def test_numbers_are_said_shortly() -> None:
    logs = {"loss": 0.25, "learning_rate": 1e-5, "zero": 0.0, "big": 1234.5, "name": "x"}
    assert progress.report(1, 1.0, logs).split(" - ")[1:] == [
        *("loss: 0.2500", "learning_rate: 1.0000e-05", "zero: 0.0000", "big: 1234.5000", "name: x")
    ]
