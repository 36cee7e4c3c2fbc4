"""A cluster of values as one kernel in CUDA C.

Without sums of rows or columns every thread goes through elements, one grid after the other. Else
threads stand in groups: the lanes of a group share a row and go through its columns, the groups of
all blocks share the rows. What is found of a row is known to all its lanes.
"""

from __future__ import annotations

from ..fuse._loops import base, reads, shrinks
from ..ir._value import Value
from . import _c as c
from ._kernel import Kernel, Scratch, head, index_type
from ._nest_ends import NestEnds
from ._schedule import size_of

#: bytes of shared memory that a block of any device may have without being asked for
SHARED = 48 << 10
#: warps of a block
WARPS = 32


class NestText(NestEnds):
    """Writes the kernel of a cluster."""

    def write(self) -> Kernel:
        """The kernel."""
        nest = self.nest
        if self.guarded:
            self.add("if (*seen) return;")
        for x in nest.inputs:
            if not nest.place[x] and not self._only_late(x):
                self.load(x, "0")
        for v in nest.members:
            if not nest.place[v] and v not in self.late and v not in self.checks:
                self.element(v, 0)
        for v in self.totals:
            self.add(f"{c.accumulated(v.dtype)} {self.local[v]} = {c.lowest(v.op, v.dtype)};")
        if self.by.flat:
            self.elements()
        else:
            self.groups_of_rows()
        self.finish()
        tail = [f"{kind}* {name}" for kind, name in self.given]
        text = "\n".join(
            [head(self.parameters + tail, self.by.threads, self.fails), *self.lines, "}"]
        )
        arguments: tuple[Value | Scratch, ...] = (*nest.inputs, *self.outputs, *self.scratch)
        return Kernel(text + "\n", self.by.blocks, self.by.threads, arguments, self.fails)

    # -- loops -------------------------------------------------------------------------------------

    def elements(self) -> None:
        """One loop over all elements."""
        nest, n = self.nest, self.rows * self.width
        index = index_type(n, self.by.blocks * self.by.threads)
        self.add(
            f"for ({index} e = ({index})blockIdx.x * {self.by.threads} + threadIdx.x; e < {n}; "
            f"e += {self.by.blocks * self.by.threads}) {{"
        )
        self.indent += 1
        places = {*nest.place.values()}
        if nest.element == "ij" and {"i", "j"} & places:
            self.add(f"const {index} i = e / {self.width}, j = e % {self.width};")
        self.at = {nest.element: "e", "i": "i"}
        if nest.element == "ij":
            self.at["j"] = "j"
        for x in nest.inputs:
            if nest.place[x]:
                self.load(x, self.at[nest.place[x]])
        for v in nest.members:
            if nest.place[v] and not shrinks(v):
                self.element(v, 0)
        for v in nest.members:
            if shrinks(v):
                once = nest.place[base(v.inputs[0])] == "i"
                self.take_in(v, 0, "j == 0" if once else "")
        for v in self.outputs:
            if nest.place[v] == nest.element:
                self.add(c.store(v.dtype, f"{self.written[v]}[e]", self.local[v]))
            elif nest.place[v]:
                text = c.store(v.dtype, f"{self.written[v]}[i]", self.local[v])
                self.add(f"if (j == 0) {text}")
        self.indent -= 1
        self.add("}")

    def groups_of_rows(self) -> None:
        """The loop over rows, and in it those over columns."""
        nest, place, rows = self.nest, self.nest.place, self.rows
        lanes = self.by.lanes
        self.add(f"const int lane = threadIdx.x % {lanes}, group = threadIdx.x / {lanes};")
        if self.by.single:
            tile = (
                f"blockIdx.x % {self.by.across} * {self.by.lanes} + " if self.by.across > 1 else ""
            )
            self.add(f"const {self.column} j = {tile}lane;")
            self.add(f"const bool within = j < {self.width};")
        self._memory_of_rows()
        first = f"blockIdx.x / {self.by.across}" if self.by.across > 1 else "blockIdx.x"
        step = self.by.along * self.by.groups
        start = f"{first} * {self.by.groups}" if self.by.along > 1 else "0"
        index = index_type(rows, step)
        self.add(f"for ({index} first = {start}; first < {rows}; first += {step}) {{")
        self.indent += 1
        self.add(f"const bool live = first + group < {rows};")
        self.add(f"const long long i = live ? first + group : {rows - 1};")
        for x in nest.inputs:
            if place[x] == "i":
                self.load(x, "i")
        picked = {base(v.inputs[0]) for v in nest.members if v.op == "take"} & nest.inside
        for t in range(max(nest.ready.values()) + 1):
            for v in nest.members:
                if place[v] == "i" and nest.ready[v] == t:
                    self.row(v)
            self.inner(t)
            if any(nest.times[v][:1] == [t] for v in picked):
                self.sync()
        for v in nest.members:
            if nest.ends(v) and place[base(v.inputs[0])] == "i":
                once = "live && lane == 0" + (
                    f" && blockIdx.x % {self.by.across} == 0" if self.by.across > 1 else ""
                )
                self.take_in(v, 0, once)
        if picked or any(place[v] == "i" for v in self.outputs):
            self.sync()
        for v in self.outputs:
            if place[v] == "i":
                once = "live && lane == 0" + (
                    f" && blockIdx.x % {self.by.across} == 0" if self.by.across > 1 else ""
                )
                text = c.store(v.dtype, f"{self.written[v]}[i]", self.local[v])
                self.add(f"if ({once}) {text}")
        self.indent -= 1
        self.add("}")

    def _memory_of_rows(self) -> None:
        """Rows that are kept, and sums of columns."""
        nest, width = self.nest, self.width
        room = SHARED - self._shared_by_reductions()
        n = self.by.groups * width
        own = f"group * {width}"
        for v in self.columns:
            kind, start, name = c.accumulated(v.dtype), c.lowest(v.op, v.dtype), self.local[v]
            if self.by.single:
                self.add(f"{kind} {name} = {start};")
                continue
            room -= self._memory_of_block(f"{name}_all", kind, n, size_of(v), room)
            self.add(f"{kind}* const {name} = {name}_all + {own};")
            self.add(
                f"for ({self.column} j = lane; j < {width}; j += {self.by.lanes}) "
                f"{name}[j] = {start};"
            )
        for k, v in enumerate(nest.kept):
            name, kind = f"kept{k}", c.computed(v.dtype)
            room -= self._memory_of_block(f"{name}_all", kind, n, size_of(v), room)
            self.add(f"{kind}* const {name} = {name}_all + {own};")
            self.kept[v] = name

    def _memory_of_block(self, name: str, kind: str, n: int, size: int, room: int) -> int:
        """n numbers for a block; how much of its shared memory they take."""
        if n * size <= room:
            self.add(f"__shared__ {kind} {name}[{n}];")
            return n * size
        memory = self.scratch_of(kind, n * self.by.blocks, size)
        self.add(f"{kind}* const {name} = {memory} + (long long)blockIdx.x * {n};")
        return 0

    def _shared_by_reductions(self) -> int:
        """Bytes of shared memory that reductions of a block have, one place for each kind."""
        found = {(v.op, c.accumulated(v.dtype)): size_of(v) for v in self.columns}
        groups = self.by.threads * sum(found.values()) if self.by.single else 0
        whole = {(v.op, c.accumulated(v.dtype)) for v in self.nest.members if shrinks(v)}
        return groups + WARPS * 8 * len(whole) + 16

    def sync(self) -> None:
        """What the lanes of a group have written, all of them can read."""
        self.add("__syncwarp();" if self.by.lanes <= 32 else "__syncthreads();")

    def inner(self, t: int) -> None:
        """The loop over columns that is the t-th of a row."""
        nest = self.nest
        found = [v for v in nest.members if shrinks(v) and self.taken_in(v) == t]
        rows = [v for v in found if nest.place[v] == "i"]
        for v in rows:
            self.add(f"{c.accumulated(v.dtype)} {self.local[v]} = {c.lowest(v.op, v.dtype)};")
        if self.by.single:
            self.add("if (within) {")
        else:
            self.add(f"for ({self.column} j = lane; j < {self.width}; j += {self.by.lanes}) {{")
        before = len(self.lines)
        self.indent += 1
        element = nest.element
        for x in nest.inputs:
            if nest.place[x] == element and t in nest.times[x]:
                self.load(x, f"i * {self.width} + j")
            elif nest.place[x] == "j" and self._used(x, t):
                self.load(x, "j")
        for v in nest.members:
            if t in nest.times[v] and not shrinks(v):
                self.element(v, t)
        for v in found:
            self.take_in(v, t, "" if nest.place[v] == "i" else "live")
        for v in nest.members:
            if nest.times[v][:1] == [t]:
                if v in self.kept:
                    self.add(f"{self.kept[v]}[j] = {self.local[v]};")
                if v in self.written and nest.place[v] == element:
                    place = f"{self.written[v]}[i * {self.width} + j]"
                    self.add(f"if (live) {c.store(v.dtype, place, self.local[v])}")
        self.indent -= 1
        if len(self.lines) == before:
            self.lines.pop()
        else:
            self.add("}")
        for v in rows:
            over = (
                f"over_lanes<{self.by.lanes}"
                if self.by.lanes <= 32
                else f"over_block<{self.by.threads}"
            )
            name = self.local[v]
            self.add(f"{name} = {over}, {c.STEPS[v.op][0]}>({name});")
            if v.dtype.char == "e":
                self.add(f"{name} = rounded({name});")

    def _used(self, x: Value, t: int) -> bool:
        """Whether a row that is the same for all is read in the t-th loop over columns."""
        for v in self.nest.members:
            if any(base(y) is x for y in reads(v)):
                when = [self.taken_in(v)] if shrinks(v) else self.nest.times[v]
                if t in when:
                    return True
        return False

    def taken_in(self, v: Value) -> int | None:
        """The loop over columns that finds a sum, maximum, …; None if it is found of rows."""
        source = base(v.inputs[0])
        if self.nest.place[source] != self.nest.element or v.op == "take":
            return None
        return self.nest.times[source][0] if self.nest.ends(v) else self.nest.ready[v] - 1
