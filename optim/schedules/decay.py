"""Rates that fall with the steps: by powers, inversely, by the inverse root, by leaps."""

from __future__ import annotations

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number, positive
from optim.schedules._schedule import LearningRateSchedule, floor


class ExponentialDecay(LearningRateSchedule):
    """η₀ rᵖ, where p = t/n after t steps, or its whole part on a staircase.

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0. decay_rate: r, from 0 up.
    staircase: stay for n steps at a time. name: as in Keras, not used.

    Raises TypeError or ValueError for a number out of its range.

    >>> ExponentialDecay(0.8, decay_steps=10, decay_rate=0.5)(20)
    Tensor(0.2, dtype=float64)

    Source: Keras 3, `keras.optimizers.schedules.ExponentialDecay`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.decay_rate = number("decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        p = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (floor(p) if self.staircase else p)


class StepDecay(ExponentialDecay):
    """η₀ rᵖ, where p is the whole part of t/n after t steps: the "step" policy of Caffe's solver.

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0, Caffe's `stepsize`. decay_rate:
    r, from 0 up, Caffe's `gamma`.

    Raises TypeError or ValueError for a number out of its range.

    >>> schedule = StepDecay(0.1, decay_steps=1000)
    >>> schedule(999), schedule(1000)
    (Tensor(0.1, dtype=float64), Tensor(0.01, dtype=float64))

    Source: Y. Jia and others, "Caffe: convolutional architecture for fast feature embedding"
    (2014), solver settings.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float = 0.1,
        name: str = "StepDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, True, name)


class InverseTimeDecay(LearningRateSchedule):
    """η₀ / (1 + rp), where p = t/n after t steps, or its whole part on a staircase.

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0. decay_rate: r, from 0 up.
    staircase: stay for n steps at a time. name: as in Keras, not used.

    Raises TypeError or ValueError for a number out of its range.

    >>> InverseTimeDecay(0.8, decay_steps=10, decay_rate=1.0)(30)
    Tensor(0.2, dtype=float64)

    Source: Keras 3, `keras.optimizers.schedules.InverseTimeDecay`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.decay_rate = number("decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        p = step / self.decay_steps
        return self.initial_learning_rate / (
            1 + self.decay_rate * (floor(p) if self.staircase else p)
        )


class InverseSqrtDecay(LearningRateSchedule):
    """η₀ / √(t/n + 1) after t steps; with n = 1 the lectures' 1/√(t + 1).

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0.

    Raises TypeError or ValueError for a number out of its range.

    >>> InverseSqrtDecay(0.1)(3)
    Tensor(0.05, dtype=float64)

    Source: M. Zinkevich, "Online convex programming and generalized infinitesimal gradient ascent"
    (2003), theorem 1.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float = 1.0,
        name: str = "InverseSqrtDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        return self.initial_learning_rate / ad.sqrt(step / self.decay_steps + 1)
