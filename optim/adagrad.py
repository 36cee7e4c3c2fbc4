"""Adagrad: a step per parameter, from the sum of all its squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class Adagrad(Optimizer):
    """v ← v + g²,  w ← w − ηg / √(v + ε).

    learning_rate: η. initial_accumulator_value: v at first, from 0 up. epsilon: ε, keeps the
    divisor off zero; it stands below the root. options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> optimizer = Adagrad(learning_rate=0.5, initial_accumulator_value=0.0)
    >>> optimizer.apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # by the sign of the gradient, as nothing was summed up before
    array([0.5, 2.5], dtype=float32)

    Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization" (2011), section 1.1, its diagonal form; epsilon as in Keras.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = number("epsilon", epsilon)

    @property
    def slots(self) -> Mapping[str, float]:
        """v."""
        return {"accumulator": self.initial_accumulator_value}

    def update(self, w: Tensor, g: Tensor, rate: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        v = v + g * g
        return w - rate * g / ad.sqrt(v + self.epsilon), v
