"""Parts of an array library that do not know float16: computed in float32, and rounded."""

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
                if x.dtype.char == "e":
                    break
            else:
                return function(*arrays, **arguments)
            found = function(*map(single, arrays), **arguments)
            if any(x.dtype.char != "e" for x in arrays):
                return found
            return tuple(map(half, found)) if isinstance(found, tuple) else half(found)

        self.__dict__[name] = wide
        return wide


def single(x: Any) -> Any:
    """float16 as float32."""
    return x.astype(np.float32) if x.dtype.char == "e" else x


def half(x: Any) -> Any:
    """float32 as float16."""
    return x.astype(np.float16) if x.dtype.char == "f" else x
