"""What all schedules are: functions of the steps taken, in float64."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from optim._arguments import Configurable


class LearningRateSchedule(Configurable):
    """A learning rate for every step, with its arguments for a name.

    A subclass states it in `at` and keeps each argument as the attribute of that name.

    >>> class Halving(LearningRateSchedule):
    ...     def at(self, step):
    ...         return 0.5**step
    >>> Halving()(3)
    Tensor(0.125, dtype=float64)
    """

    def __call__(self, step: Any) -> Tensor:
        """The learning rate after so many steps, 0 at first; float64, 0-d as the step is."""
        return self.at(ad.astype(ad.asarray(step), ad.float64))

    def at(self, step: Tensor) -> Tensor:
        """The learning rate after so many steps, given in float64."""
        raise NotImplementedError(f"{type(self).__name__} has no formula: define at(step)")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({values})"


def floor(x: Tensor) -> Tensor:
    """The whole part of floats from 0 up."""
    return ad.astype(ad.astype(x, ad.int64), x.dtype)
