"""Medians with quartiles, and ratios with a bootstrap interval from paired rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000


@dataclass(frozen=True)
class Summary:
    """The middle of the samples and where their middle half lies."""

    median: float
    q1: float
    q3: float

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median."""
        return (self.q3 - self.q1) / (2 * self.median)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two competitors' times and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the interval, relative to the ratio."""
        return (self.high - self.low) / (2 * self.value)


def summarise(samples: Sequence[float]) -> Summary:
    """Median and quartiles of at least one positive sample."""
    if not samples or min(samples) <= 0:
        raise ValueError(f"expected at least one sample, all positive, got {list(samples)}")
    q1, median, q3 = np.quantile(samples, (0.25, 0.5, 0.75))
    return Summary(float(median), float(q1), float(q3))


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The median of ours ÷ theirs, round by round, with its 95 % bootstrap interval.

    Sample i of each was taken in the same round, so a machine that slows down for some rounds
    slows both and leaves the ratio alone (Efron's percentile interval, rounds resampled).
    """
    if len(ours) != len(theirs):
        raise ValueError(f"expected paired rounds, got {len(ours)} and {len(theirs)} samples")
    if min(*ours, *theirs) <= 0:
        raise ValueError("expected positive samples")
    ratios = np.divide(ours, theirs)
    picks = np.random.default_rng(0).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(ratios[picks], axis=1), (0.025, 0.975))
    return Ratio(float(np.median(ratios)), float(low), float(high))
