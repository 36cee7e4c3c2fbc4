"""How time grows with size: samples of all sizes in turn, and the slope in logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from time import perf_counter
from typing import Any

import numpy as np

from bench._stats import RESAMPLES
from bench.scaling.problems import Run, Series

#: the largest sizes, between which the slope is taken: where what is fixed no longer matters
LAST = 3


@dataclass(frozen=True)
class Slope:
    """Of log(time) by log(size), and its 95 % interval."""

    value: float
    low: float
    high: float


def measure(series: Series, rounds: int, seconds: float) -> dict[str, Any]:
    """Samples of every size in every round, in µs, the least of each size, and the slope."""
    runs = [series.make(size) for size in series.sizes]
    repeats = [repetitions(run, seconds) for run in runs]
    samples: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, repeat, kept in zip(runs, repeats, samples, strict=True):
            start = perf_counter()
            for _ in range(repeat):
                run()
            kept.append((perf_counter() - start) * 1e6 / repeat)
    found = slope(series.sizes, samples)
    return {
        "name": series.name,
        "grows": series.grows,
        "sizes": list(series.sizes),
        "samples_us": samples,
        "least_us": [min(kept) for kept in samples],
        **asdict(found),
        "limit": series.limit,
        "passed": found.value <= series.limit,
    }


def repetitions(run: Run, seconds: float) -> int:
    """How many runs fill a sample."""
    run()
    start = perf_counter()
    run()
    return ceil(seconds / max(perf_counter() - start, 1e-7))


def fitted(sizes: Sequence[int], times: Any) -> Any:
    """The slope of the line through the last logarithms, by least squares; times may be stacked."""
    x = np.log(np.asarray(sizes[-LAST:], float))
    y = np.log(np.asarray(times)[..., -LAST:])
    x = x - x.mean()
    return (y * x).sum(axis=-1) / (x * x).sum()


def slope(sizes: Sequence[int], samples: Sequence[Sequence[float]]) -> Slope:
    """Between the least times: what others do on the machine only adds to a time.

    The interval is a bootstrap's, over rounds.
    """
    times = np.array(samples)
    rounds = times.shape[1]
    picks = np.random.default_rng(0).integers(0, rounds, (RESAMPLES, rounds))
    slopes = fitted(sizes, times[:, picks].min(axis=-1).T)
    low, high = np.quantile(slopes, (0.025, 0.975))
    return Slope(float(fitted(sizes, times.min(axis=-1))), float(low), float(high))
