"""What a competitor hands to the worker that times it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: the environment's name for where to compute, which workers are given
DEVICE_VARIABLE = "AUTODIFF_DEVICE"


def device() -> str:
    """Where competitors compute: "cpu", or "cuda" with or without a number."""
    return os.environ.get(DEVICE_VARIABLE) or "cpu"


@dataclass(frozen=True)
class Case:
    """One thing to time: `run` is a single repetition; `check` gives its error, once, before that.

    An error above `tolerance` means that the competitor computes something else: it is not timed.
    `about` says what else is worth noting, as numbers by name, after the check. `repeat`: how many
    repetitions make a sample, where that is known without trying.
    """

    run: Callable[[], object]
    check: Callable[[], float]
    tolerance: float
    about: Callable[[], Mapping[str, float]] = field(default=dict, kw_only=True)
    repeat: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Loaded:
    """What a competitor module's `load()` returns.

    `cases` maps a name to a function that builds the case: a case exists only while it is timed.
    `finish` waits until what was asked of a device is done: before the clock is read.
    `threads` are the sizes of its own thread pools. `notes` is anything worth recording, such as
    which loss function was found.
    """

    versions: Mapping[str, str]
    cases: Mapping[str, Callable[[], Case]]
    threads: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    finish: Callable[[], object] = lambda: None
