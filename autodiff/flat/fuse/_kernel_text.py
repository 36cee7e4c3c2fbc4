"""A cluster of values as one Python function: loops over elements, to be compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir._value import Value
from ..text._lines import number
from ._loops import ELEMENTWISE, Nest, base, reads, shrinks

#: how an element is computed from the elements {0}, {1}, … of the inputs
FORMULAS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "absolute": "abs({0})",
    "sqrt": "math.sqrt({0})",
    "exp": "math.exp({0})",
    "expm1": "math.expm1({0})",
    "log": "math.log({0})",
    "log1p": "math.log1p({0})",
    "sin": "math.sin({0})",
    "cos": "math.cos({0})",
    "tanh": "math.tanh({0})",
    "sign": "{T}(1) if {0} > 0 else {T}(-1) if {0} < 0 else {T}(0) if {0} == 0 else {0}",
    # NaN wins, whichever it is
    "maximum": "{0} if ({0} > {1}) | ({0} != {0}) else {1}",
    "minimum": "{0} if ({0} < {1}) | ({0} != {0}) else {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "logical_and": "({0} != 0) & ({1} != 0)",
    "logical_or": "({0} != 0) | ({1} != 0)",
    "logical_not": "{0} == 0",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} != {1}",
    "invert": "not {0}",
    "isfinite": "abs({0}) < np.inf",
    "isnan": "{0} != {0}",
    "where": "{1} if {0} else {2}",
    "cast": "{0}",
    "rows": "{T}({0} == j)",
}
COMPARISONS = frozenset(("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"))
#: how one more element {1} is taken into what was found before, {0}, and what that is at first
STEPS = {
    "sum": ("plus({0}, {1})", "0"),
    "max": ("{1} if ({1} > {0}) | ({1} != {1}) else {0}", "-np.inf"),
    "min": ("{1} if ({1} < {0}) | ({1} != {1}) else {0}", "np.inf"),
    "any": ("{0} | {1}", "False"),
    "all": ("{0} & {1}", "True"),
    "within": ("{0} & ({low} <= {1}) & ({1} < {high})", "True"),
}
#: sums of more float32 than this are made in float64
MANY = 512
#: from so many elements on other threads run meanwhile; letting them costs 0.1 µs
LONG = 16384


@dataclass(frozen=True)
class Code:
    """The text of a function `kernel`, and all else that its machine code depends on."""

    text: str
    #: dtype and axes of each argument
    kinds: tuple[tuple[str, int], ...]
    #: whether it takes so long that other threads are to run meanwhile
    long: bool


@dataclass(frozen=True, eq=False)
class Kernel:
    """A function that computes a cluster, and what it is to be given and gives.

    It is given arrays as vectors (1 axis) or matrices that lie in order in memory, numbers (0), and
    rows of scratch, for which a dtype stands; rows' numbers may lie at any distance (-1). What is
    found of everything is returned as numbers.
    """

    code: Code
    arguments: tuple[Value | np.dtype[Any], ...]
    returned: tuple[Value, ...]
    rows: int
    columns: int


class KernelText:
    """Writes the kernel of a cluster; `over` are outputs that are written over inputs."""

    def __init__(self, nest: Nest, outputs: Sequence[Value], over: dict[Value, Value]) -> None:
        self.nest = nest
        self.outputs = [v for v in outputs if v.shape]
        self.returned = [v for v in outputs if not v.shape]
        arrays = [x for x in nest.inputs if x.shape]
        arrays += [v for v in self.outputs if v not in over]
        self.numbers = [x for x in nest.inputs if not x.shape]
        #: the parameter that a value is read from or written to
        self.array = {v: f"p{k}" for k, v in enumerate(arrays)}
        self.given = (*arrays, *(v.dtype for v in nest.kept), *self.numbers)
        self.array |= {v: self.array[x] for v, x in over.items()}
        self.kept = {v: f"kept{k}" for k, v in enumerate(nest.kept)}
        self.number = {x: f"n{k}" for k, x in enumerate(self.numbers)}
        self.local = {v: f"x{k}" for k, v in enumerate((*nest.inputs, *nest.members))}
        self.lines: list[str] = []
        self.indent = 1

    def write(self) -> Kernel:
        """The whole text."""
        names = [*self.array.values(), *self.kept.values(), *self.number.values()]
        self.lines = [f"def kernel({', '.join(dict.fromkeys(names))}):"]
        nest = self.nest
        for x in nest.inputs:
            if x.shape and not nest.place[x]:
                self.add(f"{self.local[x]} = {self.array[x]}[0]")
        for v in nest.members:
            if not nest.place[v] and not nest.ends(v):
                self.element(v, 0)
        for v in nest.members:
            if nest.ends(v) and not nest.place[v]:
                self.add(f"{self.local[v]} = {self.start(v)}")
        if nest.element == "ij":
            self.outer()
        else:
            self.inner(0)
        if self.returned:
            self.add(f"return {', '.join(self.local[v] for v in self.returned)}")
        text = "\n".join(self.lines) + "\n"
        kinds = tuple(self.kind(x) for x in self.given)
        space = nest.space
        code = Code(text, kinds, space.rows * space.columns >= LONG)
        return Kernel(code, self.given, tuple(self.returned), space.rows, space.columns)

    def kind(self, x: Value | np.dtype[Any]) -> tuple[str, int]:
        """The dtype and the number of axes of an argument."""
        if not isinstance(x, Value):
            return x.name, 1
        if not x.shape:
            return x.dtype.name, 0
        place = self.nest.place[x]
        return x.dtype.name, -1 if place == "i" else max(1, len(place))

    def add(self, line: str) -> None:
        """One more line."""
        self.lines.append("    " * self.indent + line)

    # -- loops -------------------------------------------------------------------------------------

    def outer(self) -> None:
        """The loop over rows, and in it the loops over columns."""
        nest, place = self.nest, self.nest.place
        sums = [v for v in nest.members if nest.ends(v) and place[v] == "j"]
        if sums:
            self.add(f"for j in range({self.length('j')}):")
            for v in sums:
                self.add(f"    {self.array[v]}[j] = {self.start(v)}")
        self.add(f"for i in range({self.length('i')}):")
        self.indent += 1
        for x in nest.inputs:
            if place[x] == "i":
                self.add(f"{self.local[x]} = {self.array[x]}[i]")
        for t in range(max(nest.ready.values()) + 1):
            for v in nest.members:
                if place[v] == "i" and nest.ready[v] == t:
                    self.row(v)
            self.inner(t)
        for v in nest.members:
            if nest.ends(v) and place[base(v.inputs[0])] == "i":
                self.take_in(v, 0)
        for v in self.outputs:
            if place[v] == "i":
                self.add(f"{self.array[v]}[i] = {self.local[v]}")
        self.indent -= 1

    def inner(self, t: int) -> None:
        """The loop over columns that is the t-th of a row."""
        nest, at = self.nest, "[i, j]" if self.nest.element == "ij" else "[j]"
        found = [v for v in nest.members if shrinks(v) and self.taken_in(v) == t]
        for v in found:
            if nest.place[v] == "i":
                self.add(f"{self.local[v]} = {self.start(v)}")
        self.add(f"for j in range({self.length('j')}):")
        self.indent += 1
        for x in nest.inputs:
            if nest.place[x] == nest.element and t in nest.times[x]:
                self.add(f"{self.local[x]} = {self.array[x]}{at}")
        for v in nest.members:
            if t in nest.times[v] and not shrinks(v):
                self.element(v, t)
        for v in found:
            self.take_in(v, t)
        for v in nest.members:
            if nest.times[v][:1] == [t]:
                if v in self.kept:
                    self.add(f"{self.kept[v]}[j] = {self.local[v]}")
                if v in self.array:
                    self.add(f"{self.array[v]}{at} = {self.local[v]}")
        self.indent -= 1
        if self.lines[-1].endswith(":"):  # nothing to do for all elements
            self.lines.pop()

    def taken_in(self, v: Value) -> int | None:
        """The loop over columns that finds a sum, maximum, …; None if it is found of rows."""
        source = base(v.inputs[0])
        if self.nest.place[source] != self.nest.element or v.op == "take":
            return None
        return self.nest.times[source][0] if self.nest.ends(v) else self.nest.ready[v] - 1

    def length(self, place: str) -> str:
        """How often a loop runs: the length of an array."""
        for x, name in self.array.items():
            at = self.nest.place[x]
            if place in at:
                return f"{name}.shape[{at.index(place)}]"
        return str(self.nest.space.rows if place == "i" else self.nest.space.columns)

    # -- what is computed --------------------------------------------------------------------------

    def atom(self, x: Any, t: int, dtype: np.dtype[Any] | None) -> str:
        """An element of an input at time t, in this dtype (None: in its own)."""
        if not isinstance(x, Value):
            return f"{scalar(dtype)}({number(x)})" if dtype is not None else number(x)
        x = base(x)
        text = self.number.get(x) or self.local[x]
        if x in self.kept and self.nest.times[x][0] != t:
            text = f"{self.kept[x]}[j]"
        elif self.nest.place[x] == "j" and self.nest.element == "ij":
            text = f"{self.array[x]}[j]"
        return text if dtype is None or x.dtype == dtype else f"{scalar(dtype)}({text})"

    def element(self, v: Value, t: int) -> None:
        """One element of a value, from the same element of its inputs."""
        dtypes: list[np.dtype[Any] | None] = [v.dtype] * len(v.inputs)
        if v.op in COMPARISONS:
            kinds = [x.dtype if isinstance(x, Value) else x for x in v.inputs]
            dtypes = [np.result_type(*kinds)] * 2
        elif v.op == "where":
            dtypes = [None, v.dtype, v.dtype]
        elif v.op == "rows" or v.dtype.kind == "b":
            dtypes = [None] * len(v.inputs)
        inputs = reads(v) if v.op == "rows" else v.inputs
        atoms = [self.atom(x, t, d) for x, d in zip(inputs, dtypes, strict=False)]
        if v.op == "cast" and v.dtype.kind == "b":
            atoms = [f"{atoms[0]} != 0"]
        text = FORMULAS[v.op].format(*atoms, T=scalar(v.dtype))
        self.add(f"{self.local[v]} = {text}")

    def row(self, v: Value) -> None:
        """A number of a row, once it can be computed."""
        if v.op == "take":
            source, at = base(v.inputs[0]), self.atom(v.inputs[2], 0, None)
            row = f"{self.kept[source]}[" if source in self.kept else f"{self.array[source]}[i, "
            # a check elsewhere has found or will find that it is in
            self.add(f"k = {at} if (0 <= {at}) & ({at} < {self.length('j')}) else 0")
            self.add(f"{self.local[v]} = {row}k]")
        elif v.op in ELEMENTWISE:
            self.element(v, 0)
        elif self.wide(v):
            self.add(f"{self.local[v]} = {scalar(v.dtype)}({self.local[v]})")

    def wide(self, v: Value) -> bool:
        """Whether a sum is made in float64."""
        many = base(v.inputs[0]).size // v.size > MANY
        return v.op == "sum" and many and v.dtype == np.float32 and self.nest.place[v] != "j"

    def start(self, v: Value) -> str:
        """What a sum, maximum, … is before anything is taken in."""
        return f"{'float64' if self.wide(v) else scalar(v.dtype)}({STEPS[v.op][1]})"

    def take_in(self, v: Value, t: int) -> None:
        """Take one more element into a sum, maximum, …"""
        before = f"{self.array[v]}[j]" if self.nest.place[v] == "j" else self.local[v]
        x = self.atom(v.inputs[0], t, np.dtype(np.float64) if self.wide(v) else None)
        self.add(f"{before} = {STEPS[v.op][0].format(before, x, **v.attrs)}")


def scalar(dtype: np.dtype[Any] | None) -> str:
    """The name of a dtype's numbers."""
    name = np.dtype(dtype).name
    return "bool_" if name == "bool" else name
