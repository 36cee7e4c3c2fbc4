"""What all optimizers share: learning rate, step counter, state per Variable, taking a step."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import autodiff as ad
from autodiff import Tensor, Variable
from autodiff._graph import thread

#: flat programs kept per optimizer; who updates more sets of Variables than this in turn is
#: better served by a run of the formula than by a trace
MANY = 16


class Optimizer:
    """An update formula with its learning rate, its step counter and its state per Variable.

    A subclass names the state in `slots`, each a Variable like the parameter, zero at first, and
    states the formula in `update`, over Tensors, without changing any of them. The formula runs as
    a flat program, made once per set of Variables (`autodiff.function` says what it may do); one
    that looks at values runs as it stands.

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
        #: a step for each set of Variables, of their gradients
        self._programs: dict[tuple[Variable, ...], Callable[..., None]] = {}

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
        gradients, variables = split(pairs)
        if thread.graph is not None:  # a tape or a trace records: join it
            self._step(gradients, variables)
            return
        program = self._programs.get(variables)
        if program is None:
            program = self._program(variables)
        try:
            program(*gradients)
        except ad.TracingError:  # the formula looks at values; nothing has changed
            self._programs[variables] = run = self._formula(variables)
            run(*gradients)

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles take along: all but the programs, which are made anew."""
        return {**vars(self), "_programs": {}}

    def minimize(self, loss_fn: Callable[[], Tensor], variables: Sequence[Variable]) -> Tensor:
        """Take one step down the gradient of `loss_fn()` by `variables`; returns that loss."""
        with ad.GradientTape() as tape:
            loss = loss_fn()
        self.apply_gradients(zip(tape.gradient(loss, list(variables)), variables, strict=True))
        return loss

    def _formula(self, variables: tuple[Variable, ...]) -> Callable[..., None]:
        """A step of these Variables, as a function of their gradients."""

        def step(*gradients: Tensor) -> None:
            self._step(gradients, variables)

        return step

    def _program(self, variables: tuple[Variable, ...]) -> Callable[..., None]:
        """The same as a flat program."""
        if len(self._programs) >= MANY:
            return self._formula(variables)
        program = self._programs[variables] = ad.function(self._formula(variables))
        return program

    def _step(self, gradients: Sequence[Tensor], variables: Sequence[Variable]) -> None:
        """One step, all its new values before the first is assigned."""
        check(gradients, variables)
        rate = self.step_size()
        rates: dict[Any, Tensor] = {}
        new: dict[Variable, Tensor] = {}
        for g, w in zip(gradients, variables, strict=True):
            dtype = w.dtype
            if g.dtype != dtype:
                g = ad.astype(g, dtype)
            if dtype not in rates:
                rates[dtype] = ad.asarray(rate, dtype=dtype)
            state = self._state.get(w)
            if state is None:
                state = self._state[w] = self._new_state(w)
            new.update(zip((w, *state), self.update(w, g, rates[dtype], *state), strict=True))
        for variable, value in new.items():
            variable.assign(value)
        self.iterations.assign_add(1)

    def _new_state(self, w: Variable) -> tuple[Variable, ...]:
        return tuple(
            Variable(ad.zeros_like(w), trainable=False, name=f"{w.name or 'variable'}/{slot}")
            for slot in self.slots
        )


def split(
    pairs: Iterable[tuple[Any, Variable]],
) -> tuple[list[Tensor], tuple[Variable, ...]]:
    """Gradients and their Variables, of the pairs that have a gradient."""
    gradients: list[Tensor] = []
    variables: list[Variable] = []
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
        else:
            gradients.append(g if isinstance(g, Tensor) else ad.asarray(g))
            variables.append(w)
    if missing:
        names = ", ".join(map(title, missing))
        if not gradients:
            raise ValueError(
                f"no gradient for any Variable: {names}; does the loss depend on them?"
            )
        warnings.warn(f"no gradient for {names}: not updated", stacklevel=3)
    elif not gradients:
        raise ValueError("apply_gradients was given no (gradient, Variable) pairs")
    return gradients, tuple(variables)


def check(gradients: Sequence[Tensor], variables: Sequence[Variable]) -> None:
    """ValueError for a gradient of another shape and for a Variable that comes twice."""
    seen: set[Variable] = set()
    for g, w in zip(gradients, variables, strict=True):
        if g.shape != w.shape:
            raise ValueError(
                f"the gradient of {title(w)} has shape {g.shape}; expected {w.shape}, as it has"
            )
        if w in seen:
            raise ValueError(f"{title(w)} comes twice among the (gradient, Variable) pairs")
        seen.add(w)


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
