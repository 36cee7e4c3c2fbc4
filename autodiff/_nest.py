"""Nested structures: lists, tuples, named tuples and dictionaries of leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NESTS = (list, tuple, dict)


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order; everything that is no list, tuple or dictionary is one.

    >>> flatten({"a": [1, (2, None)]})
    [1, 2, None]
    """
    if not isinstance(structure, _NESTS):
        return [structure]
    leaves = []
    for part in structure.values() if isinstance(structure, dict) else structure:
        if isinstance(part, _NESTS):
            leaves += flatten(part)
        else:
            leaves.append(part)
    return leaves


def flatten_like(structure: Any, other: Any) -> list[Any]:
    """What stands in `other` where `structure` has its leaves; ValueError if it is of another form.

    >>> flatten_like([0, (0,)], [[1, 2], (3,)])
    [[1, 2], 3]
    """
    if not isinstance(structure, _NESTS):
        return [other]
    keys = list(structure) if isinstance(structure, dict) else range(len(structure))
    known = isinstance(other, dict) if isinstance(structure, dict) else isinstance(other, _NESTS)
    if not known or len(other) != len(structure):
        raise ValueError(f"expected {len(structure)} entries in a {type(structure).__name__}")
    return [leaf for key in keys for leaf in flatten_like(structure[key], other[key])]


def rebuild(structure: Any, leaves: list[Any]) -> Any:
    """The same structure with other leaves, in `flatten`'s order.

    >>> rebuild({"a": [0, (0, 0)]}, [1, 2, 3])
    {'a': [1, (2, 3)]}
    """
    if type(structure) is list:
        for part in structure:
            if isinstance(part, _NESTS):
                break
        else:
            return leaves
    rest = iter(leaves)
    return replace(structure, lambda _: next(rest))


def replace(structure: Any, f: Callable[[Any], Any]) -> Any:
    """The same structure with `f(leaf)` for every leaf."""
    if isinstance(structure, dict):
        return type(structure)((key, replace(part, f)) for key, part in structure.items())
    if isinstance(structure, (list, tuple)):
        parts = [replace(part, f) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return f(structure)
