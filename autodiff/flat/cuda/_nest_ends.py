"""The end of a cluster's kernel: sums of columns and totals, of threads and then of blocks.

Each thread has made sums of its own; a block adds up those of its threads, and the block that comes
last those of all blocks, always in the same order: nothing is added up by atomics, so results are
the same bits at every run.
"""

from __future__ import annotations

from .._loops import shrinks
from . import _c as c
from ._nest_elements import NestElements
from ._schedule import size_of


class NestEnds(NestElements):
    """What is written when all elements have been taken in."""

    def finish(self) -> None:
        """Sums of columns and totals: of threads, of blocks; numbers that are made of them."""
        width, shared = self.width, self.by.along > 1
        found: list[str] = []  # what the last block does
        for v in self.columns:
            name, kind, op = self.local[v], c.accumulated(v.dtype), c.STEPS[v.op][0]
            out = self.written[v]
            if shared:
                part = self.scratch_of(f"volatile {kind}", self.by.along * width, size_of(v))
                block = f"blockIdx.x / {self.by.across}" if self.by.across > 1 else "blockIdx.x"
                place, text = f"{part}[(long long)({block}) * {width} + j]", f"{part}"
                keep = f"{place} = {{}};"
                found += [
                    f"for (int j = threadIdx.x; j < {width}; j += {self.by.threads}) {{",
                    f"    {kind} x = {text}[j];",
                    f"    for (int k = 1; k < {self.by.along}; k++) "
                    f"x = {op}::of(x, ({kind}){text}[(long long)k * {width} + j]);",
                    f"    {c.store(v.dtype, f'{out}[j]', 'x')}",
                    "}",
                ]
            else:
                keep = c.store(v.dtype, f"{out}[j]", "{}")
            if self.by.single:
                self.add(f"__shared__ {kind} {name}_all[{self.by.threads}];")
                self.add(f"{name}_all[threadIdx.x] = {name};")
                self.add("__syncthreads();")
                self.add("if (group == 0 && within) {")
                self.add(
                    f"    for (int k = 1; k < {self.by.groups}; k++) "
                    f"{name} = {op}::of({name}, {name}_all[k * {self.by.lanes} + lane]);"
                )
                self.add(f"    {keep.format(name)}")
                self.add("}")
            else:
                self.add("__syncthreads();")
                self.add(f"for (int j = threadIdx.x; j < {width}; j += {self.by.threads}) {{")
                self.add(f"    {kind} x = {name}_all[j];")
                self.add(
                    f"    for (int k = 1; k < {self.by.groups}; k++) "
                    f"x = {op}::of(x, {name}_all[k * {width} + j]);"
                )
                self.add(f"    {keep.format('x')}")
                self.add("}")
        for v in self.totals:
            name, kind, op = self.local[v], c.accumulated(v.dtype), c.STEPS[v.op][0]
            self.add(f"{name} = over_block<{self.by.threads}, {op}>({name});")
            if self.by.blocks > 1:
                part = self.scratch_of(f"volatile {kind}", self.by.blocks, size_of(v))
                self.add(f"if (threadIdx.x == 0) {part}[blockIdx.x] = {name};")
                found += [
                    f"{name} = {c.lowest(v.op, v.dtype)};",
                    f"for (int k = threadIdx.x; k < {self.by.blocks}; k += {self.by.threads}) "
                    f"{name} = {op}::of({name}, ({kind}){part}[k]);",
                    f"{name} = over_block<{self.by.threads}, {op}>({name});",
                ]
        if found:
            ticket = self.scratch_of("unsigned int", 1, 4, kept=True)
            self.add(f"if (!last_block({ticket}, {self.by.blocks})) return;")
            for line in found:
                self.add(line)
        self.numbers()

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
