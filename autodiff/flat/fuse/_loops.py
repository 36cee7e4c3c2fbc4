"""The loops of a kernel: which axes values share, and which loop makes each of a cluster's values.

A cluster is computed by one loop over all elements, or by a loop over rows around loops over
columns, one after the other: a row's elements may need what a loop before has found of the row,
its maximum or sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from ..ir._builder import INDEX
from ..ir._strides import is_view
from ..ir._value import COMPILED, REDUCTIONS, Value

ELEMENTWISE = COMPILED | {"where", "cast"}
#: operations that make one number of each row, or of everything, beside the reductions
OF_ROWS = frozenset(("take", "within"))


def light(value: Value) -> bool:
    """Whether a value is another one with axes of length 1 put in, left out or repeated."""
    if not is_view(value):
        return False
    if value.op == "slice":
        return all(e is None or e is Ellipsis or e == slice(None) for e in value.attrs["index"])
    (x,) = value.inputs
    return value.op == "broadcast" or (value.op == "reshape" and _long(value) == _long(x))


def shrinks(value: Value) -> bool:
    """Whether one element is made of many."""
    return value.op in REDUCTIONS or value.op in OF_ROWS


def base(x: Value) -> Value:
    """The value whose elements these are."""
    while light(x):
        x = x.inputs[0]
    return x


def _long(x: Value) -> list[int]:
    return [n for n in x.shape if n > 1]


class Axes:
    """Numbers for the axes of values: elements are paired along axes of one number."""

    def __init__(self, order: Iterable[Value]) -> None:
        self._numbers: dict[tuple[Value, int], int] = {}
        self._same: list[int] = []
        self._lengths: list[int] = []
        for value in order:
            for axis, x, other in _paired(value):
                self._same[self._find(value, axis)] = self._find(x, other)

    def _find(self, value: Value, axis: int) -> int:
        k = self._numbers.setdefault((value, axis), len(self._same))
        if k == len(self._same):
            self._same.append(k)
            self._lengths.append(value.shape[axis])
        while self._same[k] != k:
            self._same[k] = k = self._same[self._same[k]]
        return k

    def of(self, value: Value) -> tuple[int, ...]:
        """Numbers of the axes longer than 1."""
        return tuple(self._find(value, k) for k, n in enumerate(value.shape) if n > 1)

    def size(self, axes: Iterable[int]) -> int:
        """How many elements there are along these axes."""
        return prod(self._lengths[k] for k in axes)


def _paired(value: Value) -> Iterator[tuple[int, Value, int]]:
    """Axes of a value along which its elements come from those of an input, and which of it."""
    op = value.op
    if op in ELEMENTWISE or op == "broadcast":
        for x in value.operands:
            for k in range(1, x.ndim + 1):
                if x.shape[-k] == value.shape[-k]:
                    yield value.ndim - k, x, x.ndim - k
    elif op in REDUCTIONS:
        (x,) = value.inputs
        kept = [k for k in range(x.ndim) if k - x.ndim not in value.attrs["axis"]]
        yield from ((k, x, other) for k, other in enumerate(kept))
    elif op == "transpose":
        yield from ((k, value.inputs[0], other) for k, other in enumerate(value.attrs["axes"]))
    elif op == "rows":
        yield from ((k, value.inputs[1], k) for k in range(value.ndim - 1))
    elif op == "take" and value.attrs["index"] == (INDEX, INDEX) and value.ndim == 1:
        yield 0, value.inputs[0], 0
        yield 0, value.inputs[2], 0
    elif light(value):
        (x,) = value.inputs
        longs = ([k for k, n in enumerate(v.shape) if n > 1] for v in (value, x))
        yield from ((k, x, other) for k, other in zip(*longs, strict=True))


@dataclass(frozen=True)
class Space:
    """Axes of the outer loop, over rows, and of the inner loops, over columns."""

    outer: tuple[int, ...]
    inner: tuple[int, ...]
    rows: int
    columns: int

    def place(self, axes: tuple[int, ...]) -> str:
        """The loops that visit the elements of a value: over rows "i", over columns "j"."""
        if not axes or axes == self.inner:
            return "j" if axes else ""
        return "i" if axes == self.outer else "ij"


def space_of(values: Iterable[Value], axes: Axes) -> Space | None:
    """The loops in which all these values can be computed or read, if there are such."""
    names = {axes.of(value) for value in values}
    full = max(names, key=len, default=())
    if len(set(full)) < len(full):
        return None
    cuts = set()
    for name in names - {(), full}:
        if name == full[: len(name)]:
            cuts.add(len(name))
        elif name == full[-len(name) :]:
            cuts.add(len(full) - len(name))
        else:
            return None
    if len(cuts) > 1:
        return None
    cut = cuts.pop() if cuts else 0
    outer, inner = full[:cut], full[cut:]
    return Space(outer, inner, axes.size(outer), axes.size(inner))


class Nest:
    """What the loops of a cluster compute, and when.

    A row is gone through once or several times; `ready` is the first time at which an element of a
    value can be computed, or the number of times after which a row's value is known. An element
    that is needed again later is computed again, where that is cheap, or kept in a row of scratch.
    """

    #: operations that cost no more than reading what was kept
    CHEAP = frozenset(
        (
            *("add", "subtract", "multiply", "negative", "absolute", "where", "cast"),
            *("maximum", "minimum", "equal", "not_equal", "less", "less_equal", "greater", "rows"),
            *("greater_equal", "logical_and", "logical_or", "logical_not", "isfinite", "isnan"),
        )
    )

    def __init__(self, members: Sequence[Value], space: Space, axes: Axes) -> None:
        self.members = tuple(members)
        self.space = space
        self.inside = set(members)
        inputs = (base(x) for v in members for x in reads(v))
        #: what is read, in order
        self.inputs = tuple(dict.fromkeys(x for x in inputs if x not in self.inside))
        self.place = {v: space.place(axes.of(v)) for v in (*members, *self.inputs)}
        #: where elements are visited: in both loops, or in the only one
        self.element = "ij" if space.outer else "j"
        self.ready = self._ready()
        #: what is kept of a row for a later time
        self.kept: list[Value] = []
        #: value -> the times at which its elements are computed, or read
        self.times = self._times()

    def ends(self, value: Value) -> bool:
        """Whether a value is known only after the loops."""
        return value in self.inside and shrinks(value) and self.place[value] != "i"

    def _ready(self) -> dict[Value, int]:
        ready = dict.fromkeys(self.inputs, 0)
        for value in self.members:
            latest = max((ready[base(x)] for x in reads(value)), default=0)
            ready[value] = latest + (shrinks(value) and self.place[value] == "i")
        return ready

    def _times(self) -> dict[Value, list[int]]:
        needed: dict[Value, set[int]] = {v: set() for v in (*self.members, *self.inputs)}
        picked = set()
        for value in reversed(self.members):
            if self.place[value] == self.element and not shrinks(value):
                times = sorted(needed[value]) or [self.ready[value]]
                if value in picked or (len(times) > 1 and not self._again(value)):
                    self.kept.append(value)
                    times = times[:1]
                needed[value] = set(times)
            elif shrinks(value):
                source = base(value.inputs[0])
                if value.op == "take":
                    picked.add(source)
                # what is added up over rows may be added at any time
                times = [self.ready[value] - 1] if not self.ends(value) else []
            else:
                times = []
            for x in map(base, reads(value)):
                # single elements are read where they lie
                if self.place[x] == self.element and (value.op != "take" or x in self.inside):
                    needed[x].update(times)
        for value in self.members:  # where nobody else has asked for them
            if self.ends(value):
                source = base(value.inputs[0])
                if source not in self.inside and self.place[source] == self.element:
                    needed[source].add(min(needed[source], default=0))
        return {v: sorted(times) for v, times in needed.items()}

    def _again(self, value: Value) -> bool:
        """Whether an element is computed again rather than kept."""
        parts = (base(x) for x in reads(value))
        return value.op in self.CHEAP and not any(
            x in self.inside and self.place[x] == self.element for x in parts
        )

    def spares(self, output: Value, x: Value) -> bool:
        """Whether `output` may be written over the input x: every element is read before."""
        if x not in self.place or self.place[x] != self.place[output]:
            return False
        if self.place[output] != self.element:
            return self.place[output] == "i"  # of a row's numbers all are read first
        if any(v.op == "take" and base(v.inputs[0]) is x for v in self.members):
            return False
        return max(self.times[x], default=0) <= self.times[output][0]


def reads(value: Value) -> list[Value]:
    """The inputs whose elements a kernel reads to compute a value."""
    if value.op == "take":  # rows are taken in order
        return [value.inputs[0], value.inputs[2]]
    if value.op == "rows":  # of the unit matrix: a comparison
        return [value.inputs[1]]
    return value.operands


__all__ = ["ELEMENTWISE", "Axes", "Nest", "Space", "base", "light", "reads", "shrinks", "space_of"]
