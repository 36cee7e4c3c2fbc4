"""Stochastic gradient descent, with momentum and Nesterov's variant of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class SGD(Optimizer):
    """w ← w − ηg; with momentum µ: v ← µv − ηg, w ← w + v, or w ← w + µv − ηg (Nesterov).

    learning_rate: η. momentum: µ, from 0 to 1. nesterov: look ahead by one step of momentum.
    options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> SGD(learning_rate=0.5).apply_gradients([(ad.asarray([1.0, -1.0]), w)])
    >>> w
    Variable([0.5, 2.5], dtype=float32)

    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
    momentum in deep learning" (2013), equations 1 to 4, in the form that Keras gives them.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = number("momentum", momentum, high=1.0)
        self.nesterov = nesterov

    @property
    def slots(self) -> Mapping[str, float]:
        """v, if there is momentum."""
        return {"momentum": 0.0} if self.momentum else {}

    def update(
        self, w: Tensor, g: Tensor, rate: Tensor, v: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        step = rate * g
        if v is None:
            return (w - step,)
        v = self.momentum * v - step
        return (w + self.momentum * v - step, v) if self.nesterov else (w + v, v)
