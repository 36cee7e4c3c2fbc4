"""Arguments: numbers checked early, and kept by name so that they can be written down."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from autodiff import Tensor


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


def positive(name: str, value: Any) -> float:
    """`value` as a float if it is a finite number above 0."""
    result = number(name, value)
    if not result:
        raise ValueError(f"{name} must be a finite number above 0, got {result}")
    return result


def whole(name: str, value: Any, low: int = 1) -> int:
    """`value` as an int if it is a whole number from `low` up."""
    result = number(name, value, low)
    if not result.is_integer():
        raise ValueError(f"{name} must be a whole number, got {result}")
    return int(result)


def arguments(cls: type) -> tuple[str, ...]:
    """The names of a constructor's arguments, those that it hands on as `**options` included."""
    names: list[str] = []
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
            names += [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return tuple(dict.fromkeys(names))


class Configurable:
    """Something that keeps each argument of its constructor as the attribute of that name."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this, without its state."""
        return {name: getattr(self, name) for name in arguments(type(self))}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """One with the arguments that `get_config` gave."""
        return cls(**config)


def packed(thing: Configurable) -> dict[str, Any]:
    """Class name and configuration: nested dictionaries that JSON can hold."""
    return {"class_name": type(thing).__name__, "config": thing.get_config()}


def unpacked(kind: str, config: Any, known: Mapping[str, type]) -> Any:
    """What `packed` described, if its class is known: nothing is imported by name."""
    try:
        name, arguments = config["class_name"], dict(config["config"])
    except (KeyError, TypeError, ValueError):
        raise TypeError(
            f"{kind}: expected a dictionary of 'class_name' and 'config', got {config!r:.80}"
        ) from None
    return named(kind, name, known).from_config(arguments)


def named(kind: str, name: Any, known: Mapping[str, type]) -> Any:
    """The class of a name, however it is capitalised; ValueError that says what is known."""
    classes = {key.lower(): cls for key, cls in known.items()}
    if isinstance(name, str) and name.lower() in classes:
        return classes[name.lower()]
    close = get_close_matches(str(name).lower(), classes, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known are {', '.join(sorted(known))}.")
