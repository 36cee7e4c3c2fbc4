"""Rates that fall along half a wave of the cosine, once or again and again."""

from __future__ import annotations

import math

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number, positive
from optim.schedules._schedule import LearningRateSchedule, floor


class CosineDecay(LearningRateSchedule):
    """η((1 − α)(1 + cos(πt/n))/2 + α) after t steps, and ηα from n on.

    η is η₀; or, with a warm-up, it is η₁, to which the rate first rises from η₀ in m steps that do
    not count for t.

    initial_learning_rate: η₀, from 0 up. decay_steps: n, above 0. alpha: α, from 0 up. name: as in
    Keras, not used. warmup_target: η₁, from 0 up, or None for no warm-up. warmup_steps: m, from 0
    up.

    Raises TypeError or ValueError for a number out of its range.

    >>> schedule = CosineDecay(0.1, decay_steps=10, warmup_target=0.5, warmup_steps=4)
    >>> schedule(2), schedule(4), schedule(9), schedule(14)
    (Tensor(0.3, dtype=float64), Tensor(0.5, dtype=float64), Tensor(0.25, dtype=float64),
    Tensor(0., dtype=float64))

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017),
    equation 5; the warm-up: P. Goyal and others, "Accurate, large minibatch SGD" (2017).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.alpha = number("alpha", alpha)
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else number("warmup_target", warmup_target)
        )
        self.warmup_steps = number("warmup_steps", warmup_steps)

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        start, target, warmup = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if target is None:
            return start * self._fall(step)
        fallen = target * self._fall(ad.maximum(step - warmup, 0.0))
        if not warmup:
            return fallen
        return ad.where(step < warmup, start + (target - start) * step / warmup, fallen)

    def _fall(self, step: Tensor) -> Tensor:
        wave = half_wave(ad.minimum(step / self.decay_steps, 1.0))
        return (1 - self.alpha) * wave + self.alpha


class CosineDecayRestarts(LearningRateSchedule):
    """η₀((1 − α)mⁱ(1 + cos(πp))/2 + α), where p of the i-th period is over, i = 0 at first.

    The first period lasts n steps, each other one k times as long as the one before.

    initial_learning_rate: η₀, from 0 up. first_decay_steps: n, above 0. t_mul: k, from 1 up. m_mul:
    m, from 0 up. alpha: α, from 0 up. name: as in Keras, not used.

    Raises TypeError or ValueError for a number out of its range.

    >>> schedule = CosineDecayRestarts(0.8, first_decay_steps=10, t_mul=2.0, m_mul=0.5)
    >>> schedule(5), schedule(10), schedule(20)
    (Tensor(0.4, dtype=float64), Tensor(0.4, dtype=float64), Tensor(0.2, dtype=float64))

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = positive("first_decay_steps", first_decay_steps)
        self.t_mul = number("t_mul", t_mul, low=1.0)
        self.m_mul = number("m_mul", m_mul)
        self.alpha = number("alpha", alpha)
        self.name = name

    def at(self, step: Tensor) -> Tensor:
        """As the class states it."""
        i, p = self._period(step / self.first_decay_steps)
        return self.initial_learning_rate * (
            (1 - self.alpha) * self.m_mul**i * half_wave(p) + self.alpha
        )

    def _period(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The number of the period that x first periods lead to, and how much of it is over."""
        k = self.t_mul
        if k == 1:
            return floor(x), x - floor(x)
        grown = x * (k - 1) + 1  # kⁱ when the i-th period begins
        i = floor(ad.log(grown) / math.log(k))
        # logarithms of exact powers may come out a little short
        i = ad.where(k ** (i + 1) <= grown, i + 1, i)
        return i, (grown / k**i - 1) / (k - 1)


def half_wave(p: Tensor) -> Tensor:
    """From 1 at p = 0 to 0 at p = 1 along a cosine."""
    return 0.5 * (1 + ad.cos(math.pi * p))
