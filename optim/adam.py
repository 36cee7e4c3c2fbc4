"""Adam: a step per parameter, from running means of its gradient and of its square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from optim._arguments import number
from optim._optimizer import Optimizer, Rate
from optim._settings import Common, Options


class Adam(Optimizer):
    """m ← m + (1−β₁)(g − m),  v ← v + (1−β₂)(g² − v),  w ← w − α m / (√v + ε).

    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ) at step t corrects the running means for starting from zero.
    With amsgrad the divisor is √v̂ + ε, where v̂ ← max(v̂, v): no step grows by what is forgotten.

    learning_rate: η. beta_1, beta_2: how much of the running means is kept, from 0 to 1.
    epsilon: ε, keeps the divisor off zero. amsgrad: see above. options: what `Optimizer` takes.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> Adam(learning_rate=0.5).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # the first step goes by the sign of the gradient
    array([0.5, 2.5], dtype=float32)

    Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization" (2015), section 2, in
    the order of operations given at its end, which Keras follows. Amsgrad: S. Reddi, S. Kale,
    S. Kumar, "On the convergence of Adam and beyond" (2018).
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1, high=1.0)
        self.beta_2 = number("beta_2", beta_2, high=1.0)
        self.epsilon = number("epsilon", epsilon)
        self.amsgrad = amsgrad

    @property
    def slots(self) -> Mapping[str, float]:
        """m and v, and v̂ with amsgrad."""
        return dict.fromkeys(("momentum", "velocity", *["velocity_hat"] * self.amsgrad), 0.0)

    def factors(self, rate: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """α of step t."""
        return (rate * ad.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t),)

    def update(
        self, w: Tensor, g: Tensor, alpha: Tensor, m: Tensor, v: Tensor, *peak: Tensor
    ) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        peak = tuple(ad.maximum(p, v) for p in peak)
        root = ad.sqrt(peak[0] if peak else v)
        return w - m * alpha / (root + self.epsilon), m, v, *peak


class AdamW(Adam):
    """Adam with w ← w − ηλw before each step.

    learning_rate: η. weight_decay: λ, from 0 up. The rest is as in Adam, which decays as well if it
    is asked to: here 0.004 is the default.

    Raises TypeError or ValueError for a number out of its range.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> AdamW(0.5, weight_decay=0.1).apply_gradients([(ad.asarray([0.0, 0.0]), w)])
    >>> w
    Variable([0.95, 1.9 ], dtype=float32)

    Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Common],
    ) -> None:
        decay = number("weight_decay", weight_decay)
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=decay, **options
        )
