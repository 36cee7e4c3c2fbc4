"""Trainings on MNIST."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import data
import nn
from bench.lectures._row import EpochClock, Outcome
from nn.callbacks import Callback
from nn.layers import Conv2D, Dense, Flatten, Layer
from nn.models import Sequential


@dataclass(frozen=True)
class Digits:
    """How a model of handwritten digits is made and trained.

    rows: so many of the 60,000 training digits.
    goal: (n, accuracy): the accuracy after n epochs counts, and the best one; training ends after
        n epochs or more when that accuracy was reached, else after `epochs`.
    """

    layers: Callable[[], Sequence[Layer]]
    optimizer: Callable[[], Any]
    batch: int
    epochs: int
    rows: int = 60_000
    one_hot: bool = False
    goal: tuple[int, float] | None = None

    def run(self, seed: int) -> Outcome:
        """Train from a seed, with the test digits as validation data."""
        model, x, y, test = self._prepared(seed)
        clock = EpochClock()
        ends = [] if self.goal is None else [UntilReached(*self.goal)]
        history = model.fit(
            *(x, y, self.batch, self.epochs),
            verbose=0,
            validation_data=test,
            validation_batch_size=1000,
            callbacks=[clock, *ends],
        )
        found = history.history["val_accuracy"]
        numbers = {"accuracy": found[-1]}
        if self.goal is not None:
            after, _ = self.goal
            numbers = {f"accuracy after {after}": found[after - 1], "best accuracy": max(found)}
        return Outcome(seed, numbers, model.count_params(), clock.seconds, found)

    def seconds(self, epochs: int) -> list[float]:
        """Of so many whole epochs of `fit` as users call it, after one that is not counted."""
        model, x, y, _ = self._prepared(seed=0)
        clock = EpochClock()
        with contextlib.redirect_stdout(io.StringIO()):  # where its progress goes
            model.fit(x, y, self.batch, epochs + 1, callbacks=[clock])
        return clock.seconds[1:]

    def _prepared(self, seed: int) -> tuple[Sequential, Any, Any, Any]:
        (x, y), (x_test, y_test) = mnist()
        x, y = x[: self.rows], y[: self.rows]
        loss = "sparse_categorical_crossentropy"
        if self.one_hot:
            loss = "categorical_crossentropy"
            y, y_test = data.to_categorical(y, 10), data.to_categorical(y_test, 10)
        nn.utils.set_random_seed(seed)
        model = Sequential(self.layers())
        model.compile(self.optimizer(), loss, metrics=["accuracy"])
        return model, x, y, (x_test, y_test)


class UntilReached(Callback):
    """Ends training after `epochs` or more, when the validation accuracy was `goal` once."""

    def __init__(self, epochs: int, goal: float) -> None:
        super().__init__()
        self._epochs, self._goal, self._best = epochs, goal, 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._best = max(self._best, logs["val_accuracy"])
        if epoch + 1 >= self._epochs and self._best >= self._goal:
            self.model.stop_training = True


@functools.cache
def mnist() -> Any:
    """Images (N, 28, 28, 1) from 0 to 1, and labels."""
    (x, y), (x_test, y_test) = data.mnist.load_data()
    scale = np.float32(1 / 255)
    return (x[..., None] * scale, y), (x_test[..., None] * scale, y_test)


def perceptron(*widths: int, activation: str = "relu") -> Callable[[], Sequence[Layer]]:
    """Flatten, hidden layers, and ten probabilities."""

    def layers() -> Sequence[Layer]:
        hidden = [Dense(width, activation) for width in widths]
        return [Flatten(input_shape=(28, 28, 1)), *hidden, Dense(10, "softmax")]

    return layers


def lenet(pooled: Callable[[], Layer]) -> Callable[[], Sequence[Layer]]:
    """LeNet-5 with pooling or subsampling layers."""

    def layers() -> Sequence[Layer]:
        return [
            Conv2D(6, 5, padding="same", activation="relu", input_shape=(28, 28, 1)),
            pooled(),
            Conv2D(16, 5, activation="relu"),
            pooled(),
            Flatten(),
            Dense(120, "relu"),
            Dense(84, "relu"),
            Dense(10, "softmax"),
        ]

    return layers
