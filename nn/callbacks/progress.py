"""ProgbarLogger: how far training is, in a terminal, a notebook or a log file."""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

from nn.callbacks.callback import Callback, Logs

#: seconds between two looks at a bar, and between two lines within an epoch in a log file
BAR, LINES = 0.1, 30.0


class ProgbarLogger(Callback):
    """Shows epoch, steps, time per step, loss and metrics; `fit` adds one unless `verbose=0`.

    In a terminal and in a notebook a bar, if tqdm is installed; in a log file, without tqdm and for
    verbose=2 a line at the end of every epoch; and, unless verbose=2, every 30 s within a long one.
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
        self._bar: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on validations are parts of epochs."""
        self._fits = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave the terminal tidy."""
        self._fits = False
        self._close()

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
        self._close()
        self._title, self._done, self.due = title, 0, 0
        self._seconds = None
        self._started = self._shown = time.perf_counter()
        verbose = self.params["verbose"]
        if verbose == 1 or (verbose == "auto" and _someone_watches()):
            self._bar = _bar(title, self.params["steps"])

    def _look(self, batch: int, logs: Logs) -> None:
        """Show the numbers, and reckon when to look again."""
        now = time.perf_counter()
        done = batch + 1
        wait = BAR if self._bar is not None else LINES
        if now - self._shown >= wait:
            self._shown = now
            if self._bar is not None:
                self._draw(done, now - self._started, logs)
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
        if self._bar is None:
            _print(self._text(done, seconds, logs))
        else:
            self._draw(done, seconds, logs)
            self._close()

    def _text(self, done: int, seconds: float, logs: Logs) -> str:
        steps = self.params["steps"]
        count = f"{done}/{steps}" if steps else f"{done}"
        return f"{self._title}{count} - {report(done, seconds, logs)}"

    def _draw(self, done: int, seconds: float, logs: Logs) -> None:
        self._bar.n = done
        self._bar.set_postfix_str(report(done, seconds, logs), refresh=False)
        self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


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


def _someone_watches() -> bool:
    """Whether output goes to a terminal or a notebook."""
    return sys.stdout.isatty() or _in_notebook()


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")


def _bar(title: str, steps: int | None) -> Any:
    """A bar of tqdm; None where there is no one to watch it, or no tqdm."""
    if not _someone_watches():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of notebooks without widgets
            from tqdm.auto import tqdm
    except ImportError:
        return None
    count = "{n_fmt}/{total_fmt} |{bar:20}| " if steps else "{n_fmt} "
    return tqdm(
        total=steps,
        desc=title,
        bar_format="{desc}" + count + "{postfix}",
        file=sys.stdout,
        mininterval=0,
        leave=True,
    )


def _print(text: str) -> None:
    print(text, flush=True)
