"""A rate that falls by a power of the steps that are left."""

from __future__ import annotations

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number, positive
from optim.schedules._schedule import LearningRateSchedule, floor


class PolynomialDecay(LearningRateSchedule):
    """(η₀ − η₁)(1 − t/n)ᵏ + η₁ after t steps, and η₁ from n on.

    With `cycle`, n doubles, triples and so on when its steps are over, and the rate rises again.

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0. end_learning_rate: η₁, from 0 up.
    power: k, from 0 up. cycle: see above. name: as in Keras, not used.

    Raises TypeError or ValueError for a number out of its range.

    >>> PolynomialDecay(0.9, decay_steps=10, end_learning_rate=0.1, power=2.0)(5)
    Tensor(0.3, dtype=float64)

    Source: Keras 3, `keras.optimizers.schedules.PolynomialDecay`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.end_learning_rate = number("end_learning_rate", end_learning_rate)
        self.power = number("power", power)
        self.cycle = cycle
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        p = step / self.decay_steps
        if self.cycle:
            whole = floor(p)
            p = p / ad.maximum(ad.where(whole < p, whole + 1, whole), 1.0)
        else:
            p = ad.minimum(p, 1.0)
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * (1 - p) ** self.power + self.end_learning_rate
