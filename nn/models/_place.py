"""Where a call of `fit` stands: what a backup saves beside the model, and goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.callbacks import CallbackList
from nn.layers import _holds
from nn.models._devices import Feed
from optim import Optimizer

if TYPE_CHECKING:
    from nn.models._trainer import Trainer


class Place:
    """The epoch, how many of its batches are done, and what the feeds give next.

    feeds: by name, of the training and validation data.
    """

    def __init__(
        self, model: Trainer, heard: CallbackList, feeds: dict[str, Feed], epoch: int
    ) -> None:
        self._model, self._heard, self._feeds = model, heard, feeds
        #: the epoch under way, or between two the one that comes next
        self.epoch = epoch
        #: batches of it that are done; known exactly when callbacks hear of a batch
        self.batch = 0
        #: how many batches the epoch before had
        self.done = 0

    def end_epoch(self) -> None:
        """The epoch is over."""
        self.epoch, self.batch, self.done = self.epoch + 1, 0, self.batch

    @property
    def parts(self) -> dict[str, Any]:
        """All that the training consists of, for a Checkpoint."""
        model = self._model
        return {
            "model": model,
            "optimizers": dict(_holds.parts(model, Optimizer)),
            "metrics": {metric.name: metric for metric in model.metrics},
            "callbacks": self._heard.with_state(),
            "fit": self,
        }

    def state_dict(self) -> dict[str, Any]:
        """Epoch, batch, feeds, and whether training was told to end."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "stop_training": self._model.stop_training,
            "feeds": {name: feed.state_dict() for name, feed in self._feeds.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand there; ValueError where the feeds are others."""
        if set(state["feeds"]) != set(self._feeds):
            raise ValueError(f"fit: given {sorted(state['feeds'])}, here are {sorted(self._feeds)}")
        for name, feed in self._feeds.items():
            feed.load_state_dict(state["feeds"][name])
        self.epoch, self.batch = state["epoch"], state["batch"]
        self._model.stop_training = state["stop_training"]
