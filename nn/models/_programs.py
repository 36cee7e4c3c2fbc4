"""What tells one step's program from another's, and what its arguments are called."""

from __future__ import annotations

import inspect
import operator
from typing import Any

from autodiff import _nest
from nn.models._feed import PLACE, unpack


class Configuration:
    """What programs depend on beside their arguments: these objects, how they run and train."""

    def __init__(self, objects: list[Any], flags: list[bool | str]) -> None:
        self._objects, self._flags = objects, flags

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Configuration)
            and self._flags == other._flags
            and len(self._objects) == len(other._objects)
            and all(map(operator.is_, self._objects, other._objects))
        )


def frozen(structure: Any) -> Any:
    """A structure as something that tells it from others."""
    if isinstance(structure, dict):
        return tuple((key, frozen(part)) for key, part in structure.items())
    if isinstance(structure, list | tuple):
        return (type(structure), *map(frozen, structure))
    return structure


def signature(structure: Any) -> inspect.Signature:
    """Names for the arrays of a batch, for the program's text: x, y and sample_weight."""
    names: list[str] = []
    for name, part in zip(("x", "y", "sample_weight"), unpack(structure), strict=True):
        count = sum(leaf is PLACE for leaf in _nest.flatten(part))
        names += [name] if count == 1 else [f"{name}{k}" for k in range(count)]
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, positional) for name in names])
