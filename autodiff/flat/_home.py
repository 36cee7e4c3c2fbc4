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

from .._graph import UNREAD
from .._variable import Variable
from ._evaluate import apply
from ._group import Group
from ._value import Value

_data = attrgetter("_data")


class Home:
    """The vector that the arrays of a group of Variables are views of.

    `arrays` is what a program is given of it: the vector, the Variables' arrays, and `derived`
    views of these.
    """

    def __init__(self, group: Group, derived: Sequence[Value]) -> None:
        self.variables = group.variables
        self._values = group.old.operands
        self._derived = tuple(derived)
        self._views: list[Any] = []
        self._alone: tuple[int, int] = 0, 0
        self.arrays: list[Any] = []

    def settle(self) -> None:
        """See to it that the Variables' arrays are views of the vector that nobody else holds."""
        views = self._views
        if views and all(map(is_, map(_data, self.variables), views)):
            highest, vector = self._counts()
            if highest <= self._alone[0] and vector <= self._alone[1]:
                return
        self._move()

    def _counts(self) -> tuple[int, int]:
        """The highest number of references to a Variable's array, and that to the vector."""
        return max(map(getrefcount, self._views)), getrefcount(self.arrays[0])

    def _move(self) -> None:
        """Lay the Variables' values into a new vector."""
        vector = np.concatenate([v._data.reshape(-1) for v in self.variables])
        self._views, start = [], 0
        for v in self.variables:
            self._views.append(vector[start : start + v.size].reshape(v.shape))
            start += v.size
        known = dict(zip(self._values, self._views, strict=True))
        for value in self._derived:
            known[value] = apply(value.op, [known[value.inputs[0]]], value.attrs)
        self.arrays = [vector, *self._views, *(known[value] for value in self._derived)]
        for v, view in zip(self.variables, self._views, strict=True):
            v._data = view
            v._node = UNREAD
        del vector, view, known
        self._alone = self._counts()


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


def own(v: Variable) -> None:
    """Give a Variable an array of its own if somebody else holds its array."""
    if _references(v) > ALONE or v._data.base is not None:
        v._data = v._data.copy()
        v._node = UNREAD
