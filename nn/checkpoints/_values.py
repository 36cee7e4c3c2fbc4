"""State that is no Variable as JSON and arrays: numbers, text, lists, dictionaries, arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: stands for an array, by its name in the file; and for what JSON would make a list of
ARRAY, TUPLE = "$array", "$tuple"

#: more numbers than this in a list are an array in the file
LONG = 16

Arrays = dict[str, NDArray[Any]]


def pack(value: Any, path: str, arrays: Arrays) -> Any:
    """A value as JSON can hold it; its arrays, and long lists of numbers as such, go into `arrays`.

    Raises TypeError for what is neither None, a truth value, number, text or array, nor a list,
    tuple or dictionary of such with text as keys.

    >>> arrays = {}
    >>> pack({"wait": 2, "best": np.array([0.5, 0.25])}, "callback", arrays)
    {'wait': 2, 'best': {'$array': 'callback/best'}}
    >>> arrays
    {'callback/best': array([0.5 , 0.25])}
    """
    if value is None or type(value) in (bool, int, str, float):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return {ARRAY: _keep(np.array(value), path, arrays)}
    if isinstance(value, list | tuple):
        if type(value) is list and len(value) > LONG and _are_numbers(value):
            return {ARRAY: _keep(np.array(value), path, arrays), "list": True}
        parts = [pack(part, f"{path}/{k}", arrays) for k, part in enumerate(value)]
        return parts if isinstance(value, list) else {TUPLE: parts}
    if isinstance(value, Mapping):
        for key in value:
            if type(key) is not str or key in (ARRAY, TUPLE):
                raise TypeError(f"{path} has the key {key!r:.60}; expected text")
        return {key: pack(part, f"{path}/{key}", arrays) for key, part in value.items()}
    raise TypeError(
        f"{path} is {type(value).__name__} {value!r:.60}; a checkpoint holds numbers, text, arrays "
        "and lists, tuples and dictionaries of them"
    )


def unpack(packed: Any, read: Callable[[str], NDArray[Any]]) -> Any:
    """What `pack` was given; `read` gives an array by its name.

    >>> unpack({"wait": 2, "best": {"$tuple": [1, None]}}, {}.get)
    {'wait': 2, 'best': (1, None)}
    """
    if isinstance(packed, list):
        return [unpack(part, read) for part in packed]
    if not isinstance(packed, dict):
        return packed
    if ARRAY in packed:
        array = read(packed[ARRAY])
        return array.tolist() if "list" in packed else array[()]
    if TUPLE in packed:
        return tuple(unpack(packed[TUPLE], read))
    return {key: unpack(part, read) for key, part in packed.items()}


def _are_numbers(values: list[Any]) -> bool:
    """Whether an array holds them as they are: floats alone, or integers of 64 bits alone."""
    kinds = {type(value) for value in values}
    return kinds == {float} or (kinds == {int} and min(values) >= -(2**63) and max(values) < 2**63)


def _keep(array: NDArray[Any], path: str, arrays: Arrays) -> str:
    """The name under which the array is kept: the path, if nothing has that name."""
    while path in arrays:
        path += "_"
    arrays[path] = array
    return path


def names_in(packed: Any) -> list[str]:
    """The names of the arrays that a packed value stands for."""
    if isinstance(packed, list):
        return [name for part in packed for name in names_in(part)]
    if not isinstance(packed, dict):
        return []
    if ARRAY in packed:
        return [packed[ARRAY]]
    return [name for part in packed.values() for name in names_in(part)]
