"""Loss scaling: gradients of half precision kept clear of zero and infinity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import autodiff as ad
from autodiff import Tensor, Variable
from autodiff.arrays._device import device_of
from optim import _state
from optim._accumulation import taken
from optim._arguments import packed, positive, whole
from optim._optimizer import Optimizer

#: the scale grows no further, so that it stays a number
LARGEST = 2.0**127


class LossScaleOptimizer(Optimizer):
    """Another optimizer's steps on gradients of a scaled loss, as training in float16 needs them.

    Gradients below 6·10⁻⁸ are zero in float16. So gradients are taken of `scale_loss(loss)`, s
    times the loss, and divided by s before the other optimizer sees them. Where one of them is
    infinite or nan, s was too large: the step is left out, the other optimizer's state stays as it
    was, its step counter too, and s is halved. After so many steps in a row that were taken it is
    doubled. No value is read on the host for this; a step is one program as without it.

    `compile` wraps the optimizer of a model whose policy is "mixed_float16"; a loop of your own
    takes gradients of `scale_loss(loss)`.

    inner_optimizer: takes the steps. Clipping, decay, running means and several gradients for a
        step are said there, and see gradients that were divided.
    initial_scale: s at first. dynamic_growth_steps: after how many steps it is doubled.

    Raises TypeError for what is no optimizer, ValueError for one that scales already.

    >>> import autodiff as ad, optim
    >>> w = ad.Variable([1.0, 2.0])
    >>> optimizer = LossScaleOptimizer(optim.SGD(0.5), initial_scale=8.0)
    >>> with ad.GradientTape() as tape:
    ...     scaled = optimizer.scale_loss(ad.sum(w * w))
    >>> optimizer.apply_gradients([(tape.gradient(scaled, w), w)])
    >>> w, float(scaled)
    (Variable([0., 0.], dtype=float32), 40.0)
    >>> optimizer.apply_gradients([([ad.inf, 0.0], w)])
    >>> w, float(optimizer.dynamic_scale), int(optimizer.iterations)
    (Variable([0., 0.], dtype=float32), 4.0, 1)

    Source: P. Micikevicius et al., "Mixed precision training" (2018), section 3.2; the scale moves
    as in Keras.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise TypeError(f"inner_optimizer must be an optimizer, got {inner_optimizer!r:.60}")
        if isinstance(inner_optimizer, LossScaleOptimizer):
            raise ValueError("inner_optimizer scales losses already")
        super().__init__(0.0, name=name or "loss_scale_optimizer")
        inner = self.inner_optimizer = inner_optimizer
        self.initial_scale = positive("initial_scale", initial_scale)
        self.dynamic_growth_steps = whole("dynamic_growth_steps", dynamic_growth_steps)
        #: s, float32
        self.dynamic_scale = Variable(
            self.initial_scale, ad.float32, trainable=False, name="dynamic_scale"
        )
        #: steps taken since it last changed
        self.step_counter = Variable(0, trainable=False, name="step_counter")
        # the other's, whichever of the two is asked
        self.state, self.iterations, self._rate = inner.state, inner.iterations, inner._rate

    def scale_loss(self, loss: Tensor) -> Tensor:
        """s times the loss, in its dtype or float32 where that is wider.

        A loss on another device than s takes s along.
        """
        loss = _wide(ad.asarray(loss))
        self.dynamic_scale._move(device_of(loss._data))
        return loss * ad.astype(self.dynamic_scale, loss.dtype)

    @property
    def slots(self) -> Mapping[str, float]:
        """The other optimizer's."""
        return self.inner_optimizer.slots

    def rate(self) -> Tensor:
        """The learning rate of the step that comes, float64."""
        return self.inner_optimizer.rate()

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state of Variables now, as for any optimizer."""
        variables = list(variables)
        known = len(self.state.slots)
        self.inner_optimizer.build(variables)
        if len(self.state.slots) != known:
            self._programs.clear()
        if variables:
            _state.follow(self.variables, variables)

    def _new_values(
        self, gradients: Sequence[Tensor], variables: Sequence[Variable]
    ) -> dict[Variable, Tensor]:
        finite = _all_finite(gradients)
        scale, counter = self.dynamic_scale, self.step_counter
        # what is left out is computed too, and would warn of infinities
        true = [ad.where(finite, _unscaled(g, scale), 0.0) for g in gradients]
        new = taken(finite, self.inner_optimizer._new_values(true, variables))
        grows = counter == self.dynamic_growth_steps - 1
        larger = ad.where(grows, ad.minimum(scale, LARGEST / 2) * 2, scale)
        new[scale] = ad.where(finite, larger, scale / 2)
        new[counter] = ad.where(ad.logical_and(finite, ad.logical_not(grows)), counter + 1, 0)
        return new

    def finalize_variable_values(self, variables: Iterable[Variable]) -> None:
        """Give Variables their running means, if the other optimizer keeps them."""
        self.inner_optimizer.finalize_variable_values(variables)

    def multiply_learning_rate(
        self,
        factor: float,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Say it to the other optimizer."""
        self.inner_optimizer.multiply_learning_rate(factor, var_list, var_names)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Say it to the other optimizer."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    @property
    def variables(self) -> list[Variable]:
        """The scale, the steps since it changed, then all state of the other optimizer."""
        return [self.dynamic_scale, self.step_counter, *self.inner_optimizer.variables]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this, without its state, as JSON can hold them.

        Raises TypeError where the other optimizer cannot be written down.
        """
        return {
            "inner_optimizer": packed(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """One with the arguments that `get_config` gave."""
        from optim import get

        return cls(**{**config, "inner_optimizer": get(config["inner_optimizer"])})


def _wide(x: Tensor) -> Tensor:
    """x in float32 where it is float16, whose largest number is 65504."""
    return ad.astype(x, ad.float32) if x.dtype == ad.float16 else x


def _unscaled(g: Tensor, scale: Tensor) -> Tensor:
    g = _wide(g)
    return g / ad.astype(scale, g.dtype)


def _all_finite(gradients: Sequence[Tensor]) -> Tensor:
    """Whether no element of any gradient is infinite or nan."""
    return ad.all(ad.stack([ad.all(ad.isfinite(g)) for g in gradients]))
