"""Parts of an array library: those that do not know float16, and those that are loaded late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Wide:
    """A part of a library, such as `np.linalg`, whose functions take float16, too.

    >>> Wide(np.linalg).inv(np.full((1, 1), 2, np.float16))
    array([[0.5]], dtype=float16)
    """

    def __init__(self, part: Any) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self._part, name)

        def wide(*arrays: Any, **arguments: Any) -> Any:
            for x in arrays:
                if type(x) not in (int, float) and x.dtype.char == "e":
                    break
            else:
                return function(*arrays, **arguments)
            found = function(*map(single, arrays), **arguments)
            if any(x.dtype.char != "e" for x in arrays if type(x) not in (int, float)):
                return found
            return tuple(map(half, found)) if isinstance(found, tuple) else half(found)

        self.__dict__[name] = wide
        return wide


def single(x: Any) -> Any:
    """float16 as float32."""
    half_precise = type(x) not in (int, float) and x.dtype.char == "e"
    return x.astype(np.float32) if half_precise else x


def half(x: Any) -> Any:
    """float32 as float16."""
    return x.astype(np.float16) if x.dtype.char == "f" else x


class Late:
    """A part of an optional library, which `load` imports when a function is first asked for."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load

    def __getattr__(self, name: str) -> Any:
        part = self._load()
        found = self.__dict__[name] = getattr(part, name, None)
        if found is None:
            del self.__dict__[name]
            raise NotImplementedError(f"{part.__name__} has no function {name}")
        return found


def scipy_special() -> Any:
    """SciPy's special functions.

    Raises:
        ModuleNotFoundError: SciPy is not installed; says how to install it.
    """
    try:
        import scipy.special
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "autodiff.special computes by SciPy, which is not installed: "
            "pip install 'autodiff-tape[special]'"
        ) from error
    return scipy.special
