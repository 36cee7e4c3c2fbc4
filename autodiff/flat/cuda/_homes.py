"""Variables at addresses that stay: kernels that were recorded know no others.

Variables that are updated together are views of one vector, as on the CPU, and the same for all
programs that update them. A Variable that got a new array is copied into its place; a place that
somebody else holds is left to them, since Tensors are values, and all get new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter, is_, is_not
from typing import Any
from weakref import WeakValueDictionary

from ...engine._graph import UNREAD
from ...engine._variable import Variable
from ..ir._value import Value
from ..lower._group import Group
from ._machine import Machine

_data = attrgetter("_data")


class Homes:
    """The arrays of a program's Variables."""

    def __init__(
        self,
        machine: Machine,
        groups: Iterable[Group],
        variables: dict[Variable, Value],
        written: Iterable[Variable],
    ) -> None:
        self._machine, self._values = machine, variables
        together = {group.old: group.variables for group in groups}
        grouped = {v for members in together.values() for v in members}
        together |= {variables[v]: (v,) for v in written if v not in grouped}
        self._homes = {vector: _home(machine, members) for vector, members in together.items()}
        kept = {v for members in together.values() for v in members}
        self._read = [v for v in variables if v not in kept]
        #: where each Variable's value, and each vector, begins
        self.addresses: dict[Value, int] = {}
        #: the same of homes, and of Variables that are read
        self._begins: list[tuple[_Home, list[int]]] = []
        self._reads: list[int] = []

    def settle(self) -> bool:
        """Lay all Variables where they belong; whether any address is another than before."""
        if self.addresses and self._settled():
            return False
        found: dict[Value, int] = {}
        for vector, home in self._homes.items():
            home.settle()
            found[vector] = home.starts[0]
            found.update((self._values[v], home.starts[k]) for k, v in enumerate(home.variables))
        for v in self._read:
            if not self._machine.in_order(v._data):
                laid = self._machine.empty(v._data.shape, v._data.dtype)
                self._machine.copy(laid, v._data)
                v._data, v._node = laid, UNREAD
            found[self._values[v]] = self._machine.address(v._data)
        moved = found != self.addresses
        self.addresses = found
        self._begins = [(home, home.starts) for home in self._homes.values()]
        self._reads = [found[self._values[v]] for v in self._read]
        return moved

    def _settled(self) -> bool:
        """Whether nothing has changed, which is so at nearly every call."""
        machine = self._machine
        for home, starts in self._begins:
            if home.starts is not starts or not home.settled():
                return False
        arrays = [v._data for v in self._read]
        return [*map(machine.address, arrays)] == self._reads and all(map(machine.in_order, arrays))


class _Home:
    """One vector, and the Variables that are views of it."""

    def __init__(self, machine: Machine, variables: tuple[Variable, ...]) -> None:
        self.variables = variables
        #: where each Variable begins
        self.starts: list[int] = []
        self._machine = machine
        self._views: list[Any] = []
        #: references to a view while its Variable has it, and nobody else
        self._count = 0

    def settled(self) -> bool:
        """Whether each Variable has its view, which nobody else holds."""
        views = self._views
        return (
            all(map(is_, map(_data, self.variables), views))
            and max(map(self._machine.references, views)) <= self._count
        )

    def settle(self) -> None:
        """See to it."""
        if not self._views:
            self._move()
        elif not self.settled():
            away = list(map(is_not, map(_data, self.variables), self._views))
            counts = list(map(self._machine.references, self._views))
            # of a Variable that has another array it is one less
            if all(n <= self._count - b for n, b in zip(counts, away, strict=True)):
                self._bring(away)
            else:
                self._move()

    def _bring(self, away: list[bool]) -> None:
        """Copy Variables that have other arrays into their views."""
        for k, v in enumerate(self.variables):
            if away[k]:
                self._machine.copy(self._views[k], v._data)
                v._data, v._node = self._views[k], UNREAD

    def _move(self) -> None:
        """Lay the Variables into a new vector."""
        machine, start = self._machine, 0
        nbytes = sum(v._data.size * v._data.dtype.itemsize for v in self.variables)
        vector = machine.empty((max(1, nbytes),), "uint8")
        self._views = []
        for v in self.variables:
            self._views.append(machine.part(vector, start, v._data.shape, v._data.dtype))
            start += v._data.size * v._data.dtype.itemsize
        for k, v in enumerate(self.variables):
            machine.copy(self._views[k], v._data)
            v._data, v._node = self._views[k], UNREAD
        del vector  # it would be counted
        self.starts = [machine.address(view) for view in self._views]
        self._count = max(map(machine.references, self._views))


#: machine and Variables -> their home: programs of several batch sizes share one
_shared: WeakValueDictionary[tuple[int, ...], _Home] = WeakValueDictionary()


def _home(machine: Machine, variables: tuple[Variable, ...]) -> _Home:
    key = (id(machine), *map(id, variables))
    home = _shared.get(key)
    if home is None:
        home = _shared[key] = _Home(machine, variables)
    return home
