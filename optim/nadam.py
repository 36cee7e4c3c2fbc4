"""Nadam: Adam that looks ahead by one step of momentum, as Nesterov's variant of SGD does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor, Variable
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class Nadam(Optimizer):
    """m ← m + (1−β₁)(g − m),  v ← v + (1−β₂)(g² − v),  w ← w − η m̂ / (√v̂ + ε).

    m̂ = µₜ₊₁ m / (1 − Πₜ₊₁) + (1 − µₜ) g / (1 − Πₜ) and v̂ = v / (1 − β₂ᵗ) at step t, where momentum
    warms up by µₜ = β₁(1 − 0.96ᵗ/2), and Πₜ is the product of µ₁ to µₜ.

    learning_rate: η. beta_1, beta_2: how much of the running means is kept, from 0 to 1.
    epsilon: ε, keeps the divisor off zero. options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> Nadam(learning_rate=0.5, beta_1=0.0).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # without momentum, the first step goes by the sign of the gradient
    array([0.5, 2.5], dtype=float32)

    Source: T. Dozat, "Incorporating Nesterov momentum into Adam" (2016), algorithm 2; the warm-up
    as in section 3 of I. Sutskever and others (2013), with the numbers of Keras.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1, high=1.0)
        self.beta_2 = number("beta_2", beta_2, high=1.0)
        self.epsilon = number("epsilon", epsilon)
        #: Π of the last step
        self.product = Variable(1.0, ad.float64, trainable=False, name="u_product")
        self.shared = (self.product,)

    @property
    def slots(self) -> Mapping[str, float]:
        """m and v."""
        return {"momentum": 0.0, "velocity": 0.0}

    def momentum(self, t: Tensor) -> Tensor:
        """µ of step t."""
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def advance(self, t: Tensor) -> tuple[Tensor, ...]:
        """Π of step t."""
        return (self.product * self.momentum(t),)

    def factors(self, rate: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """η, what m and g count for in m̂, and what v counts for in v̂."""
        now, ahead = self.momentum(t), self.momentum(t + 1)
        (product,) = self.advance(t)
        of_m, of_g = ahead / (1 - product * ahead), (1 - now) / (1 - product)
        return rate, of_m, of_g, 1 / (1 - self.beta_2**t)

    def update(
        self,
        w: Tensor,
        g: Tensor,
        rate: Tensor,
        of_m: Tensor,
        of_g: Tensor,
        of_v: Tensor,
        m: Tensor,
        v: Tensor,
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        return w - rate * (of_m * m + of_g * g) / (ad.sqrt(of_v * v) + self.epsilon), m, v
