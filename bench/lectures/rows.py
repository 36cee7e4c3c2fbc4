"""The rows: what the lectures train, and what must come of it."""

from __future__ import annotations

from bench.lectures._digits import Digits, lenet, perceptron
from bench.lectures._row import Row
from bench.lectures._synthetic import STARTS, curve, plane
from nn.layers import MaxPooling2D, Subsampling
from optim import SGD, Adam, RMSprop
from optim.schedules import PiecewiseConstantDecay

SIXTEEN = Digits(perceptron(16, 16), lambda: SGD(0.01), batch=10, epochs=5)
WIDE = Digits(perceptron(512), RMSprop, batch=128, epochs=5, one_hot=True)


def _steps_down() -> SGD:
    """A tenth of the rate after four epochs of 1,875 steps."""
    return SGD(PiecewiseConstantDecay([4 * 1875], [0.02, 0.002]), momentum=0.9)


ROWS = (
    Row(
        "784-16-16-10",
        "relu, SGD 0.01, batch 10, 5 epochs",
        {"accuracy": 0.938},
        SIXTEEN.run,
        epochs=SIXTEEN.seconds,
    ),
    Row(
        "784-128-10",
        "relu, Adam, batch 32, 5 epochs",
        {"accuracy": 0.975},
        Digits(perceptron(128), Adam, batch=32, epochs=5).run,
    ),
    Row(
        "784-512-10",
        "relu, RMSprop, one-hot, batch 128, 5 epochs",
        {"accuracy": 0.977},
        WIDE.run,
        epochs=WIDE.seconds,
    ),
    Row(
        "784-100-10",
        "sigmoid, Adam 0.001, one-hot, batch 100, 20 epochs, 50,000 digits",
        {"accuracy": 0.970},
        Digits(perceptron(100, activation="sigmoid"), Adam, 100, 20, 50_000, one_hot=True).run,
    ),
    Row(
        "2-4-1",
        "sigmoid, Adam 0.01, binary cross-entropy, batch 100, 20 × 50 epochs; "
        f"of {STARTS} starts the one with the least loss",
        {"accuracy - best possible": -0.04},
        plane,
        each=True,
    ),
    Row("1-4-1", "sigmoid, Adam 0.05, MSE, batch 50, 1000 epochs", {"R²": 0.98}, curve),
    *(
        Row(
            f"LeNet-5, {name}",
            "relu, SGD 0.02, from epoch 5 on 0.002, momentum 0.9, batch 32, until 0.99",
            {"accuracy after 5": 0.988, "best accuracy": 0.99},
            Digits(lenet(layer), _steps_down, batch=32, epochs=15, goal=(5, 0.99)).run,
        )
        for name, layer in {"subsampling": Subsampling, "max pooling": MaxPooling2D}.items()
    ),
)
