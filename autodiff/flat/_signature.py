"""What tells the programs of a function apart, and what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._backend import PYTHON_SCALARS
from .._tensor import Tensor
from .._variable import Variable


def is_array(x: Any) -> bool:
    """Whether an argument is an input of the program."""
    return isinstance(x, (np.ndarray, np.generic)) or (
        isinstance(x, Tensor) and not isinstance(x, Variable)
    )


def signature(args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
    """What tells programs apart, and the raw arrays among the arguments."""
    arrays: list[Any] = []
    key = tuple(_key(x, arrays) for x in args)
    if kwargs:
        key += tuple((name, _key(kwargs[name], arrays)) for name in kwargs)
    return key, arrays


def _key(x: Any, arrays: list[Any]) -> Any:
    kind = type(x)
    if kind is Tensor:
        x = x._data
        arrays.append(x)
        return x.shape, x.dtype
    if isinstance(x, (np.ndarray, np.generic)):
        x = np.asarray(x) if kind is not np.ndarray and isinstance(x, np.ndarray) else x
        arrays.append(x)
        return x.shape, x.dtype
    if kind is float:
        return kind, x.hex()  # tells 0.0 from -0.0, and finds nan again
    if kind in PYTHON_SCALARS:
        return kind, x
    if isinstance(x, (list, tuple)):
        return kind, tuple([_key(part, arrays) for part in x])
    if isinstance(x, dict):
        return kind, tuple([(name, _key(part, arrays)) for name, part in x.items()])
    try:
        hash(x)
    except TypeError:
        raise TypeError(
            f"ad.function: an argument of type {kind.__name__} cannot tell programs apart; "
            "give arrays, numbers, strings, or lists, tuples and dictionaries of them"
        ) from None
    return x
