"""Clusters: values that one compiled loop computes, in place of a NumPy call for each.

A cluster holds operations element by element, the reductions of rows and columns between them, and
what is added up at their end. Its values are computed together where the last of them stands in the
program: nobody outside may need one of them earlier. Only what is needed outside is written to
memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _nest
from ..ir._builder import INDEX, Builder
from ..ir._strides import is_view, laid
from ..ir._value import REDUCTIONS, Value
from ..lower._group import Group
from ..lower._lower import Program
from ..plan._buffers import computed, owner, reachable
from ._kernel_text import COMPARISONS, FORMULAS, STEPS
from ._loops import ELEMENTWISE, Axes, Nest, Space, base, light, reads, shrinks, space_of

#: functions that NumPy computes several elements at a time, and a compiled loop one by one
FUNCTIONS = frozenset(("exp", "expm1", "log", "log1p", "sin", "cos", "tanh"))
#: up to so many elements of these cost less than a call of NumPy's
FEW = 256
#: up to so many columns a row's maximum, which is found one by one too
NARROW = 64
#: more values than this in one loop take long to compile
MOST = 48
#: what is computed, and what else is read, by the characters of NumPy's dtypes
FLOATS = frozenset("fd")
KNOWN = FLOATS | frozenset("?bhilqBHILQ")
#: operations on truth values, and those that give them
LOGICAL = frozenset(
    (
        *("logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor"),
        *("invert", "isfinite", "isnan"),
    )
)


@dataclass(frozen=True, eq=False)
class Cluster:
    """Values that one kernel computes, and those of them that are needed elsewhere."""

    nest: Nest
    outputs: tuple[Value, ...]


@dataclass(eq=False)
class _Growing:
    """A cluster to be."""

    members: list[Value]
    #: where the last of them stands
    last: int


def fused(program: Program, growing: type[Growth] | None = None) -> Program:
    """The program with its clusters in place of their values: one value for each output.

    `growing` says what fits into a kernel; without it, what Numba's do better than NumPy.
    """
    growing = growing or Growth
    order = _sunk(program, growing.totals_wait)
    growth = growing(program, order)
    growth.merge_all()
    return _rewritten(program, order, growth.found())


def _sunk(program: Program, totals: bool) -> list[Value]:
    """The order of a program; views, and numbers that nobody waits for, where they are needed.

    Without `totals` those that are made of arrays stay where these are.
    """
    order = reachable(program.roots())
    checks = {condition for condition, _ in program.builder.checks}
    place = {value: float(k) for k, value in enumerate(order)}
    first: dict[Value, float] = {}
    stays: set[Value] = set()
    if not totals:
        for value in order:
            if not value.shape and any(x.shape or x in stays for x in value.operands):
                stays.add(value)
    for value in reversed(order):
        number = computed(value) and value.op != "draw" and value not in checks | stays
        if is_view(value) or (number and not any(x.shape for x in (value, *value.operands))):
            place[value] = first.get(value, float(len(order)))
        for x in value.operands:
            first[x] = min(first.get(x, np.inf), place[value])
    return sorted(order, key=lambda value: (place[value], value.number))


class Growth:
    """Grows clusters, from the end of a program to its start."""

    nest: type[Nest] = Nest
    #: whether what is made of sums of everything is computed only where it is needed
    totals_wait = True

    def __init__(self, program: Program, order: list[Value]) -> None:
        self.program, self.order = program, order
        self.axes = Axes(order)
        self.position = {value: k for k, value in enumerate(order)}
        #: who reads a value's elements
        self.users: dict[Value, list[Value]] = {value: [] for value in order}
        for value in order:
            if not light(value):
                for x in dict.fromkeys(map(base, value.operands)):
                    self.users[x].append(value)
        self.leaving = {base(x) for x in program.roots()}
        self.of = {v: _Growing([v], k) for v, k in self.position.items() if self._fits(v)}

    def merge_all(self) -> None:
        """Merge clusters that share a value, the last ones first: its maker with its users, then
        the users of what no cluster makes."""
        for made in (True, False):
            for value in reversed(self.order):
                if (value in self.of) is made:
                    sharing = [v for v in (value, *self.users[value]) if v in self.of]
                    for user in reversed(sharing[1:]):
                        self._merge(self.of[sharing[0]], self.of[user])

    def found(self) -> list[Cluster]:
        """The clusters that are worth a kernel."""
        clusters = []
        for growing in dict.fromkeys(self.of.values()):
            members = growing.members
            if self._worth(members):
                space = space_of(touched(members), self.axes)
                assert space is not None
                nest = self.nest(members, space, self.axes)
                outputs = tuple(v for v in members if self._needed(v, nest.inside))
                clusters.append(Cluster(nest, outputs))
        return clusters

    def _worth(self, members: list[Value]) -> bool:
        """Whether there is more than one value: a call of a kernel costs less than NumPy's two."""
        return sum(not _is_rounding(v) for v in members) > 1

    def _fits(self, value: Value) -> bool:
        """Whether a compiled loop can compute a value."""
        op = value.op
        known = all(x.dtype.char in KNOWN and x.dtype.isnative for x in (value, *value.operands))
        if not known or (value.shape and value.size < 2):
            return False
        if not all(map(_lies_in_order, map(base, value.operands))):
            return False  # a copy costs as much as the operation
        if op in ELEMENTWISE:
            small = op not in FUNCTIONS or value.size <= FEW
            return small and (_fits_loop(value) if value.shape else _is_rounding(value))
        if any(base(x).size < x.size for x in value.operands):
            return False  # what is repeated would be taken in once
        if op in REDUCTIONS:
            (x,) = value.inputs
            if op not in STEPS or x.size < 2 * value.size or (value.ndim and value.size < 2):
                return False
            narrow = op == "sum" or x.size <= NARROW * value.size
            return x.dtype.char == "?" if op in ("any", "all") else _is_float(x) and narrow
        if op == "rows":
            return self._compares(value)
        return self._picks(value) if op == "take" else op == "within"

    def _compares(self, value: Value) -> bool:
        """Whether rows are those of the unit matrix: comparisons of labels with columns."""
        table, labels = value.inputs
        n = len(table.data)
        return n > 1 and labels.ndim == 1 and np.array_equal(table.data, np.eye(n))

    def _picks(self, value: Value) -> bool:
        """Whether a value is an element of each row, at places that are checked."""
        x, *index = value.inputs
        if value.attrs["index"] != (INDEX, INDEX) or x.ndim != 2 or min(x.shape) < 2:
            return False
        rows, places = index
        return (
            rows.op == "constant"
            and np.array_equal(rows.data, np.arange(x.shape[0]))
            and places.ndim == 1
            and self.program.builder.known_within(places, 0, x.shape[1])
        )

    def _needed(self, value: Value, inside: set[Value]) -> bool:
        """Whether a member is needed outside."""
        return value in self.leaving or any(user not in inside for user in self.users[value])

    def _merge(self, first: _Growing, second: _Growing) -> None:
        """Make one cluster of two, if one kernel can compute both."""
        members = sorted((*first.members, *second.members), key=self.position.__getitem__)
        inside, last = set(members), max(first.last, second.last)
        if first is second or len(members) > MOST:
            return
        for value in members:
            outside = [user for user in self.users[value] if user not in inside]
            if any(self.position[user] < last for user in outside):
                return
        space = space_of(touched(members), self.axes)
        if space is None or not self._together(members, inside, space):
            return
        self.of.update(dict.fromkeys(members, _Growing(members, last)))

    def _together(self, members: list[Value], inside: set[Value], space: Space) -> bool:
        """Whether the loops of one kernel can compute these."""
        for value in members:
            if _is_rounding(value) and self._needed(value, inside):
                return False
            place = space.place(self.axes.of(value))
            source = space.place(self.axes.of(value.inputs[0])) if shrinks(value) else ""
            whole = shrinks(value) and place != "i"
            if whole and any(user in inside for user in self.users[value]):
                return False  # known after the loops only
            if space.outer and ((place == "j" and not whole) or source == "j"):
                return False  # a loop over columns before that over rows
        return True


