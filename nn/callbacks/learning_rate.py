"""Callbacks that set the learning rate from epoch to epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from nn.callbacks._monitor import Monitor
from nn.callbacks.callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch, and reports it.

    schedule: (epoch, learning_rate) -> learning_rate, or (epoch) -> learning_rate; epochs from 0.
    verbose: 1 says what it is.

    Raises TypeError where the schedule gives no number.

    >>> scheduler = LearningRateScheduler(lambda epoch, rate: rate * 0.9 if epoch else rate)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose
        try:
            inspect.signature(schedule).bind(0, 0.0)
        except TypeError:
            self._takes_rate = False
        else:
            self._takes_rate = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the epoch's learning rate."""
        optimizer = self.model.optimizer
        given = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        rate = self.schedule(*given)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise TypeError(
                f"the schedule gave {rate!r:.60} for epoch {epoch}; expected a number"
            ) from None
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {rate:g}", flush=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Report it."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate when a number has not improved for a while.

    monitor, mode, min_delta: which number, whether more ("max") or less ("min") of it is better,
        and how much is an improvement.
    factor: by what, below 1. patience: how many epochs without improvement are borne. cooldown:
        epochs after a reduction that do not count. min_lr: the lowest rate. verbose: 1 says so.

    The learning rate is reported.

    Raises ValueError for a factor of 1 or more.

    >>> ReduceLROnPlateau(factor=0.5, patience=3).monitor
    'val_loss'
    """

    backed_up = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise ValueError(f"factor must lie from 0 to below 1, got {factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether the epoch helped."""
        logs = {} if logs is None else logs
        optimizer = self.model.optimizer
        rate = logs["learning_rate"] = float(optimizer.learning_rate)
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
            return
        if self.cooldown_counter:
            return
        self.wait += 1
        if self.wait >= self.patience and rate > self.min_lr:
            lower = max(rate * self.factor, self.min_lr)
            optimizer.learning_rate = lower
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                print(f"Epoch {epoch + 1}: the learning rate is now {lower:g}", flush=True)
