"""Adamax: Adam with the largest gradient in place of the root mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class Adamax(Optimizer):
    """m ← m + (1−β₁)(g − m),  u ← max(β₂u, |g|),  w ← w − α m / (u + ε).

    α = η / (1 − β₁ᵗ) at step t corrects the running mean for starting from zero.

    learning_rate: η. beta_1: how much of the running mean is kept, from 0 to 1. beta_2: how much of
    the largest gradient is kept from one step to the next, from 0 to 1. epsilon: ε, keeps the
    divisor off zero. options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> Adamax(learning_rate=0.5).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # the first step goes by the sign of the gradient
    array([0.5, 2.5], dtype=float32)

    Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization" (2015), section 7.1;
    epsilon as in Keras.
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

    @property
    def slots(self) -> Mapping[str, float]:
        """m and u."""
        return {"momentum": 0.0, "norm": 0.0}

    def factors(self, rate: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """α of step t."""
        return (rate / (1 - self.beta_1**t),)

    def update(
        self, w: Tensor, g: Tensor, alpha: Tensor, m: Tensor, u: Tensor
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        m = m + (g - m) * (1 - self.beta_1)
        u = ad.maximum(self.beta_2 * u, ad.abs(g))
        return w - alpha * m / (u + self.epsilon), m, u
