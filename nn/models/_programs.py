"""What tells one step's program from another's, and what its arguments are called."""

from __future__ import annotations

import inspect
import operator
from typing import Any

from autodiff import TracingError, _nest
from autodiff.flat._there import several
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


class Program:
    """A step's flat program; where a step cannot be one, the error says what can be done."""

    def __init__(self, flat: Any, name: str) -> None:
        self._flat, self._name = flat, name

    def __call__(self, *arrays: Any) -> Any:
        try:
            return self._flat(*arrays)
        except TracingError as error:
            error.add_note(self._hint())
            raise

    def several(self, arrays: list[Any], count: int) -> list[Any] | None:
        """The results of so many steps at once, of Tensors on a device that hold all their rows.

        None where nothing was done: they have to be taken one by one.
        """
        try:
            return several(self._flat, arrays, count)
        except TracingError as error:
            error.add_note(self._hint())
            raise

    def _hint(self) -> str:
        return (
            f"{self._name!r}: compile(run_eagerly=True) runs steps op by op, "
            "so that they may look at values"
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
