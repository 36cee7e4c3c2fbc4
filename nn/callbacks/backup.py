"""BackupAndRestore: a training that was killed goes on."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path

from autodiff._files import remove_parts
from nn._safetensors import FormatError
from nn.callbacks.callback import NEVER, Callback, Logs
from nn.checkpoints import Checkpoint


class BackupAndRestore(Callback):
    """Saves all of a training as it goes; `fit` called again in a new process goes on from there.

    The program that was killed is started again as it was: `fit` finds the backup, and ends with
    the weights and history, to the last bit, that it would have had. Saved are the model, its
    optimizer, metrics and random generators, the one behind `utils.set_random_seed`, epoch, batch
    and the order of rows, and what other callbacks have `backed_up`. Data that come in batches are
    gone through again up to the place, unless they have state_dict() and load_state_dict(state), as
    `batches` does.

    backup_dir: a folder for this one training.
    save_freq: "epoch", or after so many steps.
    double_checkpoint: keep the file before the newest, and go back to it, with a warning, where the
        newest is damaged.
    delete_checkpoint: remove the files when training has come to its end.

    Raises ValueError for another `save_freq`, and where training begins for a backup of another
    model, optimizer or callbacks, which is then left as it is.

    >>> backup = BackupAndRestore("backup", save_freq=100)
    >>> backup.latest.name
    'latest.safetensors'
    """

    last = True

    def __init__(
        self,
        backup_dir: str | PathLike[str],
        save_freq: int | str = "epoch",
        double_checkpoint: bool = True,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"save_freq is 'epoch' or a number of steps of 1 or more, got {save_freq!r}"
            )
        self.latest = Path(backup_dir) / "latest.safetensors"
        self.previous = Path(backup_dir) / "previous.safetensors"
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        #: the next batch to hear of
        self.due = NEVER
        #: batch of the epoch under way after which a file was written last; below 0 before it
        self._saved = 0
        self._found: Path | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go back to where a run before this one was, if there was one."""
        remove_parts(self.latest)
        self._found, self._saved = None, 0
        for path, other in ((self.latest, self.previous), (self.previous, None)):
            if path.exists():
                try:
                    self._checkpoint().restore(path)
                except FormatError as error:
                    if other is None or not other.exists():
                        raise
                    warnings.warn(f"{error}; going back to {other}", stacklevel=3)
                    continue
                self._found = path
                break

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Within an epoch go back once more, after others heard that it begins."""
        place = self.model._place
        if self._found is not None and place.batch:
            self._checkpoint().restore(self._found)
            self._saved = place.batch
        self._found = None
        self._reckon()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save after so many steps; after an epoch's last one when the epoch is over."""
        if batch + 1 == self.params["steps"]:
            self.due = NEVER
            return
        self._save()
        self._saved = batch + 1
        self._reckon()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch, or count its steps."""
        done = self.model._place.done
        if self.save_freq == "epoch" or done - self._saved >= int(self.save_freq):
            self._save()
            self._saved = done
        self._saved -= done

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training is over: nothing to go back to."""
        if self.delete_checkpoint:
            for path in (self.latest, self.previous):
                path.unlink(missing_ok=True)

    def _reckon(self) -> None:
        self.due = NEVER if self.save_freq == "epoch" else self._saved + int(self.save_freq) - 1

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(**self.model._place.parts)

    def _save(self) -> None:
        self._checkpoint().save(
            self.latest, previous=self.previous if self.double_checkpoint else None
        )
