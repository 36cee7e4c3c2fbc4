"""What kernels of clusters compute: one element, one number of a row, one more taken into a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..fuse._loops import base, reads, shrinks
from ..ir._value import Value
from . import _c as c
from ._clusters import DeviceNest
from ._kernel import Scratch, index_type
from ._schedule import schedule


class NestElements:
    """Names, numbers and lines of a cluster's kernel.

    Args:
        checks: members that say whether something is as it must be, and the code of the failure.
        over: outputs that are written over inputs.
        guarded: whether nothing is to be done after a failure.
    """

    def __init__(
        self,
        nest: DeviceNest,
        outputs: Sequence[Value],
        checks: Mapping[Value, int],
        over: Mapping[Value, Value],
        guarded: bool,
    ) -> None:
        self.nest, self.checks, self.guarded = nest, checks, guarded
        self.outputs = [v for v in outputs if v not in checks]
        self.fails = guarded or bool(checks)
        self.late = nest.late()
        self.local = {v: f"x{k}" for k, v in enumerate((*nest.inputs, *nest.members))}
        self.read = {x: f"a{k}" for k, x in enumerate(nest.inputs)}
        self.written = {v: f"b{k}" for k, v in enumerate(self.outputs)}
        ends = [v for v in nest.members if nest.ends(v) and v not in checks]
        self.columns = [v for v in ends if nest.place[v]]
        self.totals = [v for v in ends if not nest.place[v]]
        self.rows, self.width = nest.space.rows, nest.space.columns
        self.by = schedule(nest, self.columns, self.totals)
        #: the type of the number of a column
        self.column = index_type(self.width, 1024)
        restrict = {x for x in nest.inputs if x not in {*over.values()}}
        self.parameters = [
            f"const {c.stored(x.dtype)}*{' __restrict__' if x in restrict else ''} {name}"
            for x, name in self.read.items()
        ]
        self.parameters += [f"{c.stored(v.dtype)}* {name}" for v, name in self.written.items()]
        #: rows that are kept
        self.kept: dict[Value, str] = {}
        self.scratch: list[Scratch] = []
        self.given: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.indent = 1

    def add(self, line: str) -> None:
        """One more line."""
        self.lines.append("    " * self.indent + line)

    def scratch_of(self, kind: str, n: int, size: int, kept: bool = False) -> str:
        """The name of memory of the kernel's own."""
        self.scratch.append(Scratch(n * size, kept))
        name = f"s{len(self.scratch)}"
        self.given.append((kind, name))
        return name

    def _only_late(self, x: Value) -> bool:
        """Whether a number is needed only at the end."""
        users = [v for v in self.nest.members if any(base(y) is x for y in reads(v))]
        return all(v in self.late and not shrinks(v) for v in users)

    def load(self, x: Value, at: str) -> None:
        """An element of an input, as a number."""
        text = c.load(x.dtype, f"{self.read[x]}[{at}]")
        self.add(f"const {c.computed(x.dtype)} {self.local[x]} = {text};")

    def atom(self, x: Any, t: int, dtype: np.dtype[Any]) -> str:
        """An element of an input at time t, in a dtype."""
        if not isinstance(x, Value):
            return c.literal(x, dtype)
        x = base(x)
        text = self.local[x]
        if not self.by.flat and x in self.kept and self.nest.times[x][0] != t:
            text = f"{self.kept[x]}[j]"
        return c.converted(text, x.dtype, dtype)

    def element(self, v: Value, t: int) -> None:
        """One element of a value, from the same element of its inputs."""
        kind = c.computed(v.dtype)
        if v.op == "rows":
            (labels,) = reads(v)
            text = f"({kind})({self.atom(labels, t, labels.dtype)} == j)"
        else:
            dtypes = c.operand_dtypes(v)
            atoms = [self.atom(x, t, d) for x, d in zip(v.inputs, dtypes, strict=True)]
            text = c.formula(v, atoms)
        self.add(f"const {kind} {self.local[v]} = {text};")

    def row(self, v: Value) -> None:
        """A number of a row, once it can be computed."""
        if v.op == "take":
            source, at = base(v.inputs[0]), self.atom(v.inputs[2], 0, v.inputs[2].dtype)
            k = f"k{self.local[v]}"
            # a check elsewhere has found or will find that it is in
            index = index_type(self.width)
            self.add(f"const {index} {k} = 0 <= {at} && {at} < {self.width} ? ({index}){at} : 0;")
            if source in self.kept:
                text = f"{self.kept[source]}[{k}]"
            else:
                text = c.load(v.dtype, f"{self.read[source]}[i * {self.width} + {k}]")
            self.add(f"const {c.computed(v.dtype)} {self.local[v]} = {text};")
        elif not shrinks(v):
            self.element(v, 0)

    def take_in(self, v: Value, t: int, when: str) -> None:
        """Take one more element into a sum, maximum, …; or look whether it is as it must be."""
        (source,) = reads(v)
        if v in self.checks:
            x = self.atom(source, t, source.dtype)
            low, high = v.attrs["low"], v.attrs["high"]
            test = f"!({low} <= {x} && {x} < {high})"
            both = f"{when} && {test}" if when else test
            self.add(f"if ({both}) fail(seen, told, {self.checks[v]});")
            return
        of = np.dtype(bool) if v.op in ("any", "all") else v.dtype
        x, name = self.atom(source, t, of), self.local[v]
        if self.nest.place[v] == "j" and not self.by.single:
            name = f"{name}[j]"
        kind = c.accumulated(v.dtype)
        text = f"{name} = {c.STEPS[v.op][0]}::of({name}, ({kind}){x});"
        self.add(f"if ({when}) {text}" if when else text)
