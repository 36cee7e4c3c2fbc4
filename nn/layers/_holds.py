"""What belongs to a layer: the layers, Variables and generators among its attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from autodiff import Variable, _nest
from autodiff.random import Generator

if TYPE_CHECKING:
    from nn.layers._layer import Layer

T = TypeVar("T")


def parts(layer: Layer, kind: type[T]) -> Iterator[tuple[str, T]]:
    """What is of a kind among a layer's attributes, in order, and the attribute's name."""
    for name, value in vars(layer).items():
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, list | tuple | dict) and value:
            for part in _nest.flatten(value):
                if isinstance(part, kind):
                    yield name, part


def layers(layer: Layer) -> list[Layer]:
    """The layers that are attributes of this one, also in lists and dictionaries; each once."""
    from nn.layers._layer import Layer

    return list({id(part): part for _, part in parts(layer, Layer)}.values())


def tree(layer: Layer) -> list[Layer]:
    """This layer and all inside, each once, outer ones first."""
    found: dict[int, Layer] = {}
    waiting = [layer]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in found:
            found[id(inner)] = inner
            waiting += reversed(layers(inner))
    return list(found.values())


def own(layer: Layer) -> list[Variable]:
    """The Variables of this layer itself: those of `add_weight`, then those that are attributes."""
    return list(dict.fromkeys([*layer._own, *(v for _, v in parts(layer, Variable))]))


def by_path(layer: Layer) -> dict[str, Variable]:
    """Every Variable inside by its path, "block/dense/kernel"; layers that are shared once.

    The path says where it stands below this layer, and is the same in every run of a program.
    """
    found: dict[str, Variable] = {}
    seen: set[int] = set()
    for prefix, inner in _paths(layer):
        for v in own(inner):
            if id(v) not in seen:
                seen.add(id(v))
                name = v.name.split("/")[-1] if v.name else _attribute(inner, v)
                found[unique(prefix + name, found)] = v
    return found


def _attribute(layer: Layer, variable: Variable) -> str:
    """The name of the attribute that holds a Variable."""
    return next(name for name, v in parts(layer, Variable) if v is variable)


def generators(layer: Layer) -> dict[str, Generator]:
    """Every random generator inside by its path, as Variables have one."""
    found: dict[str, Generator] = {}
    for prefix, inner in _paths(layer):
        for name, generator in parts(inner, Generator):
            if not any(generator is other for other in found.values()):
                found[unique(prefix + name.strip("_"), found)] = generator
    return found


def _paths(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """This layer and all inside with what their Variables' paths begin with, each once."""
    seen: set[int] = set()
    waiting = [("", layer)]
    while waiting:
        prefix, inner = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        yield prefix, inner
        below: dict[str, Layer] = {}
        for child in layers(inner):
            below[unique(child.name, below)] = child
        waiting += [(f"{prefix}{name}/", child) for name, child in reversed(below.items())]


def unique(name: str, taken: Iterable[str]) -> str:
    """The name, numbered if it is taken.

    >>> unique("dense", {"dense", "dense_1"})
    'dense_2'
    """
    known, candidate, number = set(taken), name, 0
    while candidate in known:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def give_names(found: Iterable[Layer], owner: str) -> None:
    """Number layers that are called alike by their class: dense, dense_1, dense_2, ...

    Raises ValueError where two were given the same name.
    """
    taken: dict[str, Layer] = {}
    for layer in found:
        other = taken.get(layer.name)
        if other is not None:
            if layer.named and other.named:
                raise ValueError(f"{owner!r}: there is a layer named {layer.name!r} already")
            later = other if layer.named else layer
            later.rename(unique(later.name, taken))
            taken[later.name] = later
        taken[layer.name] = layer
