"""ModelCheckpoint: the model saved while training."""

from __future__ import annotations

import os
from os import PathLike

from nn.callbacks._monitor import Monitor
from nn.callbacks.callback import NEVER, Logs


class ModelCheckpoint(Monitor):
    """Saves the model after epochs, or after so many steps, each time or where it is the best.

    filepath: where to, in safetensors format; "{epoch:02d}-{val_loss:.3f}.safetensors" has the
        epoch, from 1, and reported numbers in its name.
    monitor, mode, save_best_only: save only where this number is better than at every save before.
    initial_value_threshold: the number to beat at first.
    save_weights_only: without it the whole model is saved, the state of its optimizer too, for
        `models.load_model`; `BackupAndRestore` saves what a training needs that is to go on.
    save_freq: "epoch", or a number of steps.
    verbose: 1 says what is saved.

    Raises ValueError for another `save_freq`, KeyError for a name that is not reported.

    >>> checkpoint = ModelCheckpoint("best.safetensors", save_best_only=True)
    >>> checkpoint.monitor
    'val_loss'
    """

    backed_up = ("best", "due", "_epoch", "_steps", "_steps_before")

    def __init__(
        self,
        filepath: str | PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = True,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, best=initial_value_threshold)
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"save_freq is 'epoch' or a number of steps of 1 or more, got {save_freq!r}"
            )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = self._steps = self._steps_before = 0
        #: the next batch to hear of
        self.due = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count steps anew."""
        self._steps, self._steps_before = 0, int(self.model.optimizer.iterations)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Know the epoch; reckon which batch is the next to save after."""
        self._epoch = epoch
        if isinstance(self.save_freq, int):
            self.due = self.save_freq - self._steps % self.save_freq - 1
        else:
            self.due = NEVER

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save after so many steps."""
        if isinstance(self.save_freq, int):
            self._save(batch, logs or {})
            self.due = batch + self.save_freq

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        self._steps = int(self.model.optimizer.iterations) - self._steps_before
        if self.save_freq == "epoch":
            self._save(None, logs or {})

    def _save(self, batch: int | None, logs: Logs) -> None:
        named = {"epoch": self._epoch + 1, **logs}
        if batch is not None:
            named.setdefault("batch", batch + 1)
        try:
            path = self.filepath.format(**named)
        except KeyError as error:
            raise KeyError(
                f"{self.filepath!r} names {error}, which was not reported; "
                f"reported were {', '.join(map(repr, named))}"
            ) from None
        if self.save_best_only:
            value = self.value(logs)
            if value is not None:
                if not self.is_better(value, self.best):
                    return
                self.best = value
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            what = "weights" if self.save_weights_only else "model"
            print(f"Epoch {self._epoch + 1}: {what} saved to {path}", flush=True)
