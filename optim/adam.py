"""Adam: a step per parameter, from running means of its gradient and of its square."""

from __future__ import annotations

import autodiff as ad
from autodiff import Tensor
from optim._optimizer import Optimizer, number


class Adam(Optimizer):
    """m ← m + (1−β₁)(g − m),  v ← v + (1−β₂)(g² − v),  w ← w − α m / (√v + ε).

    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ) at step t corrects the running means for starting from zero.

    learning_rate: η. beta_1, beta_2: how much of the running means is kept, from 0 to 1.
    epsilon: ε, keeps the divisor off zero.

    Raises TypeError or ValueError for an argument that is no such number.

    >>> import autodiff as ad
    >>> w = ad.Variable([1.0, 2.0])
    >>> Adam(learning_rate=0.5).apply_gradients([(ad.asarray([900.0, -80.0]), w)])
    >>> w.numpy().round(3)  # the first step goes by the sign of the gradient
    array([0.5, 2.5], dtype=float32)

    Source: D. Kingma, J. Ba, "Adam: a method for stochastic optimization" (2015), section 2, in
    the order of operations given at its end, which Keras follows.
    """

    slots = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = number("beta_1", beta_1, high=1.0)
        self.beta_2 = number("beta_2", beta_2, high=1.0)
        self.epsilon = number("epsilon", epsilon)

    def step_size(self) -> Tensor:
        """α of the step that comes."""
        t = self.iterations + 1
        return self.learning_rate * ad.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)

    def update(self, w: Tensor, g: Tensor, rate: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """One step, as the class states it."""
        m, v = state
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        return w - m * rate / (ad.sqrt(v) + self.epsilon), m, v
