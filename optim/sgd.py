"""Stochastic gradient descent, with momentum and Nesterov's variant of it."""

from __future__ import annotations

from autodiff import Tensor
from optim._optimizer import Optimizer, number


class SGD(Optimizer):
    """w ← w − ηg; with momentum µ: v ← µv − ηg, w ← w + v, or w ← w + µv − ηg (Nesterov).

    learning_rate: η. momentum: µ, from 0 to 1. nesterov: look ahead by one step of momentum.

    Raises TypeError or ValueError for a learning rate or momentum that is no such number.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> SGD(learning_rate=0.5).apply_gradients([(ad.asarray([1.0, -1.0]), w)])
    >>> w
    Variable([0.5, 2.5], dtype=float32)

    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
    momentum in deep learning" (2013), equations 1 to 4, in the form that Keras gives them.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        super().__init__(learning_rate)
        self.momentum = number("momentum", momentum, high=1.0)
        self.nesterov = nesterov
        if self.momentum:
            self.slots = ("momentum",)

    def update(self, w: Tensor, g: Tensor, rate: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        step = rate * g
        if not state:
            return (w - step,)
        (v,) = state
        v = self.momentum * v - step
        return (w + self.momentum * v - step, v) if self.nesterov else (w + v, v)
