"""Variables at addresses that stay: kernels that were recorded know no others.

Variables that are updated together are views of one vector, as on the CPU. Where they already lie
so, as another program has laid them, they stay where they are. A Variable that got a new array is
copied into its place; a place that somebody else holds is left to them, since Tensors are values,
and there is a new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import getrefcount
from typing import Any

from ..._graph import UNREAD
from ..._variable import Variable
from .._group import Group
from .._value import Value
from ._machine import Machine


class Homes:
    """The arrays of a program's Variables."""

    def __init__(
        self,
        machine: Machine,
        groups: Iterable[Group],
        variables: dict[Variable, Value],
        written: Iterable[Variable],
    ) -> None:
        self._machine = machine
        grouped = {v for group in groups for v in group.variables}
        self._homes = [_Home(machine, g.variables, g.old) for g in groups]
        alone = [v for v in written if v not in grouped]
        self._homes += [_Home(machine, (v,), variables[v]) for v in alone]
        self._read = [v for v in variables if v not in {*grouped, *alone}]
        self._variables = variables
        self._known: dict[Variable, Any] = {}
        #: where each Variable's value, and each vector, begins
        self.addresses: dict[Value, int] = {}

    def settle(self) -> bool:
        """Lay all Variables where they belong; whether any address is another than before."""
        moved = False
        for home in self._homes:
            if not home.settled():
                moved |= home.move()
                self.addresses |= home.addresses(self._variables)
        for v in self._read:
            if self._known.get(v) is not v._data:
                data = v._data
                if not self._machine.in_order(data):
                    v._data = self._machine.empty(data.shape, data.dtype)
                    self._machine.copy(v._data, data)
                    v._node = UNREAD
                self._known[v] = v._data
                address = self._machine.address(v._data)
                moved |= self.addresses.get(self._variables[v]) != address
                self.addresses[self._variables[v]] = address
        return moved


class _Home:
    """One vector, and the Variables that are views of it."""

    def __init__(self, machine: Machine, variables: tuple[Variable, ...], value: Value) -> None:
        self._machine, self._variables, self._value = machine, variables, value
        self._vector: Any = None
        self._views: list[Any] = []
        self._to_views = self._to_vector = 0

    def settled(self) -> bool:
        """Whether the Variables are this vector's views, which nobody else holds."""
        views = self._views
        return (
            bool(views)
            and all(v._data is x for v, x in zip(self._variables, views, strict=True))
            and self._alone()
        )

    def _alone(self) -> bool:
        views = self._views
        held = max(map(getrefcount, views)) <= self._to_views
        return held and getrefcount(self._vector) <= self._to_vector

    def move(self) -> bool:
        """Lay the Variables into a vector; whether it is a new one."""
        machine = self._machine
        ours = {id(x) for x in self._views}
        if self._views and not any(id(v._data) in ours for v in self._variables):
            # none of them is here any more: is anybody else?
            fresh = not self._free()
        else:
            fresh = True
        vector = self._new() if fresh else self._vector
        views, start = [], 0
        for v in self._variables:
            dtype = v._data.dtype
            view = machine.part(vector, start, v._data.shape, dtype)
            machine.copy(view, v._data)
            views.append(view)
            start += v._data.size * dtype.itemsize
        del view
        for v, x in zip(self._variables, views, strict=True):
            v._data = x
            v._node = UNREAD
        del v, x
        self._vector, self._views = vector, views
        del vector, views
        views = self._views
        self._to_views = max(map(getrefcount, views))
        self._to_vector = getrefcount(self._vector)
        return fresh

    def _free(self) -> bool:
        """Whether nobody holds the views that the Variables had: they are one less."""
        views = self._views
        held = max(map(getrefcount, views)) < self._to_views
        return held and getrefcount(self._vector) <= self._to_vector

    def _new(self) -> Any:
        nbytes = sum(v._data.size * v._data.dtype.itemsize for v in self._variables)
        return self._machine.empty((max(1, nbytes),), "uint8")

    def addresses(self, values: dict[Variable, Value]) -> dict[Value, int]:
        """Where the vector and each Variable begin."""
        found = {self._value: self._machine.address(self._vector)}
        for v, view in zip(self._variables, self._views, strict=True):
            found[values[v]] = self._machine.address(view)
        return found
