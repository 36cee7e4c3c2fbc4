"""A rate that stays until given steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim.schedules._schedule import LearningRateSchedule


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[k] for steps up to and including boundaries[k], the last value from then on.

    boundaries: steps, each more than the one before. values: rates from 0 up, one more than there
    are boundaries. name: as in Keras, not used.

    Raises ValueError for another number of values and for boundaries out of order, TypeError or
    ValueError for a number out of its range.

    >>> schedule = PiecewiseConstantDecay([10], [0.1, 0.01])
    >>> schedule(10), schedule(11)
    (Tensor(0.1, dtype=float64), Tensor(0.01, dtype=float64))

    Source: Keras 3, `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        self.boundaries = [number("a boundary", b) for b in boundaries]
        self.values = [number("a value", v) for v in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries)} boundaries need {len(self.boundaries) + 1} values, "
                f"got {len(self.values)}"
            )
        if any(a >= b for a, b in pairwise(self.boundaries)):
            raise ValueError(f"boundaries must increase, got {list(boundaries)}")
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        *earlier, last = self.values
        rate = ad.full((), last, dtype=ad.float64)
        for boundary, value in zip(reversed(self.boundaries), reversed(earlier), strict=True):
            rate = ad.where(step <= boundary, value, rate)
        return rate
