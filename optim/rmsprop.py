"""RMSprop: a step per parameter, from the running mean of its squared gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Options


class RMSprop(Optimizer):
    """v ← ρv + (1−ρ)g²,  w ← w − ηg / √(v + ε);  with momentum µ: b ← µb + ηg / √…,  w ← w − b.

    Centered, the divisor is √(v − a² + ε), where a ← ρa + (1−ρ)g: the gradient's running variance
    in place of its mean square.

    learning_rate: η. rho: how much of the running means is kept, from 0 to 1. momentum: µ, from 0
    to 1. epsilon: ε, keeps the divisor off zero; it stands below the root. centered: see above.
    options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> RMSprop(learning_rate=0.5, rho=0.0).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # by the sign of the gradient, as nothing of the past is kept
    array([0.5, 2.5], dtype=float32)

    Source: T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop" (2012); the centered form: A. Graves,
    "Generating sequences with recurrent neural networks" (2013), equations 38 to 45. Epsilon and
    the order of momentum and learning rate are those of Keras.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, high=1.0)
        self.momentum = number("momentum", momentum, high=1.0)
        self.epsilon = number("epsilon", epsilon)
        self.centered = centered

    @property
    def slots(self) -> Mapping[str, float]:
        """v, a if it is centered, b if there is momentum."""
        kept = {"velocity": True, "average_gradient": self.centered, "momentum": self.momentum}
        return {name: 0.0 for name, needed in kept.items() if needed}

    def update(
        self, w: Tensor, g: Tensor, rate: Tensor, v: Tensor, *rest: Tensor
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        state = list(rest)
        v = v * self.rho + g * g * (1 - self.rho)
        new, spread = [v], v
        if self.centered:
            a = state.pop(0) * self.rho + g * (1 - self.rho)
            new.append(a)
            spread = v - a * a
        step = g * rate / ad.sqrt(spread + self.epsilon)
        if self.momentum:
            step = state.pop(0) * self.momentum + step
            new.append(step)
        return (w - step, *new)
