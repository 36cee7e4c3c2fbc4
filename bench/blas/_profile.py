"""How long each line of a flat program takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import Any

import numpy as np

from autodiff.flat import Function, LineCost, _Bound
from autodiff.flat._run import Runner
from autodiff.flat._steps import costs, timed
from autodiff.flat.trace._signature import signature


@dataclass(frozen=True)
class LineTime:
    """A line of a program as it is run, what it costs, and the median of its times in seconds."""

    cost: LineCost
    seconds: float


@dataclass(frozen=True)
class Profile:
    """What the lines of a flat program take; `seconds` is the median of whole calls, untouched."""

    name: str
    lines: tuple[LineTime, ...]
    seconds: float


def profile(function: Any, *args: Any, repeats: int = 30, **kwargs: Any) -> Profile:
    """Run the flat program of these arguments, and look at the clock after each of its lines.

    What the lines take together is less than a call takes: that also finds the program and wraps
    its results. The clock's own time is subtracted. Variables and generators are left as they were.

    Args:
        function: made by `autodiff.function`.
        args, kwargs: its arguments.
        repeats: calls that are timed.

    Raises:
        TypeError: no such function.
        ValueError: `repeats` is less than 1.
        RuntimeError: arguments or Variables lie on a device.

    >>> import autodiff as ad
    >>> f = ad.function(lambda x, y: ad.relu(x @ y), fuse=False)
    >>> found = profile(f, ad.ones((4, 8)), ad.ones((8, 3)), repeats=3)
    >>> [(line.cost.gate, line.cost.flops) for line in found.lines], found.seconds > 0
    ([('matmul', 192), ('relu', 12)], True)
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}")
    if isinstance(function, _Bound):
        function, args = function._function, (function._instance, *args)
    if not isinstance(function, Function):
        raise TypeError(f"profile takes what ad.function gives, got {type(function).__name__}")
    runner = function._runner(args, kwargs)
    if not isinstance(runner, Runner):
        raise RuntimeError("a program on a device is one launch: its lines have no times")
    with _as_before(runner):
        watched, ticks = timed(runner)
        times = []
        for _ in range(repeats + 1):
            ticks.clear()
            _call(function, watched, args, kwargs)
            times.append(np.diff(ticks))
        whole = []
        for _ in range(repeats):
            start = perf_counter_ns()
            function(*args, **kwargs)
            whole.append(perf_counter_ns() - start)
    own = _clock()
    lines = zip(costs(runner.spelling), np.median(times[1:], axis=0), strict=True)
    return Profile(
        runner.readable.name,
        tuple(LineTime(cost, max(float(ns) - own, 1.0) / 1e9) for cost, ns in lines),
        median(whole) / 1e9,
    )


def _call(function: Any, runner: Any, args: Any, kwargs: Any) -> None:
    """Run another runner of the function's program on arguments."""
    _, arrays = signature(args, kwargs, function._f)
    runner(arrays)


@contextmanager
def _as_before(runner: Runner) -> Iterator[None]:
    """Put Variables and generators back."""
    program = runner.program
    changed = [*program.assigned, *(v for group in program.groups for v in group.variables)]
    kept = [(v, v.numpy()) for v in changed]
    sources = {id(v.attrs["generator"]): v.attrs["generator"] for v in program.builder.draws}
    states = [(source, source.state) for source in sources.values()]
    try:
        yield
    finally:
        for v, data in kept:
            v.assign(data)
        for source, state in states:
            source.state = state


def _clock() -> float:
    """Nanoseconds that one look at the clock takes."""
    found: list[int] = []
    note: Callable[[int], None] = found.append
    for _ in range(1000):
        note(perf_counter_ns())
    return float(np.median(np.diff(found)))
