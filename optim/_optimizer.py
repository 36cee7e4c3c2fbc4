"""What all optimizers share: learning rate, step counter, state per Variable, taking a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Unpack, cast

import autodiff as ad
from autodiff import Tensor, Variable
from autodiff.arrays._device import device_of, on
from autodiff.engine._graph import thread
from optim import _state, _step, schedules
from optim._arguments import number
from optim._pairs import check, split, title
from optim._settings import Options, Settings

#: flat programs kept per optimizer; who updates more sets of Variables than this in turn is
#: better served by a run of the formula than by a trace
MANY = 16

#: a number, or a function of the steps taken so far, such as a schedule
Rate = float | Callable[[Any], Any]


class Optimizer(Settings):
    """An update formula with its learning rate, its step counter and its state per Variable.

    A subclass names the state in `slots` and states the formula in `update`, over Tensors, without
    changing any of them. The formula runs as a flat program, made once per set of Variables
    (`autodiff.function` says what it may do); one that looks at values runs as it stands. All but
    the learning rate is fixed from the first step on.

    learning_rate: η, a number from 0 up, whose Variable can be assigned at any time; or a function
        of the steps taken so far, such as one of `optim.schedules`.
    weight_decay: λ; a step begins with w ← w − ηλw.
    clipvalue: every element of a gradient is held between its negative and it.
    clipnorm: each gradient is scaled down to this Euclidean norm if it has more.
    global_clipnorm: all gradients are scaled alike, so that together they have at most this norm.
    use_ema: keep a running mean of each Variable's values, a ← µa + (1−µ)w for µ = `ema_momentum`,
        the first step's value at first. Every `ema_overwrite_frequency` steps, and at the end by
        `finalize_variable_values`, Variables take their means.
    gradient_accumulation_steps: n, from 2 up; a step is taken every nth call, on the mean of n
        gradients: as of a batch n times as large. `iterations` counts steps, a schedule calls.
    name: for checkpoints that hold several optimizers; by default the class's in lower case.

    Raises TypeError or ValueError for a number out of its range, and for two kinds of clipping.

    >>> import autodiff as ad, optim
    >>> w = ad.Variable([3.0, 4.0])
    >>> optim.SGD(0.5, global_clipnorm=1.0).apply_gradients([([3.0, 4.0], w)])
    >>> w
    Variable([2.7, 3.6], dtype=float32)
    >>> class HeavyBall(optim.Optimizer):
    ...     slots = {"velocity": 0.0}
    ...     def update(self, w, g, rate, v):
    ...         v = 0.9 * v + g
    ...         return w - rate * v, v
    >>> HeavyBall(0.5).apply_gradients([([1.0, -1.0], w)])
    >>> w
    Variable([2.2, 4.1], dtype=float32)

    Source of the decay: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization" (2019);
    of the means: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging"
    (1992), here with weights that fade as in Keras.
    """

    #: state that all Variables share; `advance` gives its new values
    shared: tuple[Variable, ...] = ()

    def __init__(self, learning_rate: Rate, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.state = _state.State()
        #: a step for each set of Variables, of their gradients
        self._programs: dict[tuple[Variable, ...], Callable[..., None]] = {}
        #: steps taken so far, int64
        self.iterations = Variable(0, trainable=False, name="iterations")
        #: gradients since the last step, where several make one
        self.gathered = Variable(0, trainable=False, name="gathered")
        self._rate: Any = learning_rate
        if not callable(learning_rate):
            # float64, cast once a step: float32 parameters see it rounded once, float64 exactly
            rate = number("learning_rate", learning_rate)
            self._rate = Variable(rate, ad.float64, trainable=False, name="learning_rate")

    # -- what a subclass states ----------------------------------------------------------------

    @property
    def slots(self) -> Mapping[str, float]:
        """The state kept for each Variable, of its shape and dtype: names and first values."""
        return {}

    def factors(self, rate: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """Numbers that `update` needs in step t, 1 at first; float64 here, as is the rate."""
        return (rate,)

    def update(self, *given: Any, **named: Any) -> tuple[Tensor, ...]:
        """The new value of w, and those of its slots, from (w, g, *factors, *slots)."""
        raise NotImplementedError(f"{type(self).__name__} has no update formula")

    def advance(self, t: Tensor) -> tuple[Tensor, ...]:
        """The new values, after step t, of the state that all Variables share."""
        return ()

    # -- rates ---------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Variable:
        """The learning rate, a Variable that setting it assigns; of a schedule a Tensor, as of now.

        Raises TypeError when it is set where a schedule was given.
        """
        return cast(Variable, self._rate if isinstance(self._rate, Variable) else self.rate())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not isinstance(self._rate, Variable):
            raise TypeError(
                f"the learning rate follows {self._rate!r:.80} and cannot be set; "
                "make the optimizer with a number to set it"
            )
        self._rate.assign(number("learning_rate", value))

    def rate(self) -> Tensor:
        """The learning rate of the step that comes, float64."""
        rate = self._rate
        if not isinstance(rate, Variable):
            n = self.gradient_accumulation_steps
            rate = rate(self.iterations if n is None else self.iterations * n + self.gathered)
        return ad.asarray(rate, dtype=ad.float64)

    # -- steps ---------------------------------------------------------------------------------

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """Take one step: update the Variable of every (gradient, Variable) pair.

        All new values are computed before the first is assigned. A Variable whose gradient is None
        is left as it is, with a warning that names it.

        Raises ValueError where there is no gradient at all, for a gradient of another shape and
        for a Variable that comes twice, TypeError for what is no such pair.
        """
        gradients, variables = split(pairs)
        if thread.graph is not None:  # a tape or a trace records: join it
            self._take(gradients, variables)
            return
        program = self._programs.get(variables) or self._program(variables)
        try:
            program(*gradients)
        except ad.TracingError:  # the formula looks at values; nothing has changed
            self._programs[variables] = formula = self._formula(variables)
            formula(*gradients)

    def apply(self, gradients: Sequence[Any], variables: Sequence[Variable] | None = None) -> None:
        """`apply_gradients` of gradients and Variables apart; by default all Variables it knows.

        Raises ValueError for another number of gradients than Variables.
        """
        variables = list(self.state.slots) if variables is None else variables
        if len(gradients) != len(variables):
            raise ValueError(
                f"{len(gradients)} gradients cannot belong to {len(variables)} Variables"
            )
        self.apply_gradients(zip(gradients, variables, strict=True))

    def minimize(self, loss_fn: Callable[[], Tensor], variables: Sequence[Variable]) -> Tensor:
        """Take one step down the gradient of `loss_fn()` by `variables`; returns that loss."""
        with ad.GradientTape() as tape:
            loss = loss_fn()
            scaled = self.scale_loss(loss)
        self.apply_gradients(zip(tape.gradient(scaled, list(variables)), variables, strict=True))
        return loss

    def scale_loss(self, loss: Tensor) -> Tensor:
        """What gradients are to be of: the loss, unless the optimizer scales it."""
        return loss

    def finalize_variable_values(self, variables: Iterable[Variable]) -> None:
        """Give Variables their running means at the end of training, if `use_ema` keeps them.

        Raises ValueError for a Variable that was never updated.
        """
        if self.use_ema:
            variables = list(variables)
            for w in variables:
                if w not in self.state.means:
                    raise ValueError(f"{title(w)} has no running mean: it was never updated")
            for w in variables:
                w.assign(self.state.means[w])

    def _take(self, gradients: Sequence[Tensor], variables: tuple[Variable, ...]) -> None:
        check(gradients, variables)
        self.build(variables)
        with on(device_of(variables[0])):
            _step.assign(self._new_values(gradients, variables))

    def _new_values(
        self, gradients: Sequence[Tensor], variables: Sequence[Variable]
    ) -> dict[Variable, Tensor]:
        """What a step makes of parameters and state; nothing is assigned."""
        return _step.new_values(self, gradients, variables)

    def _formula(self, variables: tuple[Variable, ...]) -> Callable[..., None]:
        """A step of these Variables, as a function of their gradients."""

        def step(*gradients: Tensor) -> None:
            self._take(gradients, variables)

        return step

    def _program(self, variables: tuple[Variable, ...]) -> Callable[..., None]:
        """The same as a flat program."""
        self.build(variables)
        if len(self._programs) >= MANY:
            return self._formula(variables)
        program = self._programs[variables] = ad.function(self._formula(variables))
        return program

    # -- state ---------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """Whether there is state for any Variable."""
        return bool(vars(self).get("state") and self.state.slots)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state of Variables now, not at their first step, so that it can be loaded.

        It lies where they do. Raises TypeError for anything but Variables of floats, ValueError
        for Variables on different devices.
        """
        variables = list(variables)
        for w in variables:
            if not isinstance(w, Variable) or w.dtype.kind != "f":
                raise TypeError(f"expected Variables of floats, got {w!r:.80}")
        gathers = self.gradient_accumulation_steps is not None
        if self.state.build(variables, self.slots, self.use_ema, gathers):
            self._programs.clear()  # they know nothing of the new ones' means
        if variables:
            _state.follow(self.variables, variables)

    @property
    def variables(self) -> list[Variable]:
        """All state, each with a name of its own, in an order that follows the Variables'.

        The step counter, the learning rate unless a schedule gives it, what all Variables share,
        then for one Variable after the other its slots, the sum of its gradients and its mean.
        """
        rate = [self._rate] if isinstance(self._rate, Variable) else []
        gathered = [] if self.gradient_accumulation_steps is None else [self.gathered]
        return [self.iterations, *gathered, *rate, *self.shared, *self.state.variables()]

    def state_dict(self) -> dict[str, Any]:
        """Name -> array, a copy, of all state."""
        return {v.name or "": v.numpy() for v in self.variables}

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Take on what `state_dict` gave, after `build` made the state for the same Variables.

        Raises ValueError, and assigns nothing, for other names, shapes or dtypes.
        """
        _state.load(self.variables, arrays)

    def get_config(self) -> dict[str, Any]:
        """What makes another one like this, without its state, as JSON can hold it.

        Raises TypeError for a learning rate that is a function, but no schedule, and where a
        Variable without a name was chosen for something.
        """
        rate = self._rate
        made = float(rate) if isinstance(rate, Variable) else schedules.serialize(rate)
        return {**super().get_config(), "learning_rate": made}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """One with what `get_config` gave."""
        rate = config.get("learning_rate")
        given = {"learning_rate": schedules.deserialize(rate)} if isinstance(rate, Mapping) else {}
        return super().from_config({**config, **given})

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles take along: all but the programs, which are made anew."""
        return {**vars(self), "_programs": {}}
