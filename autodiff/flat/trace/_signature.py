"""What tells the programs of a function apart, and what they are given."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ...arrays._backend import PYTHON_SCALARS
from ...engine._tensor import Tensor
from ...engine._variable import Variable


def is_array(x: Any) -> bool:
    """Whether an argument is an input of the program."""
    return isinstance(x, (np.ndarray, np.generic)) or (
        isinstance(x, Tensor) and not isinstance(x, Variable)
    )


class _UnhashableError(TypeError):
    """An argument that cannot be told from others."""


def signature(args: Any, kwargs: Any, f: Any = None) -> tuple[Any, list[Any]]:
    """What tells programs apart, and the raw arrays among the arguments of f.

    Raises:
        TypeError: an argument that is neither an array nor hashable.
    """
    arrays: list[Any] = []
    try:
        key = tuple([_key(x, arrays) for x in args])
        if kwargs:
            key += tuple([(name, _key(kwargs[name], arrays)) for name in kwargs])
    except _UnhashableError as error:
        raise TypeError(_complaint(args, kwargs, f, str(error))) from None
    return key, arrays


def _complaint(args: Any, kwargs: Any, f: Any, kind: str) -> str:
    """Which argument it is that cannot tell programs apart."""
    try:
        given = inspect.signature(f).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        given = {**{str(k): x for k, x in enumerate(args)}, **kwargs}
    name = next(name for name, x in given.items() if not _hashable(x))
    return (
        f"ad.function {getattr(f, '__name__', '')}: argument {name!r} holds a {kind}, which cannot "
        "be told from others: a program is made for each set of fixed arguments. Pass numbers, "
        "strings, other hashable objects, or lists, tuples and dictionaries of them and of arrays"
    )


def _hashable(x: Any) -> bool:
    try:
        _key(x, [])
    except _UnhashableError:
        return False
    return True


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
        raise _UnhashableError(kind.__name__) from None
    return x
