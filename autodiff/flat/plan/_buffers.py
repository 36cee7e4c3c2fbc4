"""Where each value lives: in memory of its own, over another value, in a Variable, or as a view.

Values that follow each other in place share a slot; slots whose lives do not overlap share bytes of
one arena (`_arena`). Operations on long vectors are cut into pieces, whose temporaries are short.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...arrays._backend import SMALL
from ..ir._strides import is_view, laid
from ..ir._value import SOURCES, UFUNCS, Value

#: operations that may write over an input of the same shape and dtype
IN_PLACE = UFUNCS | {"where", "cast"}
#: operations that make arrays of their own
NEW = frozenset(("call", "part", "draw"))
#: elements of a piece: its temporaries fit into a core's cache, and calls cost nothing beside it
PIECE = 65536
#: pieces from which on other vectors than updates' are cut: shorter ones stay in the last cache
LONG = 12
#: up to this many elements a row or column is repeated before it meets a matrix
TILED = 2048


@dataclass(eq=False)
class Slot:
    """Memory for one value, or for several that follow each other in place."""

    nbytes: int
    #: positions in the program between which it must keep what it holds
    start: int
    end: int
    #: where it begins in the arena
    offset: int = 0
    #: whether it holds one piece of a vector at a time
    short: bool = False


@dataclass
class Plan:
    """The values of a program in order, and the storage of each."""

    order: list[Value]
    slot: dict[Value, Slot] = field(default_factory=dict)
    #: values made anew at every call: results, and what has no axes
    fresh: set[Value] = field(default_factory=set)
    #: value -> (vector, offset): written straight into its place in a vector
    part: dict[Value, tuple[Value, int]] = field(default_factory=dict)
    #: value -> the Variable's value (or vector of several) that it is written over
    over: dict[Value, Value] = field(default_factory=dict)
    #: first value of a run that is computed piece by piece -> all values of the run
    pieces: dict[Value, list[Value]] = field(default_factory=dict)
    #: where rows and columns are repeated before they meet a matrix (`tiles`)
    tile: Slot | None = None
    #: value -> where it is made; what one kernel makes has one place
    position: dict[Value, int] = field(default_factory=dict)
    #: value -> where it is read for the last time
    last: dict[Value, int] = field(default_factory=dict)

    def moved(self, vector: Value) -> Iterator[tuple[Value, int]]:
        """The parts of a vector that are not computed in their places, and what these are."""
        start = 0
        for x in vector.operands:
            place = self.part.get(x)
            if place is None or place[0] is not vector or place[1] != start:
                yield x, start
            start += x.size

    def laid(self, value: Value) -> bool:
        """Whether a value is a vector whose parts are all computed in their places."""
        return value.op == "flat" and next(self.moved(value), None) is None

    def together(self, value: Value) -> list[Value]:
        """What is made where a value is made."""
        return [v for v, k in self.position.items() if k == self.position[value]]


def plan(
    roots: list[Value], returned: list[Value], assigned: dict[Value, Value], checks: list[Value]
) -> Plan:
    """Storage for what the roots need.

    `returned` values leave the program and are made anew; `assigned` are the new values of
    Variables, with the values that they replace, which happens after the last of the `checks`.
    """
    order = reachable(roots)
    position = _positions(order)
    leaving = [*returned, *(new for new in assigned if not computed(new))]
    plan = Plan(order, position=position, last=_last_uses(order, position, leaving))
    kept = {owner(x) for x in returned}
    for vector in order:
        if vector.op == "flat" and computed(vector):
            _place(plan, vector, kept)
    writable = _Writable(plan, assigned, max([position[c] for c in checks], default=-1))
    for value, k in position.items():
        if not computed(value) or value in plan.part:
            continue
        if value in kept or not value.shape or value.op in NEW or _is_index(value):
            plan.fresh.add(value)
        elif not (writable.takes(value, k) or _in_place(plan, value, k, assigned)):
            # what is computed in its place in a vector lives there, before and after the whole
            inside = [x for x in value.operands if plan.part.get(x, (None,))[0] is value]
            first = min([position[x] for x in inside], default=k)
            ends = [len(order) if x in assigned else plan.last[x] for x in (value, *inside)]
            plan.slot[value] = Slot(value.nbytes, first, max(ends))
    _cut(plan, position)
    tiled = [k for k, v in enumerate(order) if any(tiles(v, i) for i in range(len(v.inputs)))]
    if tiled:
        plan.tile = Slot(max(order[k].nbytes for k in tiled), tiled[0], tiled[-1])
    return plan


class _Writable:
    """The memory of Variables that are assigned, as far as lines may write over it."""

    def __init__(self, plan: Plan, assigned: dict[Value, Value], checked: int) -> None:
        self.plan, self.assigned, self.checked = plan, assigned, checked
        self.replaced = set(assigned.values())
        #: old value -> where what its memory holds now is read for the last time
        self.free = {
            old: max(plan.last.get(x, -1) for x in (old, *old.operands)) for old in self.replaced
        }

    def takes(self, value: Value, k: int) -> bool:
        """Write `value`, computed at k, over a Variable: its new value, or a step on the way."""
        if k <= self.checked:
            return False
        old = self.assigned.get(value)
        if old is None and value.op in IN_PLACE:
            inputs = [self.plan.over.get(x, x) for x in value.operands]
            old = next((x for x in inputs if x in self.replaced and _alike(x, value)), None)
        # other operations than these write before they have read
        if old is None or self.free[old] >= k + self._reads_first(value, old):
            return False
        self.plan.over[value] = old
        end = len(self.plan.order) if value in self.assigned else self.plan.last[value]
        self.free[old] = end
        return True

    def _reads_first(self, value: Value, old: Value) -> bool:
        """Whether a value may be written over what it is made from, where it reads this memory."""
        memory = {old, *old.operands}
        places = {x: owner(x) for x in value.operands}
        read = [x for x, y in places.items() if self.plan.over.get(y, y) in memory]
        if value.op == "fused" and any(map(is_view, read)):  # a copy, if the array has gaps
            return False
        return all(overwrites(value, x) for x in read) if read else value.op in IN_PLACE


def _is_index(value: Value) -> bool:
    """Whether NumPy makes a small array of its own that a copy into a buffer would only add to."""
    return value.op == "take" and value.nbytes <= SMALL


def _alike(x: Value, y: Value) -> bool:
    return x.shape == y.shape and x.dtype == y.dtype


def overwrites(value: Value, x: Value) -> bool:
    """Whether a value may be written over an input: elements are read before they are written."""
    if value.op == "fused":
        cluster, k = value.attrs["cluster"], value.attrs["output"]
        pairs = zip(value.inputs, cluster.nest.inputs, strict=True)
        output, memory = cluster.outputs[k], owner(x)
        return laid(x) is memory and all(
            cluster.nest.spares(output, old) if y is x else owner(y) is not memory
            for y, old in pairs
        )
    return value.op in IN_PLACE


def _in_place(plan: Plan, value: Value, k: int, assigned: dict[Value, Value]) -> bool:
    """Write a value over an input that nobody reads after it."""
    for x in value.operands:
        slot = plan.slot.get(laid(x))
        free = slot and slot.end == k and overwrites(value, x)
        if slot and free and _alike(x, value) and laid(x) not in assigned:
            plan.slot[value] = slot
            slot.end = len(plan.order) if value in assigned else plan.last[value]
            return True
    return False


def tiles(value: Value, k: int) -> bool:
    """Whether an operand is a row or a column that is cheaper to repeat before it meets a matrix.

    A ufunc of small arrays of two shapes costs more than one of equal shapes and a copy.
    """
    if value.op not in UFUNCS or len(value.inputs) != 2 or value.size > TILED:
        return False
    x, other = value.inputs[k], value.inputs[1 - k]
    if not (isinstance(x, Value) and isinstance(other, Value)) or not x.ndim:
        return False
    return x.shape != value.shape == other.shape and x.dtype == other.dtype == value.dtype


def _cut(plan: Plan, position: dict[Value, int]) -> None:
    """Find runs of operations on long vectors, which are computed piece by piece."""
    lines = [value for value in plan.order if computed(value) and not plan.laid(value)]
    start = 0
    while start < len(lines):
        stop = start
        while stop < len(lines) and _cuttable(plan, lines[stop], lines[start]):
            stop += 1
        run = lines[start:stop]
        if len(run) > 1:
            plan.pieces[run[0]] = run
            _span(plan, run, position)
            _shorten(plan, run)
        start = max(stop, start + 1)


def _cuttable(plan: Plan, value: Value, first: Value) -> bool:
    """Whether a value is computed element by element on vectors as long as those of the first."""
    if value.section != "update":
        if value.op in ("maximum", "minimum", "where"):
            return False  # the number in one stands as an array there, which has no pieces
        if value.size <= LONG * PIECE:
            return False
    return (
        (value.op in UFUNCS or value.op == "where")
        and value not in plan.fresh
        and value.ndim == 1
        and value.size > 2 * PIECE
        and value.shape == first.shape
        and all(x.shape in ((), value.shape) and not is_view(x) for x in value.operands)
    )


def _span(plan: Plan, run: list[Value], position: dict[Value, int]) -> None:
    """What a run uses it uses until its last piece: none of it may lie where another does."""
    operands = [x for v in run for x in v.operands]
    used = [*run, *(plan.part[x][0] if x in plan.part else x for x in operands)]
    for slot in {plan.slot[x] for x in used if x in plan.slot}:
        slot.start = min(slot.start, position[run[0]])
        slot.end = max(slot.end, position[run[-1]])


def _shorten(plan: Plan, run: list[Value]) -> None:
    """Temporaries of a run hold one piece."""
    inside = set(run)
    outside = {plan.slot.get(owner(x)) for v in plan.order if v not in inside for x in v.operands}
    made = {plan.slot[v] for v in run if v in plan.slot}
    read_first = {plan.slot.get(x) for v in run for x in v.operands if x not in inside}
    for slot in made - outside - read_first:
        if slot.end < len(plan.order):
            slot.nbytes = PIECE * max(v.dtype.itemsize for v in run if plan.slot.get(v) is slot)
            slot.short = True


def _positions(order: list[Value]) -> dict[Value, int]:
    """Where each value is made: the outputs of one kernel together, anything else by itself."""
    position: dict[Value, int] = {}
    cluster, place = None, 0
    for k, value in enumerate(order):
        if value.op != "fused" or value.attrs["cluster"] is not cluster:
            place = k
        cluster = value.attrs["cluster"] if value.op == "fused" else None
        position[value] = place
    return position


def _last_uses(
    order: list[Value], position: dict[Value, int], leaving: list[Value]
) -> dict[Value, int]:
    """Where each value's memory is read for the last time, through views too.

    Values that leave, as results or to another Variable, are read at the end.
    """
    last = dict(position)
    for value in order:
        for x in value.operands:
            last[owner(x)] = max(last[owner(x)], position[value])
    for x in leaving:
        last[owner(x)] = len(order)
    return last


def _place(plan: Plan, vector: Value, kept: set[Value]) -> None:
    """Inputs of a vector that can be computed right where they stand in it."""
    offset = 0
    for x in vector.operands:
        if computed(x) and x.shape and x.op != "flat" and x not in plan.part and x not in kept:
            plan.part[x] = vector, offset
        offset += x.size


def reachable(roots: list[Value]) -> list[Value]:
    """Everything that the roots need, in the order in which it was made."""
    found: set[Value] = set()
    stack = list(roots)
    while stack:
        value = stack.pop()
        if value not in found:
            found.add(value)
            stack.extend(value.operands)
    return sorted(found, key=lambda value: value.number)


def owner(value: Value) -> Value:
    """The value whose memory a view looks at; itself if it has its own."""
    while is_view(value):
        value = value.inputs[0]
    return value


def computed(value: Value) -> bool:
    """Whether a line of the program makes it."""
    if value.op == "draw":
        return True
    if value.op in SOURCES or is_view(value):
        return False
    return not (value.op == "flat" and value.attrs["home"])