def touched(members: Iterable[Value]) -> list[Value]:
    """Members and what they read."""
    found = {x: None for v in members for x in (v, *map(base, reads(v)))}
    return [x for x in found if x.shape]


def _lies_in_order(x: Value) -> bool:
    return laid(x) is owner(x)


def _is_float(x: Value) -> bool:
    return x.dtype.char in FLOATS


def _is_rounding(value: Value) -> bool:
    """Whether a value is a number in another precision, which a kernel makes of its argument."""
    return value.op == "cast" and not value.shape and all(map(_is_float, (value, *value.operands)))


def _fits_loop(value: Value) -> bool:
    """Whether a loop computes an operation on elements as NumPy does."""
    op, inputs = value.op, value.operands
    if op in COMPARISONS:  # of integers of one kind at most, which need no other to be compared in
        numbers = [type(x) for x in value.inputs if not isinstance(x, Value)]
        integers = {x.dtype for x in inputs if x.dtype.kind in "iu"}
        floats = any(map(_is_float, inputs)) or float in numbers
        return not integers or (len(integers) == 1 and not floats and integers.pop().kind == "i")
    if op == "cast":
        return value.dtype.kind in "fb" or value.inputs[0].dtype.kind in "ib"
    if op in LOGICAL:
        return all(x.dtype.char in "?fd" for x in inputs)
    return op == "where" or (op in FORMULAS and _is_float(value))


