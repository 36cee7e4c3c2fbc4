"""Variables at addresses that stay: kernels that were recorded know no others.

Variables that are updated together are views of one vector, as on the CPU, and the same for all
programs that update them. A Variable that got a new array is copied into its place; a place that
somebody else holds is left to them, since Tensors are values, and all get new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

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
        self._machine, self._values = machine, variables
        together = {group.old: group.variables for group in groups}
        grouped = {v for members in together.values() for v in members}
        together |= {variables[v]: (v,) for v in written if v not in grouped}
        self._homes = {vector: _home(machine, members) for vector, members in together.items()}
        kept = {v for members in together.values() for v in members}
        self._read = [v for v in variables if v not in kept]
        #: where each Variable's value, and each vector, begins
        self.addresses: dict[Value, int] = {}

    def settle(self) -> bool:
        """Lay all Variables where they belong; whether any address is another than before."""
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
        return moved


class _Home:
    """One vector, and the Variables that are views of it."""

    def __init__(self, machine: Machine, variables: tuple[Variable, ...]) -> None:
        self.variables = variables
        #: where each Variable begins
        self.starts: list[int] = []
        self._machine = machine
        self._views: list[Any] = []
        #: references to each view while its Variable has it, and nobody else
        self._counts: list[int] = []

    def settle(self) -> None:
        """See to it that each Variable has its view, which nobody else holds."""
        away = [v._data is not x for v, x in zip(self.variables, self._views, strict=False)]
        if not self._views or not self._alone(away):
            self._move()
        elif any(away):
            for k, v in enumerate(self.variables):
                if away[k]:
                    self._machine.copy(self._views[k], v._data)
                    v._data, v._node = self._views[k], UNREAD

    def _alone(self, away: list[bool]) -> bool:
        """Whether nobody else holds a view; of a Variable that has another array it is one less."""
        counts = self._now()
        return all(n <= m - b for n, m, b in zip(counts, self._counts, away, strict=True))

    def _now(self) -> list[int]:
        return [self._machine.references(self._views[k]) for k in range(len(self._views))]

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
        self._counts = self._now()


#: machine and Variables -> their home: programs of several batch sizes share one
_shared: WeakValueDictionary[tuple[int, ...], _Home] = WeakValueDictionary()


def _home(machine: Machine, variables: tuple[Variable, ...]) -> _Home:
    key = (id(machine), *map(id, variables))
    home = _shared.get(key)
    if home is None:
        home = _shared[key] = _Home(machine, variables)
    return home
