"""What all optimizers share: learning rate, step counter, state per Variable, taking a step."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import autodiff as ad
from autodiff import Tensor, Variable


class Optimizer:
    """An update formula with its learning rate, its step counter and its state per Variable.

    A subclass names the state in `slots`, each a Variable like the parameter, zero at first, and
    states the formula in `update`, over Tensors, without changing any of them.

    learning_rate: a number from 0 up; the Variable of that name can be assigned at any time.

    Raises TypeError or ValueError for a learning rate that is no such number.
    """

    #: names of the state kept for each Variable
    slots: tuple[str, ...] = ()

    def __init__(self, learning_rate: float) -> None:
        # float64, cast once a step: float32 parameters see it rounded once, float64 ones exactly
        self._learning_rate = Variable(
            number("learning_rate", learning_rate),
            dtype=ad.float64,
            trainable=False,
            name="learning_rate",
        )
        #: steps taken so far, int64
        self.iterations = Variable(0, trainable=False, name="iterations")
        self._state: dict[Variable, tuple[Variable, ...]] = {}

    def update(self, w: Tensor, g: Tensor, rate: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The new value of `w` from its gradient `g`, and the new value of each of its state."""
        raise NotImplementedError(f"{type(self).__name__} has no update formula")

    def step_size(self) -> Tensor:
        """The `rate` that `update` is given in the step that comes; the learning rate itself."""
        return self._learning_rate

    @property
    def learning_rate(self) -> Variable:
        """The learning rate; setting it assigns the Variable."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate.assign(number("learning_rate", value))

    @property
    def variables(self) -> list[Variable]:
        """All state: the step counter, the learning rate, and what is kept for each Variable."""
        kept = [slot for slots in self._state.values() for slot in slots]
        return [self.iterations, self._learning_rate, *kept]

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """Take one step: update the Variable of every (gradient, Variable) pair.

        All new values are computed before the first is assigned. A Variable whose gradient is None
        is left as it is, with a warning that names it.

        Raises ValueError where there is no gradient at all, for a gradient of another shape and
        for a Variable that comes twice, TypeError for what is no such pair.
        """
        gradients = checked(pairs)
        rate = self.step_size()
        rates: dict[Any, Tensor] = {}
        variables: list[Variable] = []
        values: list[Tensor] = []
        for w, g in gradients.items():
            dtype = w.dtype
            if dtype not in rates:
                rates[dtype] = ad.asarray(rate, dtype=dtype)
            state = self._state.get(w)
            if state is None:
                state = self._state[w] = self._new_state(w)
            variables += (w, *state)
            values += self.update(w, g, rates[dtype], *state)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.iterations.assign_add(1)

    def minimize(self, loss_fn: Callable[[], Tensor], variables: Sequence[Variable]) -> Tensor:
        """Take one step down the gradient of `loss_fn()` by `variables`; returns that loss."""
        with ad.GradientTape() as tape:
            loss = loss_fn()
        self.apply_gradients(zip(tape.gradient(loss, list(variables)), variables, strict=True))
        return loss

    def _new_state(self, w: Variable) -> tuple[Variable, ...]:
        return tuple(
            Variable(ad.zeros_like(w), trainable=False, name=f"{w.name or 'variable'}/{slot}")
            for slot in self.slots
        )


def checked(pairs: Iterable[tuple[Any, Variable]]) -> dict[Variable, Tensor]:
    """Variable -> gradient, for those that have one."""
    gradients: dict[Variable, Tensor] = {}
    missing: list[Variable] = []
    for pair in pairs:
        try:
            g, w = pair
        except (TypeError, ValueError):
            raise TypeError(f"expected (gradient, Variable) pairs, got {pair!r:.80}") from None
        if not isinstance(w, Variable):
            raise TypeError(f"expected (gradient, Variable) pairs, got {w!r:.80} as the Variable")
        if g is None:
            missing.append(w)
            continue
        if not isinstance(g, Tensor):
            g = ad.asarray(g)
        if g.shape != w.shape:
            raise ValueError(
                f"the gradient of {title(w)} has shape {g.shape}; expected {w.shape}, as it has"
            )
        if w in gradients:
            raise ValueError(f"{title(w)} comes twice among the (gradient, Variable) pairs")
        gradients[w] = g
    if missing:
        names = ", ".join(map(title, missing))
        if not gradients:
            raise ValueError(
                f"no gradient for any Variable: {names}; does the loss depend on them?"
            )
        warnings.warn(f"no gradient for {names}: not updated", stacklevel=3)
    elif not gradients:
        raise ValueError("apply_gradients was given no (gradient, Variable) pairs")
    return gradients


def title(w: Variable) -> str:
    """What to call a Variable in a message."""
    return repr(w.name) if w.name else f"a Variable of shape {w.shape}"


def number(name: str, value: Any, low: float = 0.0, high: float = math.inf) -> float:
    """`value` as a float if it is a finite number from `low` to `high`."""
    if isinstance(value, Tensor) and value.ndim == 0:
        value = float(value)
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r:.60}")
    result = float(value)
    if not (math.isfinite(result) and low <= result <= high):
        limits = f"from {low:g} up" if high == math.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be a finite number {limits}, got {result}")
    return result
