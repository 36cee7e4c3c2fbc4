"""What stands in a Tensor whose value belonged to a function being traced, once that has ended.

A flat program has no value for it, so a Tensor that was kept would hold that of the first call for
ever. Every use of it raises instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .. import _nest
from ..arrays._backend import NAMESPACES
from ._graph import TracingError


class Escaped:
    """In place of the array of a Tensor: whatever is asked of it says why there is none."""

    __slots__ = ("_why",)
    __array_ufunc__ = None  # NumPy arrays leave operators to it

    def __init__(self, why: Callable[[], str]) -> None:
        self._why = why

    @property
    def why(self) -> str:
        """What happened, and what to do."""
        return self._why()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TracingError(self.why)

    def __getattr__(self, name: str) -> NoReturn:
        raise TracingError(self.why)

    def __repr__(self) -> str:
        return "<escaped>"


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
for _name in (
    *(f"__{name}__" for name in _BINARY),
    *(f"__r{name}__" for name in _BINARY),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__neg__", "__pos__", "__abs__"),
    *("__invert__", "__getitem__", "__len__", "__bool__", "__float__", "__int__", "__complex__"),
    *("__array__", "__iter__"),
):
    setattr(Escaped, _name, Escaped._refuse)


class _Refusing:
    """The `xp` of what escaped."""

    def __getattr__(self, name: str) -> Any:
        return _refuse


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    given = _nest.flatten([args, kwargs])
    raise TracingError(next(x.why for x in given if isinstance(x, Escaped)))


NAMESPACES[Escaped] = _Refusing()
