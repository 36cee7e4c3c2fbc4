"""How a training run went."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from nn.callbacks import Callback


@dataclass(frozen=True)
class Epoch:
    """One pass over the training digits, and how the held-out digits are read after it."""

    loss: float  # mean over the samples, as the epoch went
    test_loss: float
    test_accuracy: float
    seconds: float  # of training alone


@dataclass
class History:
    """The loss of every step, in order, and every epoch."""

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The part of the held-out digits that is read right in the end."""
        return self.epochs[-1].test_accuracy

    @property
    def seconds_per_epoch(self) -> float:
        """The mean over the epochs."""
        return sum(epoch.seconds for epoch in self.epochs) / len(self.epochs)


class Recorder(Callback):
    """Keeps a History while a model is fitted on `rows` samples, `batch` at a time."""

    def __init__(self, rows: int, batch: int) -> None:
        super().__init__()
        self.kept = History()
        self._rows, self._batch = rows, batch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._seen, self._total = 0, 0.0
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        seen = min((batch + 1) * self._batch, self._rows)
        total = logs["loss"] * seen  # the loss is that of all samples so far
        self.kept.losses.append((total - self._total) / (seen - self._seen))
        self._seen, self._total = seen, total

    def on_test_begin(self, logs: Any = None) -> None:
        self._seconds = time.perf_counter() - self._start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        numbers = logs["loss"], logs["val_loss"], logs["val_accuracy"]
        self.kept.epochs.append(Epoch(*numbers, self._seconds))
