"""Lion: steps of one size, by the sign of a mean of gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number, positive
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class Lion(Optimizer):
    """w ← w − η sign(β₁m + (1−β₁)g),  m ← β₂m + (1−β₂)g.

    learning_rate: η. beta_1: the weight of the past in a step, above 0 and up to 1. beta_2: how
    much of the running mean is kept, from 0 to 1. options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> Lion(learning_rate=0.5).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w
    Variable([0.5, 2.5], dtype=float32)

    Source: X. Chen and others, "Symbolic discovery of optimization algorithms" (2023), program 1.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = positive("beta_1", number("beta_1", beta_1, high=1.0))
        self.beta_2 = number("beta_2", beta_2, high=1.0)

    @property
    def slots(self) -> Mapping[str, float]:
        """m."""
        return {"momentum": 0.0}

    def update(self, w: Tensor, g: Tensor, rate: Tensor, m: Tensor) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        direction = ad.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return w - rate * direction, m * self.beta_2 + g * (1 - self.beta_2)