def _rewritten(program: Program, order: list[Value], clusters: list[Cluster]) -> Program:
    """The program with the outputs of each cluster as values of one operation, "fused"."""
    inside = {value for cluster in clusters for value in cluster.nest.members}
    ends = {cluster.nest.members[-1]: cluster for cluster in clusters}
    needed = set(program.roots())
    for value in reversed(order):
        if value in ends:
            needed.update(ends[value].nest.inputs)
        elif value in needed and value not in inside:
            needed.update(value.operands)
    copy = _Copy()
    for value in order:
        if value in ends:
            cluster = ends[value]
            for k, output in enumerate(cluster.outputs):
                copy.make(output, "fused", cluster.nest.inputs, {"cluster": cluster, "output": k})
        elif value in needed and value not in inside and not is_view(value):
            copy.make(value, value.op, value.inputs, value.attrs)
    new, of = copy.new, copy.of
    copy.builder.checks = [(of(x), message) for x, message in program.builder.checks]
    copy.builder.draws = [of(x) for x in program.builder.draws]
    return Program(
        copy.builder,
        [of(x) for x in program.arguments],
        {v: of(x) for v, x in program.variables.items()},
        {v: of(x) for v, x in program.assigned.items()},
        [Group(group.variables, of(group.old), of(group.new)) for group in program.groups],
        _nest.replace(program.result, lambda x: of(x) if isinstance(x, Value) else x),
        {new[g]: new[x] for g, x in program.gradients.items() if g in new and x in new},
        {new[x]: name for x, name in program.given.items() if x in new},
    )


class _Copy:
    """Makes the values of a program again."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.new: dict[Value, Value] = {}

    def of(self, value: Value) -> Value:
        """The new value for an old one; sources and views are made when they are asked for."""
        if value not in self.new:
            self.make(value, value.op, value.inputs, value.attrs)
        return self.new[value]

    def make(self, value: Value, op: str, inputs: Iterable[Any], attrs: dict[str, Any]) -> None:
        """The new value for an old one, by an operation on new values."""
        inputs = [self.of(x) if isinstance(x, Value) else x for x in inputs]
        builder = self.builder
        builder.section, builder.gate, builder.hint = value.section, value.gate, value.name
        self.new[value] = builder.make(op, inputs, attrs, value.shape, value.dtype)
