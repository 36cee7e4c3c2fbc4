"""TensorBoard: the reported numbers, the weights' distributions and the model's graph."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

from nn.callbacks._graph_def import graph_def
from nn.callbacks.callback import NEVER, Callback, Logs
from nn.layers import _holds


class TensorBoard(Callback):
    """Writes event files that TensorBoard shows: `tensorboard --logdir logs`.

    log_dir: the folder; training goes to its `train`, validation to its `validation`.
    histogram_freq: every so many epochs the distribution of every weight; 0 never.
    write_graph: the layers and what feeds them, once.
    update_freq: "epoch", or "batch" or a number of steps after which numbers are written as well.

    Scalars are called "epoch_loss" and so on, of steps "batch_loss", histograms by the weights'
    paths, "dense/kernel/histogram".

    Raises ImportError at the beginning of training where tensorboardX is not installed.

    >>> TensorBoard("logs", histogram_freq=1).update_freq
    'epoch'
    """

    backed_up = ("due",)

    def __init__(
        self,
        log_dir: str | PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        update_freq: int | str = "epoch",
    ) -> None:
        super().__init__()
        if update_freq not in ("epoch", "batch") and (
            not isinstance(update_freq, int) or update_freq < 1
        ):
            raise ValueError(
                f"update_freq is 'epoch', 'batch' or a number of steps, got {update_freq!r}"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.write_graph = histogram_freq, write_graph
        self.update_freq = update_freq
        #: the next batch to hear of
        self.due = NEVER
        self._writers: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Write the graph."""
        writer = self._writer("train")
        if self.write_graph:
            from tensorboardX.proto.event_pb2 import Event

            graph = graph_def(self.model)
            writer.file_writer.add_event(Event(graph_def=graph.SerializeToString()))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Reckon which steps to write."""
        self.due = NEVER if self.update_freq == "epoch" else self._stride() - 1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the numbers so far in the epoch."""
        self._scalars("train", "batch_", logs or {}, int(self.model.optimizer.iterations))
        self.due = batch + self._stride()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's numbers, and the weights."""
        held_out = {k.removeprefix("val_"): v for k, v in (logs or {}).items() if k[:4] == "val_"}
        trained = {k: v for k, v in (logs or {}).items() if k[:4] != "val_"}
        self._scalars("train", "epoch_", trained, epoch)
        if held_out:
            self._scalars("validation", "epoch_", held_out, epoch)
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            writer = self._writer("train")
            for path, v in _holds.by_path(self.model).items():
                writer.add_histogram(f"{path}/histogram", v.numpy().ravel(), epoch)
            writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _stride(self) -> int:
        return self.update_freq if isinstance(self.update_freq, int) else 1

    def _scalars(self, run: str, prefix: str, logs: Logs, step: int) -> None:
        writer = self._writer(run)
        for name, value in logs.items():
            writer.add_scalar(prefix + name, value, step)
        writer.flush()

    def _writer(self, run: str) -> Any:
        if run not in self._writers:
            try:
                from tensorboardX import SummaryWriter
            except ImportError as error:
                raise ImportError(
                    "TensorBoard files are written by tensorboardX, which is not installed: "
                    "pip install 'autodiff-tape[tensorboard]'"
                ) from error
            self._writers[run] = SummaryWriter(os.path.join(self.log_dir, run))
        return self._writers[run]
