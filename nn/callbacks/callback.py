"""Callback: what hears of a training's beginnings and ends."""

from __future__ import annotations

import sys
from typing import Any

Logs = dict[str, Any]

#: a batch that never comes
NEVER = sys.maxsize


class Callback:
    """Hears of the epochs and batches of `fit`, `evaluate` and `predict`; a subclass listens.

    model: the model; `model.stop_training = True` ends `fit`. params: its verbose, epochs and
    steps. logs: the numbers reported so far, by name; what is added to those of `on_epoch_end`
    comes into the history. Batches and epochs are counted from 0.

    What a callback has learnt and goes by, it names in `backed_up`, its attributes that
    `BackupAndRestore` keeps: numbers, text, arrays, and lists and dictionaries of them.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch} is over")
    >>> Shout().on_epoch_end(0)
    epoch 0 is over
    """

    #: names of the attributes that a training which goes on needs as they were
    backed_up: tuple[str, ...] = ()
    #: whether it hears of everything after all others
    last = False

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Told before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Told before anything else."""
        self.params = params

    def state_dict(self) -> dict[str, Any]:
        """What is `backed_up`, by name."""
        return {name: getattr(self, name) for name in self.backed_up}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take on what `state_dict` gave; ValueError for other names."""
        if set(state) != set(self.backed_up):
            raise ValueError(
                f"{type(self).__name__}: given {sorted(state)}; expected {sorted(self.backed_up)}"
            )
        for name, value in state.items():
            setattr(self, name, value)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """`fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """`fit` is over."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch is over, its validation too."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step of training begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step of training is over."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """`evaluate` or a validation begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """`evaluate` or a validation is over."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of `evaluate` or a validation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of `evaluate` or a validation is over."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """`predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """`predict` is over."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of `predict` begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of `predict` is over; logs holds its outputs."""


def listens(callback: Callback, method: str) -> bool:
    """Whether a callback says anything of its own for a method."""
    return method in vars(callback) or getattr(type(callback), method) is not getattr(
        Callback, method
    )
