"""What every optimizer can be told: decay, clipping, running means, rates for some Variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from autodiff import Variable
from optim._arguments import Configurable, arguments, number, positive, whole
from optim._pairs import Choice, choose


class Common(TypedDict, total=False):
    """What every optimizer takes by keyword, beside its weight decay."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    name: str | None


class Options(Common, total=False):
    """What every optimizer takes by keyword; `Optimizer` says what it means."""

    weight_decay: float | None


class Settings(Configurable):
    """The options of an optimizer, fixed once it has state: flat programs hold what they were."""

    def __init__(
        self,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        self._undecayed: Choice | None = None
        self._multipliers: list[tuple[float, Choice]] = []
        self.weight_decay = None if weight_decay is None else number("weight_decay", weight_decay)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {key: positive(key, value) for key, value in clips.items() if value is not None}
        if len(given) > 1:
            raise ValueError(f"expected one kind of clipping, got {' and '.join(given)}")
        self.clipnorm = given.get("clipnorm")
        self.clipvalue = given.get("clipvalue")
        self.global_clipnorm = given.get("global_clipnorm")
        self.use_ema = use_ema
        self.ema_momentum = number("ema_momentum", ema_momentum, high=1.0)
        self.ema_overwrite_frequency = (
            None
            if ema_overwrite_frequency is None
            else whole("ema_overwrite_frequency", ema_overwrite_frequency)
        )
        self.gradient_accumulation_steps = (
            None
            if gradient_accumulation_steps is None
            else whole("gradient_accumulation_steps", gradient_accumulation_steps, low=2)
        )
        self.name = name or type(self).__name__.lower()

    @property
    def built(self) -> bool:
        """Whether there is state that belongs to these settings."""
        raise NotImplementedError

    def multiply_learning_rate(
        self,
        factor: float,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Give Variables, or all whose name has one of the patterns in it, a rate of their own.

        It is `factor`, from 0 up, times the learning rate; their weight decay follows it. Of
        several calls that choose a Variable, the last one counts.

        Raises ValueError once the optimizer has state, and where nothing is chosen.

        >>> import optim
        >>> optimizer = optim.SGD(0.1)
        >>> optimizer.multiply_learning_rate(2.0, var_names=["bias"])
        """
        self._early("multiply_learning_rate")
        self._multipliers.append((number("factor", factor), choose(var_list, var_names)))

    def multiplier(self, w: Variable) -> float:
        """What a Variable's learning rate is multiplied by."""
        return next((x for x, chosen in reversed(self._multipliers) if chosen.has(w)), 1.0)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Let Variables, and all whose name has one of the patterns in it, not decay.

        A second call replaces the first.

        Raises ValueError once the optimizer has state, and where nothing is chosen.

        >>> import optim
        >>> optimizer = optim.SGD(0.1, weight_decay=1e-4)
        >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
        """
        self._early("exclude_from_weight_decay")
        self._undecayed = choose(var_list, var_names)

    def decays(self, w: Variable) -> bool:
        """Whether a Variable decays."""
        return bool(self.weight_decay) and not (self._undecayed and self._undecayed.has(w))

    def get_config(self) -> dict[str, Any]:
        """The arguments; and, by names, which Variables do not decay or have rates of their own."""
        config = super().get_config()
        if self._undecayed is not None:
            config["undecayed"] = self._undecayed.by_names()
        if self._multipliers:
            config["multipliers"] = [[x, chosen.by_names()] for x, chosen in self._multipliers]
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """One with what `get_config` gave."""
        given = dict(config)
        undecayed, multipliers = given.pop("undecayed", None), given.pop("multipliers", ())
        made = cls(**given)
        if undecayed is not None:
            made.exclude_from_weight_decay(var_names=undecayed)
        for factor, names in multipliers:
            made.multiply_learning_rate(factor, var_names=names)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        if self.built and name in arguments(type(self)) and name != "learning_rate":
            self._early(f"setting {name}")
        object.__setattr__(self, name, value)

    def _early(self, what: str) -> None:
        if self.built:
            raise ValueError(
                f"{what}: too late, this optimizer has state and programs may hold what it was; "
                "only its learning rate can change now"
            )
