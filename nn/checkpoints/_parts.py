"""What a training consists of: Variables, and states of other kinds, each under a path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Variable
from nn import _random
from nn.layers import Layer, _holds
from optim import Optimizer


@dataclass
class State:
    """Something that is read and set as a whole: a random generator's place, a callback's best."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


@dataclass
class Parts:
    """All that is saved, by paths that are the same in every run of a program."""

    variables: dict[str, Variable] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


def parts_of(named: Mapping[str, Any], shared: bool = True) -> Parts:
    """The Variables and states of everything that is named.

    shared: whether nn's own random generator is among them.

    Raises TypeError for what has neither.
    """
    parts = Parts()
    if shared:
        parts.states["random"] = _numpy_generator(lambda: _random.generator(None))
    for path, part in _leaves("", named):
        _add(parts, path, part)
    return parts


def build_optimizers(named: Mapping[str, Any], names: Iterable[str]) -> None:
    """Make the slots of optimizers that have none, as far as these are names of slots.

    They belong to the trainable Variables of the layers that are named, of those by name, or of all
    where there are as many.
    """
    leaves = list(_leaves("", named))
    trained = [v for _, part in leaves if isinstance(part, Layer) for v in part.trainable_variables]
    for path, part in leaves:
        if isinstance(part, Optimizer) and not part.state.slots:
            own = [name.removeprefix(f"{path}/") for name in names if name.startswith(f"{path}/")]
            owners = {name.rpartition("/")[0] for name in own} - {""}
            found = [v for v in trained if v.name in owners]
            for choice in (found, trained):
                if len(choice) == len(owners):
                    part.build(choice)
                    break


def _leaves(path: str, part: Any) -> Iterator[tuple[str, Any]]:
    """Everything in nested lists, tuples and dictionaries."""
    if isinstance(part, Mapping):
        for key, inner in part.items():
            yield from _leaves(f"{path}/{key}" if path else str(key), inner)
    elif isinstance(part, list | tuple):
        yield from _leaves(path, dict(enumerate(part)))
    else:
        yield path, part


def _add(parts: Parts, path: str, part: Any) -> None:
    if isinstance(part, Variable):
        parts.variables[path] = part
    elif isinstance(part, Layer):
        for name, v in _holds.by_path(part).items():
            parts.variables[f"{path}/{name}"] = v
        for name, rng in _holds.generators(part).items():
            parts.states[f"{path}/{name}"] = _generator(rng)
    elif isinstance(part, ad.random.Generator):
        parts.states[path] = _generator(part)
    elif isinstance(part, np.random.Generator):
        parts.states[path] = _numpy_generator(lambda: part)
    elif isinstance(part, Optimizer):
        for v in part.variables:
            parts.variables[f"{path}/{v.name}"] = v
    elif _is_metric(part):
        for v in part.variables:
            name = f"{path}/{(v.name or 'state').split('/')[-1]}"
            parts.variables[_holds.unique(name, parts.variables)] = v
    elif hasattr(part, "state_dict") and hasattr(part, "load_state_dict"):
        parts.states[path] = State(part.state_dict, part.load_state_dict)
    else:
        raise TypeError(
            f"{path} is {type(part).__name__} {part!r:.60}; a checkpoint takes Variables, layers, "
            "models, optimizers, metrics, random generators, and what has state_dict() and "
            "load_state_dict(state); numbers are given to save"
        )


def _is_metric(part: Any) -> bool:
    return all(hasattr(part, name) for name in ("variables", "update_state", "result"))


def _generator(rng: ad.random.Generator) -> State:
    return State(lambda: rng.state, lambda state: setattr(rng, "state", state))


def _numpy_generator(find: Callable[[], np.random.Generator]) -> State:
    """The state of a generator that is looked up when it is asked for."""

    def put(state: Any) -> None:
        bits = find().bit_generator
        if _form(state) != _form(bits.state):
            raise ValueError(f"given {_form(state)!r:.200}; expected {_form(bits.state)!r:.200}")
        bits.state = state

    return State(lambda: find().bit_generator.state, put)


def _form(state: Any) -> Any:
    """The names and types in a generator's state, and which generator it is of."""
    if isinstance(state, dict):
        return {key: _form(part) for key, part in state.items()}
    return state if isinstance(state, str) else type(state).__name__
