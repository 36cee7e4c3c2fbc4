"""The rows: what the lectures train, and what must come of it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import data
import nn
from nn.callbacks import Callback
from nn.layers import Conv2D, Dense, Flatten, Layer, MaxPooling2D, Subsampling
from nn.models import Sequential
from optim import SGD, Adam, RMSprop


@dataclass(frozen=True)
class Outcome:
    """What one training came to."""

    seed: int
    numbers: dict[str, float]
    parameters: int
    seconds_per_epoch: float  # of training alone, the fastest epoch
    #: of MNIST's test set after each epoch
    accuracies: list[float]


@dataclass(frozen=True)
class Row:
    """A model, how it is trained, and what its numbers must be at least, on average over seeds."""

    name: str
    how: str
    least: dict[str, float]
    run: Callable[[int], Outcome]


class EpochClock(Callback):
    """The seconds of each epoch, without its validation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()
        self._stopped = False

    def on_test_begin(self, logs: Any = None) -> None:
        self._stop()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stop()

    def _stop(self) -> None:
        if not self._stopped:
            self.seconds.append(time.perf_counter() - self._start)
        self._stopped = True


# -- handwritten digits ------------------------------------------------------------------------


@functools.cache
def _mnist() -> Any:
    """Images (N, 28, 28, 1) from 0 to 1, and labels."""
    (x, y), (x_test, y_test) = data.mnist.load_data()
    scale = np.float32(1 / 255)
    return (x[..., None] * scale, y), (x_test[..., None] * scale, y_test)


def _digits(
    layers: Callable[[], Sequence[Layer]],
    optimizer: Callable[[], Any],
    batch: int,
    epochs: int,
    rows: int = 60_000,
    one_hot: bool = False,
    after: int | None = None,
) -> Callable[[int], Outcome]:
    """Training on MNIST; `after`: the accuracy after so many epochs counts, and the best one."""

    def run(seed: int) -> Outcome:
        (x, y), (x_test, y_test) = _mnist()
        x, y = x[:rows], y[:rows]
        loss = "sparse_categorical_crossentropy"
        if one_hot:
            loss = "categorical_crossentropy"
            y, y_test = data.to_categorical(y, 10), data.to_categorical(y_test, 10)
        nn.utils.set_random_seed(seed)
        model = Sequential(layers())
        model.compile(optimizer(), loss, metrics=["accuracy"])
        clock = EpochClock()
        history = model.fit(
            *(x, y, batch, epochs),
            verbose=0,
            validation_data=(x_test, y_test),
            validation_batch_size=1000,
            callbacks=[clock],
        )
        found = history.history["val_accuracy"]
        numbers = {"accuracy": found[-1]}
        if after is not None:
            numbers = {f"accuracy after {after}": found[after - 1], "best accuracy": max(found)}
        return Outcome(seed, numbers, model.count_params(), min(clock.seconds), found)

    return run


def _perceptron(*widths: int, activation: str = "relu") -> Callable[[], Sequence[Layer]]:
    """Flatten, hidden layers, and ten probabilities."""

    def layers() -> Sequence[Layer]:
        hidden = [Dense(width, activation) for width in widths]
        return [Flatten(input_shape=(28, 28, 1)), *hidden, Dense(10, "softmax")]

    return layers


def _lenet(pooled: Callable[[], Layer], activation: str) -> Callable[[], Sequence[Layer]]:
    """LeNet-5 with pooling or subsampling layers."""

    def layers() -> Sequence[Layer]:
        return [
            Conv2D(6, 5, padding="same", activation=activation, input_shape=(28, 28, 1)),
            pooled(),
            Conv2D(16, 5, activation=activation),
            pooled(),
            Flatten(),
            Dense(120, activation),
            Dense(84, activation),
            Dense(10, "softmax"),
        ]

    return layers


# -- synthetic sets ----------------------------------------------------------------------------


def _plane(seed: int) -> Outcome:
    """20 calls of `fit` with 50 epochs each on 400 points of the unit square."""
    x, y = data.synthetic.hill(400, seed=seed)
    nn.utils.set_random_seed(seed)
    model = Sequential([Dense(4, "sigmoid", input_shape=(2,)), Dense(1, "sigmoid")])
    model.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    clock = EpochClock()
    for _ in range(20):
        model.fit(x, y, batch_size=100, epochs=50, verbose=0, callbacks=[clock])
    _, accuracy = model.evaluate(x, y, verbose=0)
    best = float(((data.synthetic.hill_probability(x) > 0.5) == y).mean())
    numbers = {"accuracy - best possible": accuracy - best}
    return Outcome(seed, numbers, model.count_params(), min(clock.seconds), [accuracy])


def _curve(seed: int) -> Outcome:
    """One period of a cosine from noisy samples; the share of its variance that is learnt."""
    x, y = data.synthetic.curve(200, f=lambda x: np.cos(2 * np.pi * x), noise=0.05, seed=seed)
    nn.utils.set_random_seed(seed)
    model = Sequential([Dense(4, "sigmoid", input_shape=(1,)), Dense(1)])
    model.compile(Adam(0.05), "mse")
    clock = EpochClock()
    model.fit(x, y, batch_size=50, epochs=1000, verbose=0, callbacks=[clock])
    learnt = model.predict(x, verbose=0)
    true = np.cos(2 * np.pi * x)
    share = 1 - float(np.square(learnt - true).mean() / true.var())
    return Outcome(seed, {"R²": share}, model.count_params(), min(clock.seconds), [])


ROWS = (
    Row(
        "784-16-16-10",
        "relu, SGD 0.01, batch 10, 5 epochs",
        {"accuracy": 0.938},
        _digits(_perceptron(16, 16), lambda: SGD(0.01), 10, 5),
    ),
    Row(
        "784-128-10",
        "relu, Adam, batch 32, 5 epochs",
        {"accuracy": 0.975},
        _digits(_perceptron(128), Adam, 32, 5),
    ),
    Row(
        "784-512-10",
        "relu, RMSprop, one-hot, batch 128, 5 epochs",
        {"accuracy": 0.977},
        _digits(_perceptron(512), RMSprop, 128, 5, one_hot=True),
    ),
    Row(
        "784-100-10",
        "sigmoid, Adam 0.001, one-hot, batch 100, 20 epochs, 50,000 digits",
        {"accuracy": 0.970},
        _digits(_perceptron(100, activation="sigmoid"), Adam, 100, 20, rows=50_000, one_hot=True),
    ),
    Row(
        "LeNet-5, subsampling",
        "tanh, trainable subsampling, SGD 0.05, momentum 0.9, batch 64, 15 epochs",
        {"accuracy after 5": 0.988, "best accuracy": 0.99},
        _digits(
            _lenet(lambda: Subsampling(activation="tanh"), "tanh"),
            lambda: SGD(0.05, momentum=0.9),
            *(64, 15),
            after=5,
        ),
    ),
    Row(
        "LeNet-5, max pooling",
        "relu, SGD 0.02, momentum 0.9, batch 64, 10 epochs",
        {"accuracy after 5": 0.988, "best accuracy": 0.99},
        _digits(_lenet(MaxPooling2D, "relu"), lambda: SGD(0.02, momentum=0.9), 64, 10, after=5),
    ),
    Row(
        "2-4-1",
        "sigmoid, Adam 0.01, binary cross-entropy, batch 100, 20 × 50 epochs",
        {"accuracy - best possible": -0.04},
        _plane,
    ),
    Row("1-4-1", "sigmoid, Adam 0.05, MSE, batch 50, 1000 epochs", {"R²": 0.98}, _curve),
)
