"""The end of a cluster's kernel: sums of columns and totals, of threads and then of blocks.

Each thread has made sums of its own; a block adds up those of its threads, and the block that comes
last those of all blocks, always in the same order: nothing is added up by atomics, so results are
the same bits at every run.
"""

from __future__ import annotations

from ..fuse._loops import shrinks
from ..ir._value import Value
from . import _c as c
from ._nest_elements import NestElements
from ._schedule import size_of


class NestEnds(NestElements):
    """What is written when all elements have been taken in."""

    def finish(self) -> None:
        """Sums of columns and totals: of threads, of blocks; numbers that are made of them."""
        found: list[str] = []  # what the last block does
        for v in self.columns:
            found += self._column(v)
        for v in self.totals:
            found += self._total(v)
        if found:
            ticket = self.scratch_of("unsigned int", 1, 4, kept=True)
            self.add(f"if (!last_block({ticket}, {self.by.blocks})) return;")
            for line in found:
                self.add(line)
        self.numbers()

    def _column(self, v: Value) -> list[str]:
        """The sums of columns by a block; the lines that add up those of all blocks."""
        by, width = self.by, self.width
        name, kind, op = self.local[v], c.accumulated(v.dtype), c.STEPS[v.op][0]
        written, found = c.store(v.dtype, f"{self.written[v]}[j]", "{}"), []
        if by.along > 1:
            part = self.scratch_of(f"volatile {kind}", by.along * width, size_of(v))
            block = f"blockIdx.x / {by.across}" if by.across > 1 else "blockIdx.x"
            found = [
                f"for ({self.column} j = threadIdx.x; j < {width}; j += {by.threads}) {{",
                f"    {kind} x = {part}[j];",
                f"    for (int k = 1; k < {by.along}; k++) "
                f"x = {op}::of(x, ({kind}){part}[(long long)k * {width} + j]);",
                f"    {written.format('x')}",
                "}",
            ]
            written = f"{part}[(long long)({block}) * {width} + j] = {{}};"
        if by.single:
            self.add(f"{name} = over_groups<{by.lanes}, {by.groups}, {op}>({name});")
            self.add(f"if (group == 0 && within) {written.format(name)}")
            return found
        self.add("__syncthreads();")
        self.add(f"for ({self.column} j = threadIdx.x; j < {width}; j += {by.threads}) {{")
        self.add(f"    {kind} x = {name}_all[j];")
        self.add(
            f"    for (int k = 1; k < {by.groups}; k++) "
            f"x = {op}::of(x, {name}_all[k * {width} + j]);"
        )
        self.add(f"    {written.format('x')}")
        self.add("}")
        return found

    def _total(self, v: Value) -> list[str]:
        """The total of a block; the lines that add up those of all blocks."""
        by = self.by
        name, kind, op = self.local[v], c.accumulated(v.dtype), c.STEPS[v.op][0]
        self.add(f"{name} = over_block<{by.threads}, {op}>({name});")
        if by.blocks == 1:
            return []
        part = self.scratch_of(f"volatile {kind}", by.blocks, size_of(v))
        self.add(f"if (threadIdx.x == 0) {part}[blockIdx.x] = {name};")
        return [
            f"{name} = {c.lowest(v.op, v.dtype)};",
            f"for (int k = threadIdx.x; k < {by.blocks}; k += {by.threads}) "
            f"{name} = {op}::of({name}, ({kind}){part}[k]);",
            f"{name} = over_block<{by.threads}, {op}>({name});",
        ]

    def numbers(self) -> None:
        """What one thread writes: totals and what is made of them."""
        nest = self.nest
        outputs = [v for v in self.outputs if not nest.place[v]]
        if not (outputs or self.late - {*self.checks}):
            return
        # of several blocks without totals each would write the same numbers
        self.add("if (threadIdx.x == 0) {")
        self.indent += 1
        for x in nest.inputs:
            if not nest.place[x] and self._only_late(x):
                self.load(x, "0")
        for v in nest.members:
            if v in self.late and not shrinks(v):
                self.element(v, 0)
            elif v in self.late and v.dtype.char == "e":
                self.add(f"{self.local[v]} = rounded({self.local[v]});")
        for v in outputs:
            self.add(c.store(v.dtype, f"{self.written[v]}[0]", self.local[v]))
        self.indent -= 1
        self.add("}")
