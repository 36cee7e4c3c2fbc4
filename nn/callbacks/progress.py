"""ProgbarLogger: how far training is, in a terminal, a notebook or a log file."""

from __future__ import annotations

import time
from typing import Any

from nn.callbacks._line import Line, bar, watched_line
from nn.callbacks.callback import Callback, Logs

#: seconds between two looks at a bar, and between two lines within an epoch in a log file
BAR, LINES = 0.1, 30.0


class ProgbarLogger(Callback):
    """Shows epoch, steps, time per step, loss and metrics; `fit` adds one unless `verbose=0`.

    A line at the end of every epoch; until then, unless verbose=2, a bar in a terminal or notebook,
    and in a log file a line every 30 s.
    """

    def __init__(self) -> None:
        super().__init__()
        #: the next batch to hear of: the clock is looked at a few times a second, not every step
        self.due = 0
        self._title = ""
        self._started = self._shown = 0.0
        self._done = 0
        self._seconds: float | None = None
        self._fits = False
        self._line: Line | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on validations are parts of epochs."""
        self._fits = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Later tests stand for themselves."""
        self._fits = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """A new bar."""
        self._begin(f"Epoch {epoch + 1}/{self.params['epochs']}: ")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """The whole epoch's numbers."""
        self._end(logs or {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """A bar for `evaluate`; within `fit` the clock of the epoch stops."""
        if self._fits:
            self._seconds = time.perf_counter() - self._started
        else:
            self._begin("")

    def on_test_end(self, logs: Logs | None = None) -> None:
        """The numbers of `evaluate`."""
        if not self._fits:
            self._end(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """A bar for `predict`."""
        self._begin("")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """The bar is full."""
        self._end({})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Show how far it is."""
        self._look(batch, logs or {})

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Show how far it is."""
        if not self._fits:
            self._look(batch, logs or {})

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Show how far it is."""
        self._look(batch, {})

    def _begin(self, title: str) -> None:
        self._title, self._done, self.due = title, 0, 0
        self._seconds = None
        self._started = self._shown = time.perf_counter()
        self._line = watched_line() if self.params["verbose"] != 2 else None
        if self._line is not None:
            self._line.show(self._text(0, 0.0, {}, running=True))

    def _look(self, batch: int, logs: Logs) -> None:
        """Show the numbers, and reckon when to look again."""
        now = time.perf_counter()
        done = batch + 1
        wait = BAR if self._line is not None else LINES
        if now - self._shown >= wait:
            self._shown = now
            if self._line is not None:
                self._line.show(self._text(done, now - self._started, logs, running=True))
            elif self.params["verbose"] != 2:
                _print(self._text(done, now - self._started, logs))
        ahead = (self._shown + wait - now) * done / max(now - self._started, 1e-9)
        # half the way, as steps may get slower, and no further than it has come
        self.due = done + max(0, min(int(ahead / 2), done))
        self._done = done

    def _end(self, logs: Logs) -> None:
        seconds = self._seconds
        if seconds is None:
            seconds = time.perf_counter() - self._started
        done = self.params["steps"] or self._done
        text = self._text(done, seconds, logs)
        if self._line is None:
            _print(text)
        else:
            self._line.end(text)
            self._line = None

    def _text(self, done: int, seconds: float, logs: Logs, running: bool = False) -> str:
        steps = self.params["steps"]
        count = f"{done}/{steps}" if steps else f"{done}"
        if running and steps:
            count += f" {bar(done, steps)}"
        return f"{self._title}{count}" + (f" - {report(done, seconds, logs)}" if seconds else "")


def report(done: int, seconds: float, logs: Logs) -> str:
    """Time, time per step, and the numbers.

    >>> report(1875, 0.9, {"loss": 0.25, "accuracy": 0.9312})
    '0.9s 480µs/step - loss: 0.2500 - accuracy: 0.9312'
    """
    parts = [f"{_duration(seconds)} {_duration(seconds / max(done, 1))}/step"]
    parts += [f"{name}: {_number(value)}" for name, value in logs.items()]
    return " - ".join(parts)


def _duration(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:.0f}s"
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if seconds * scale >= (0.1 if unit == "s" else 1):
            return (
                f"{seconds * scale:.2g}{unit}"
                if seconds * scale < 10
                else f"{seconds * scale:.0f}{unit}"
            )
    return f"{seconds * 1e6:.0f}µs"


def _number(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:.4f}" if abs(value) >= 1e-3 or not value else f"{value:.4e}"


def _print(text: str) -> None:
    print(text, flush=True)
