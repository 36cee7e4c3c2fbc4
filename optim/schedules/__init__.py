"""Learning rates that follow the steps taken, with Keras' names, arguments and formulas.

SGD(learning_rate=ExponentialDecay(0.1, decay_steps=1000, decay_rate=0.9))

A schedule is a function of the steps taken so far. It is recorded like everything else, so a flat
program follows it without being traced again. Any function of the steps will do as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optim._arguments import packed, unpacked
from optim.schedules._schedule import LearningRateSchedule
from optim.schedules.cosine import CosineDecay, CosineDecayRestarts
from optim.schedules.decay import ExponentialDecay, InverseSqrtDecay, InverseTimeDecay, StepDecay
from optim.schedules.pieces import PiecewiseConstantDecay
from optim.schedules.polynomial import PolynomialDecay

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseSqrtDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
    "deserialize",
    "serialize",
]

_KNOWN: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseSqrtDecay, InverseTimeDecay),
        *(PiecewiseConstantDecay, PolynomialDecay, StepDecay),
    )
}


def serialize(schedule: Any) -> dict[str, Any]:
    """Class name and arguments of a schedule, as JSON can hold them.

    Raises TypeError for a function that is no LearningRateSchedule.

    >>> serialize(InverseSqrtDecay(0.1))["class_name"]
    'InverseSqrtDecay'
    """
    if not isinstance(schedule, LearningRateSchedule):
        raise TypeError(
            f"expected a LearningRateSchedule, whose arguments are known, got {schedule!r:.80}"
        )
    return packed(schedule)


def deserialize(config: Mapping[str, Any]) -> Any:
    """The schedule that `serialize` described.

    Raises TypeError or ValueError for what it did not give, and for a class that is not known here.

    >>> deserialize(serialize(InverseSqrtDecay(0.1)))(3)
    Tensor(0.05, dtype=float64)
    """
    return unpacked("schedule", config, _KNOWN)
