"""Where a device program's values lie: at addresses that stay, in one arena, in Variables, inputs.

Streams run one kernel after the other, in the program's order, so values whose lives do not overlap
share bytes as they do on the CPU. Results lie together, to be copied out at once. A kernel writes
over a Variable only where nobody reads the old value later, and no check comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..ir._strides import _view_strides, is_view, laid, row_major
from ..ir._value import UFUNCS, Value
from ..lower._lower import Program
from ..plan._arena import LINE, arrange
from ..plan._buffers import Plan, Slot, _last_uses, _place, _positions, computed, owner, reachable

ARENA, RESULTS = "arena", "results"
ELEMENTWISE = UFUNCS | {"where", "cast"}


@dataclass(frozen=True)
class Place:
    """A place in memory: the value whose memory it is, or the arena, and an offset in bytes."""

    base: Any
    offset: int = 0


@dataclass(frozen=True)
class View:
    """Where the elements of a value lie in the memory of another: counted in elements."""

    root: Value
    offset: int
    strides: tuple[int, ...]


@dataclass
class Memory:
    """The places of all values of a program."""

    plan: Plan
    places: dict[Value, Place] = field(default_factory=dict)
    #: value -> the Variable's value (or vector of several) that it is written over
    over: dict[Value, Value] = field(default_factory=dict)
    #: copies at the end: values into results, then into Variables
    copies: list[tuple[Value, Any]] = field(default_factory=list)
    #: bytes of the arena, and of the results
    nbytes: int = 0
    results: int = 0
    #: returned value -> where it lies among the results
    result: dict[Value, int] = field(default_factory=dict)

    def place(self, value: Value) -> Place:
        """Where a value begins that has memory of its own."""
        if value in self.over:
            return self.place(self.over[value])
        return self.places.get(value) or Place(value)


def memory(program: Program, may_fail: Callable[[Value], bool]) -> Memory:
    """Places for what a program computes; `may_fail` tells what else is checked on the way."""
    pairs = [(new, program.variables[v]) for v, new in program.assigned.items()]
    pairs += [(group.new, group.old) for group in program.groups]
    assigned = dict(reversed(pairs))  # of Variables that get one value the first
    order = reachable(program.roots())
    position = _positions(order)
    returned = program.returned()
    checks = [*(c for c, _ in program.builder.checks), *filter(may_fail, order)]
    checked = max([position[c] for c in checks], default=-1)
    leaving = [*returned, *(new for new in assigned if not computed(new))]
    plan = Plan(order, position=position, last=_last_uses(order, position, leaving))
    found = Memory(plan)
    kept = {owner(x) for x in returned}
    for vector in order:
        if vector.op == "flat" and computed(vector):
            _place(plan, vector, kept)
    for value in order:
        if value.op == "draw":  # drawn before the program runs, where its vector may not live yet
            plan.part.pop(value, None)
    _results(found, returned)
    slots: dict[Value, Slot] = {}
    for value, k in position.items():
        if not computed(value) or value in plan.part or value in found.places:
            continue
        old = assigned.get(value)
        if old is not None and k > checked and _free(found, value, old, k):
            found.over[value] = old
            continue
        end = len(order) if value in assigned else plan.last[value]
        inside = [x for x in value.operands if plan.part.get(x, (None,))[0] is value]
        first = min([position[x] for x in inside], default=k)
        if value.op == "draw":
            first = 0  # drawn before the program runs
        end = max([end, *(plan.last[x] for x in inside)])
        slots[value] = plan.slot[value] = Slot(max(1, value.nbytes), first, end)
    _commit(found, pairs, slots)
    found.nbytes = arrange(plan)
    for value, slot in slots.items():
        found.places[value] = Place(ARENA, slot.offset)
    for value, (vector, start) in plan.part.items():
        whole = found.place(vector)
        found.places[value] = Place(whole.base, whole.offset + start * value.dtype.itemsize)
    found.copies = [
        (x, Place(ARENA, slots[place].offset) if isinstance(place, Value) else place)
        for x, place in found.copies
    ]
    return found


def _results(found: Memory, returned: list[Value]) -> None:
    """Places next to each other for what is returned; computed there, or copied at the end."""
    for x in dict.fromkeys(returned):
        place = Place(RESULTS, found.results)
        found.result[x] = found.results
        found.results += -(-x.nbytes // LINE) * LINE
        vector = x.op == "flat" and found.plan.part
        if computed(x) and not vector and x.op != "draw":
            found.places[x] = place
        else:
            found.copies.append((x, place))


def _free(found: Memory, value: Value, old: Value, k: int) -> bool:
    """Whether a Variable's memory may be written over by its new value."""
    plan = found.plan
    memory = {old, *old.operands}
    if max(plan.last.get(x, -1) for x in memory) > k:
        return False
    return all(reads_first(value, x) for x in value.operands if owner(x) in memory)


def reads_first(value: Value, x: Value) -> bool:
    """Whether every element of an input is read by the thread that writes there, before."""
    if value.op != "fused":
        return value.op in ELEMENTWISE and laid(x) is owner(x) and x.shape == value.shape
    cluster, k = value.attrs["cluster"], value.attrs["output"]
    nest, output, memory = cluster.nest, cluster.outputs[k], owner(x)
    if laid(x) is not memory:
        return False
    for y, old in zip(value.inputs, nest.inputs, strict=True):
        if owner(y) is memory:
            place = nest.place.get(output, "")
            if y is not x or nest.place[old] != place:
                return False
            if place and (place != nest.element or not nest.spares(output, old)):
                return False
            if not place and not (nest.space.rows * nest.space.columns == 1 or _ends(nest)):
                return False
    return True


def _ends(nest: Any) -> bool:
    """Whether numbers are written after all blocks have read."""
    return any(nest.ends(v) and v.op != "within" for v in nest.members)


def _commit(found: Memory, pairs: list[tuple[Value, Value]], slots: dict[Value, Slot]) -> None:
    """Copies of new values into Variables; what lies in a Variable itself is saved before."""
    late: list[tuple[Value, Any]] = []
    end = len(found.plan.order)
    for new, old in pairs:
        if found.over.get(new) is old:
            continue
        root = owner(new)
        fixed = root.op in ("variable", "flat") and not computed(root)
        if fixed or root in found.over:
            saved = Value(new.builder, "saved", (new,), {}, new.shape, new.dtype)
            slots[saved] = found.plan.slot[saved] = Slot(max(1, new.nbytes), end, end)
            found.copies.append((new, saved))
            found.plan.position[saved] = end
            new = saved
        late.append((new, Place(old)))
    found.copies += late


def view_of(value: Value) -> View:
    """Where a value's elements lie, as a view of what has memory."""
    chain = []
    while is_view(value):
        chain.append(value)
        value = value.inputs[0]
    steps, shape, offset = row_major(value.shape), value.shape, 0
    for view in reversed(chain):
        if view.op == "slice":
            hollow: Any = as_strided(np.zeros(1, np.int8), shape, steps)
            index = view.attrs["index"]  # of single elements a view, too, not a number
            part = hollow[index if any(e is Ellipsis for e in index) else (*index, ...)]
            if part.size:
                offset += (
                    part.__array_interface__["data"][0] - hollow.__array_interface__["data"][0]
                )
            steps = tuple(part.strides)
        else:
            found = _view_strides(view, shape, steps)
            assert found is not None
            steps = found
        shape = view.shape
    return View(value, offset, steps)
