"""The trainings that `bench fit` times, and what they must have learnt after an epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """A perceptron, how it is trained, and the share of test digits it may then read wrongly."""

    name: str
    hidden: tuple[int, ...]
    optimizer: str  # SGD or RMSprop
    rate: float
    one_hot: bool
    batch: int
    wrong: float  # after the first epoch


PROBLEMS = (
    Problem("784-512-10", (512,), "RMSprop", 0.001, True, 128, 0.06),
    Problem("784-16-16-10", (16, 16), "SGD", 0.01, False, 10, 0.12),
)


@dataclass(frozen=True)
class Training:
    """What a competitor makes of a problem: `run` is one more epoch, `accuracy` on test digits."""

    run: Callable[[], object]
    accuracy: Callable[[], float]


#: (images (N, 784) from 0 to 1 in float32, labels) to train on and to test with
Digits = tuple[tuple[Array, Array], tuple[Array, Array]]
Trainer = Callable[[Problem, Digits], Training]


@cache
def read(file: str) -> Digits:
    """The digits that `bench fit` wrote, as pixels in a row."""
    with np.load(file) as arrays:
        x, x_test = (
            arrays[name].reshape(-1, 784) * np.float32(1 / 255) for name in ("x", "x_test")
        )
        return (x, arrays["y"]), (x_test, arrays["y_test"])


def make_cases(train: Trainer, file: str) -> Mapping[str, Callable[[], Case]]:
    """A competitor's cases; labels are one-hot in float32 where the problem says so."""
    return {problem.name: partial(_case, train, problem, file) for problem in PROBLEMS}


def _case(train: Trainer, problem: Problem, file: str) -> Case:
    (x, y), (x_test, y_test) = read(file)
    if problem.one_hot:
        y, y_test = (np.eye(10, dtype=np.float32)[labels] for labels in (y, y_test))
    training = train(problem, ((x, y), (x_test, y_test)))

    def wrong() -> float:
        training.run()
        return 1 - training.accuracy()

    return Case(training.run, wrong, problem.wrong)
