"""A row of the lectures' models, what came of its trainings, and whether that is enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nn.callbacks import Callback


@dataclass(frozen=True)
class Outcome:
    """What one training came to."""

    seed: int
    numbers: dict[str, float]
    parameters: int
    #: of each epoch, of training alone
    seconds: list[float]
    #: on MNIST's test set after each epoch
    accuracies: list[float]

    @property
    def seconds_per_epoch(self) -> float:
        """Of the fastest epoch."""
        return min(self.seconds)


@dataclass(frozen=True)
class Row:
    """A model, how it is trained, and what its numbers must be at least.

    least: by name, for the mean over the seeds; with `each`, for every seed.
    epochs: gives the seconds of so many whole epochs of `fit`, where these are compared.
    """

    name: str
    how: str
    least: Mapping[str, float]
    run: Callable[[int], Outcome]
    each: bool = False
    epochs: Callable[[int], list[float]] | None = None

    def reached(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether every number is what it should be."""
        return all(
            (min if self.each else mean)([outcome.numbers[name] for outcome in outcomes]) >= least
            for name, least in self.least.items()
        )

    def means(self, outcomes: Sequence[Outcome]) -> dict[str, float]:
        """Every number's mean over the seeds."""
        names = outcomes[0].numbers
        return {name: mean([outcome.numbers[name] for outcome in outcomes]) for name in names}


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


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
