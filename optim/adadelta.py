"""Adadelta: a step per parameter, from running means of its squared gradient and squared steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class Adadelta(Optimizer):
    """v ← ρv + (1−ρ)g²,  d = g √(u + ε) / √(v + ε),  u ← ρu + (1−ρ)d²,  w ← w − ηd.

    learning_rate: η, 1 in the paper. rho: how much of the running means is kept, from 0 to 1.
    epsilon: ε, keeps the divisor off zero and gets the first step going. options: what `Optimizer`
    takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> optimizer = Adadelta(learning_rate=1.0, rho=0.0, epsilon=0.25)
    >>> optimizer.apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # √ε against the sign of the gradient
    array([0.5, 2.5], dtype=float32)

    Source: M. Zeiler, "Adadelta: an adaptive learning rate method" (2012), algorithm 1.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, high=1.0)
        self.epsilon = number("epsilon", epsilon)

    @property
    def slots(self) -> Mapping[str, float]:
        """v and u."""
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def update(
        self, w: Tensor, g: Tensor, rate: Tensor, v: Tensor, u: Tensor
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        v = v * self.rho + g * g * (1 - self.rho)
        d = g * ad.sqrt(u + self.epsilon) / ad.sqrt(v + self.epsilon)
        u = u * self.rho + d * d * (1 - self.rho)
        return w - rate * d, v, u
