"""Arrays that programs write over: nobody else may hold them, since Tensors are values.

Who holds an array is told by its reference count. What a count is when nobody else holds the array
is measured, by the same expressions, when the array is new: interpreters count differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, is_
from sys import getrefcount
from typing import Any

import numpy as np

from ...engine._graph import UNREAD
from ...engine._variable import Variable
from ..ir._evaluate import apply
from ..ir._value import Value
from ..lower._group import Group

_data = attrgetter("_data")


class Home:
    """The vector that the arrays of a group of Variables are views of.

    A program is given the vector, the Variables' arrays, and `derived` views of these.
    """

    def __init__(self, group: Group, derived: Sequence[Value]) -> None:
        self.variables = group.variables
        self._values = group.old.operands
        self._derived = tuple(derived)
        self._views: list[Any] = [None] * len(self.variables)
        self._vector: Any = None
        #: counts of references, as `settle` sees them, when nobody else holds the arrays
        self._to_view = self._to_vector = 0
        self._arrays: list[Any] = []

    def settle(self) -> list[Any]:
        """The arrays; the Variables' are views of the vector, and nobody else holds them."""
        views = self._views
        if (
            all(map(is_, map(_data, self.variables), views))
            and max(map(getrefcount, views)) <= self._to_view
            and getrefcount(self._vector) <= self._to_vector
        ):
            return self._arrays
        return self._move()

    def _move(self) -> list[Any]:
        """Lay the Variables' values into a new vector."""
        self._vector = vector = np.concatenate([v._data.reshape(-1) for v in self.variables])
        self._views, start = [], 0
        for v in self.variables:
            self._views.append(vector[start : start + v.size].reshape(v.shape))
            start += v.size
        known = dict(zip(self._values, self._views, strict=True))
        for value in self._derived:
            known[value] = apply(value.op, [known[value.inputs[0]]], value.attrs)
        self._arrays = [vector, *self._views, *(known[value] for value in self._derived)]
        for v, view in zip(self.variables, self._views, strict=True):
            v._data = view
            v._node = UNREAD
        del vector, view, known
        views = self._views
        self._to_view = max(map(getrefcount, views))
        self._to_vector = getrefcount(self._vector)
        return self._arrays


class _Holder:
    """Holds one array, as a Variable does."""

    def __init__(self, data: Any) -> None:
        self._data = data


def _references(v: Any) -> int:
    """How many references to a holder's array there are, seen from here."""
    data = v._data
    return getrefcount(data)


#: what is seen of an array that nobody else holds
ALONE = _references(_Holder(np.zeros(1)))


def own(v: Variable) -> Any:
    """A Variable's array, a new one if somebody else holds the one that it has."""
    if _references(v) > ALONE or v._data.base is not None:
        v._data = v._data.copy()
        v._node = UNREAD
    return v._data


def put_in_order(v: Variable) -> None:
    """See to it that a Variable's elements lie in row-major order."""
    if not v._data.flags.c_contiguous:
        v._data = v._data.copy()
        v._node = UNREAD
