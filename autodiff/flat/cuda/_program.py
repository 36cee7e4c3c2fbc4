"""A program as launches: kernels, products of matrices, calls of the array library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..ir._library import TUPLE
from ..ir._value import Value
from ..lower._lower import Program
from ..plan._buffers import computed, owner
from ._c import known
from ._elements import Elements
from ._gemm import Gemm, gemm_of
from ._indexed import Indexed, may_fail
from ._kernel import Kernel, Scratch, Table
from ._memory import Memory, Place, memory
from ._nest_text import NestText
from ._reduce import Reductions, within


@dataclass(frozen=True)
class Launched:
    """A kernel by name, and the places that it is given."""

    name: str
    kernel: Kernel
    places: tuple[Any, ...]


@dataclass(frozen=True)
class Multiplied:
    """A product of matrices, and where its operands and result begin."""

    gemm: Gemm
    places: tuple[Place | Scratch, Place | Scratch, Place]


@dataclass(frozen=True)
class Called:
    """A value that no kernel computes."""

    value: Value
    place: Place


@dataclass
class DeviceProgram:
    """The steps of a program, the text of their kernels, and where everything lies."""

    program: Program
    memory: Memory
    steps: list[Launched | Multiplied | Called] = field(default_factory=list)
    #: text of a kernel -> its name
    names: dict[str, str] = field(default_factory=dict)
    scratch: list[Scratch] = field(default_factory=list)
    tables: dict[Table, None] = field(default_factory=dict)
    #: what is raised for each code of a failure, from 1 on
    failures: list[Exception] = field(default_factory=list)
    #: names of operations that the array library does
    others: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All kernels in CUDA C."""
        return "\n".join(text.replace("NAME", name, 1) for text, name in self.names.items())

    @property
    def parameters(self) -> dict[str, int]:
        """How many arguments each kernel takes."""
        launched = [s for s in self.steps if isinstance(s, Launched)]
        return {s.name: len(s.places) + 2 * s.kernel.fails for s in launched}


def device_program(program: Program) -> DeviceProgram:
    """The launches that compute a program whose clusters have been found."""
    made = DeviceProgram(program, memory(program, may_fail))
    writer = _Writer(made)
    written: set[Value] = set()
    plan = made.memory.plan
    for value in plan.order:
        if not computed(value) or value in written or value.op == "draw":
            continue
        if value.op == "fused":
            outputs = plan.together(value)
            written.update(outputs)
            writer.cluster(outputs)
        elif value.size or value.dtype == TUPLE:
            writer.single(value)
    for value, place in made.memory.copies:
        if value.size:
            writer.copied(value, place)
    return made


class _Writer:
    def __init__(self, made: DeviceProgram) -> None:
        self.made, self.memory = made, made.memory
        checks = made.program.builder.checks
        self.codes = {c: k for k, (c, _) in enumerate(checks, 1)}
        made.failures += [ValueError(message) for _, message in checks]
        #: whether kernels that write Variables look at whether something was wrong
        self.guards = bool(checks) or any(map(may_fail, made.memory.plan.order))

    def fault(self, message: str) -> int:
        """The code of an index that is out of range."""
        self.made.failures.append(IndexError(message))
        return len(self.made.failures)

    def cluster(self, outputs: list[Value]) -> None:
        """The kernel of a cluster."""
        cluster = outputs[0].attrs["cluster"]
        new = dict(zip(cluster.nest.inputs, outputs[0].inputs, strict=True))
        new |= dict(zip(cluster.outputs, outputs, strict=True))
        checks = {v: self.codes[new[v]] for v in cluster.outputs if new[v] in self.codes}
        over = {}
        for v in cluster.outputs:
            memory = self.memory.over.get(new[v])
            for x in cluster.nest.inputs:
                root = owner(new[x])
                if memory is not None and root in {memory, *memory.operands}:
                    over[v] = x
        guarded = self.guards and any(new[v] in self.memory.over for v in cluster.outputs)
        kernel = NestText(cluster.nest, cluster.outputs, checks, over, guarded).write()
        self.launch(kernel, _stem(outputs[-1]), new)

    def single(self, value: Value) -> None:
        """The step of one operation."""
        guarded = self.guards and value in self.memory.over
        if value.op == "within":
            self.launch(within(value, self.codes[value]), "within")
            return
        if value.op == "flat":
            for x, start in self.memory.plan.moved(value):
                whole = self.memory.place(value)
                self.copied(x, Place(whole.base, whole.offset + start * x.dtype.itemsize))
            return
        if value.op == "matmul" and self.multiply(value):
            return
        kernel = Indexed(value, guarded, self.fault).write() or Reductions(value, guarded).write()
        if kernel is not None:
            self.launch(kernel, _stem(value))
            return
        self.made.others.append(value.op)
        self.made.steps.append(Called(value, self.memory.place(value)))

    def multiply(self, value: Value) -> bool:
        """A product by BLAS; operands that it cannot read are laid in order first."""
        gemm = gemm_of(value)
        if gemm is None or value in self.memory.over:
            return False
        if isinstance(gemm, tuple):
            x, y = value.inputs
            laid = [self.laid(v) if k in gemm else v for k, v in enumerate((x, y))]
            copy = Value(value.builder, "matmul", tuple(laid), {}, value.shape, value.dtype)
            gemm = gemm_of(copy)
            assert isinstance(gemm, Gemm)
        places = tuple(self.place(m.memory) for m in (gemm.x, gemm.y))
        self.made.steps.append(Multiplied(gemm, (*places, self.memory.place(value))))
        return True

    def laid(self, x: Value) -> Value:
        """A copy of a value, in row-major order."""
        copy = Value(x.builder, "laid", (x,), {}, x.shape, x.dtype)
        scratch = Scratch(x.nbytes)
        self.made.scratch.append(scratch)
        self.memory.places[copy] = Place(scratch)
        self.copied(x, Place(scratch))
        return copy

    def copied(self, value: Value, place: Place) -> None:
        """The kernel that copies a value to a place."""
        if not value.size:
            return
        guarded = self.guards and isinstance(place.base, Value)
        if not known(value):
            self.made.others.append(f"copy of {value.dtype}")
            self.made.steps.append(Called(value, place))
            return
        kernel = Elements(value, guarded).copy()
        out = kernel.arguments[-1]
        places = tuple(
            place if x is out and k else self.place(x) for k, x in enumerate(kernel.arguments)
        )
        self.add(kernel, "copy", places)

    def launch(self, kernel: Kernel, stem: str, new: dict[Value, Value] | None = None) -> None:
        """One more kernel; `new` are the values that stand for those of its cluster."""
        places = []
        for x in kernel.arguments:
            places.append(self.place((new or {}).get(x, x) if isinstance(x, Value) else x))
        self.add(kernel, stem, tuple(places))

    def add(self, kernel: Kernel, stem: str, places: tuple[Any, ...]) -> None:
        """One more launch."""
        names = self.made.names
        if kernel.text not in names:
            names[kernel.text] = f"{stem}_{len(names)}"
        self.made.steps.append(Launched(names[kernel.text], kernel, places))

    def place(self, x: Any) -> Any:
        """Where an argument of a kernel begins."""
        if isinstance(x, Scratch):
            self.made.scratch.append(x)
            return Place(x)
        if isinstance(x, Table):
            self.made.tables[x] = None
            return Place(x)
        return self.memory.place(owner(x) if not computed(x) else x)


def _stem(value: Value) -> str:
    """What a kernel is called."""
    if value.section == "update":
        return "update"
    return re.sub(r"\W+", "_", value.gate.op or value.op) + ("_gradient" if value.gate.back else "")
