"""EarlyStopping: training ends when it no longer helps."""

from __future__ import annotations

from typing import Any

from nn.callbacks._monitor import Monitor
from nn.callbacks.callback import Logs


class EarlyStopping(Monitor):
    """Ends training when a number has not improved for a while.

    monitor, mode, min_delta: which number, whether more ("max") or less ("min") of it is better,
        and how much is an improvement.
    patience: how many epochs without one are borne.
    verbose: 1 says when it ends. baseline: a value that has to be beaten as well.
    restore_best_weights: at the end go back to the weights of the best epoch.
    start_from_epoch: epochs before this one do not count.

    >>> stopping = EarlyStopping("val_accuracy", patience=3, restore_best_weights=True)
    >>> stopping.monitor, stopping.patience
    ('val_accuracy', 3)

    Source: L. Prechelt, "Early stopping — but when?" (1998).
    """

    backed_up = ("best", "wait", "stopped_epoch", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._begin()

    def _begin(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether the epoch helped."""
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Go back to the best epoch, if that was wished."""
        if self.verbose and self.stopped_epoch:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping", flush=True)
        if self.best_weights is not None:
            if self.verbose:
                print(f"Back to the weights of epoch {self.best_epoch + 1}, the best", flush=True)
            self.model.set_weights(self.best_weights)
