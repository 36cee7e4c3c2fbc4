"""A program on a device: bound to addresses, launched, recorded, and then launched at once.

The first call launches its steps one by one. From the second on, they are one graph that is
replayed: a call copies its arguments to where the graph reads them, replays it, and copies the
results to where nobody will write. Nothing waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import _nest
from ...arrays._device import CPU, Device, on
from ...engine._graph import thread
from ...engine._tensor import Tensor
from ...engine._variable import writing
from .._cost import Cost, cost_of
from .._run import planned
from ..fuse._clusters import fused
from ..ir._library import TUPLE
from ..ir._strides import is_view
from ..ir._value import SOURCES, Value
from ..lower._group import group_updates
from ..lower._lower import Program
from ..text._readable import Readable
from ._calls import Held
from ._clusters import DeviceGrowth
from ._homes import Homes
from ._machine import Call, CaptureError, Launch, Machine, Product, Step
from ._memory import ARENA, RESULTS, Place, view_of
from ._program import Called, Launched, device_program
from ._several import Several, fits, given

#: recordings after which a program whose Variables keep moving is recorded no more
MOST = 8
#: bytes of an argument that is not copied if it comes again
LARGE = 1 << 20


class DeviceRunner:
    """Calls a program on a device."""

    def __init__(self, program: Program, name: str, machine: Machine, where: Device = CPU) -> None:
        program.groups = group_updates(program)
        self.plain, self._name, self.machine, self._where = program, name, machine, where
        self.program = fused(program, DeviceGrowth)
        self.device = device_program(self.program)
        builder = self.program.builder
        self._wrong = [m for c, m in builder.checks if c.op == "constant" and not c.data]
        self._draws = builder.draws
        self.homes = Homes(
            machine, self.program.groups, self.program.variables, self.program.assigned
        )
        #: why a call's launches are not recorded; empty where they are
        self.reason = ""
        others = list(dict.fromkeys(self.device.others))
        if others:
            self.reason = f"no kernel computes {', '.join(others)}"
        self._recordings = 0
        self._memory: dict[Any, Any] = {}
        self._steps: list[Step] = []
        self._replay: Callable[[], None] | None = None
        #: number of calls -> as many at once
        self._several: dict[int, Several] = {}
        self._kernels: dict[str, Any] = {}
        self._large = [v for v in self.program.arguments if v.nbytes >= LARGE]
        #: large arguments that are read where they lie, and which arrays came last
        self._lying: dict[Value, Any] = {}
        self._before: dict[Value, int] = {}
        #: call that gives several arrays -> where they are held
        self._held: dict[Value, Held] = {}

    @property
    def readable(self) -> Readable:
        """The program as one reads it."""
        return Readable(self.plain, planned(self.plain), self._name)

    @property
    def cost(self) -> Cost:
        """What a call costs, as if NumPy made it: kernels pass fewer bytes."""
        return cost_of(self.readable, self.memory)

    @property
    def text(self) -> str:
        """The kernels in CUDA C."""
        return self.device.text

    @property
    def memory(self) -> int:
        """Bytes of the arena and the results."""
        return self.device.memory.nbytes + self.device.memory.results

    @property
    def constants(self) -> dict[str, Any]:
        """Arrays that are fixed, by any name."""
        found = [v for v in self.program.builder.values if v.op == "constant"]
        return {f"constant{k}": v.data for k, v in enumerate(found)}

    @property
    def captured(self) -> bool:
        """Whether calls replay a graph."""
        return self._replay is not None

    # -- calls -------------------------------------------------------------------------------------

    def __call__(self, arrays: list[Any]) -> Any:
        """Run on raw arrays of the device, or of the host; the results as Tensors.

        Raises:
            ValueError, IndexError: labels or indices out of range, found in this call or, since
                nobody waits for the device, in one before.
        """
        if thread.device != self._where:
            with on(self._where):
                return self._packed(self._run(arrays))
        return self._packed(self._run(arrays))

    def several(self, arrays: list[Any], count: int) -> list[Any] | None:
        """The results of so many calls, which are one graph; errors as of one call.

        The first axes of the arrays hold the rows of all calls, one after the other. None where
        nothing was done, as calls are no graph, or draw numbers on the host each time.
        """
        if self.reason or self._draws or not fits(self.program.arguments, arrays, count):
            return None
        with on(self._where):
            return [self._packed(out) for out in self._run(arrays, count)]

    def _run(self, arrays: list[Any], count: int | None = None) -> list[Any]:
        with writing:
            if self._wrong:
                raise ValueError(self._wrong[0])
            self.machine.follow()
            self._allocate()
            self._raise()
            moved = self.homes.settle()
            if count is None:
                if self._resident(arrays) or moved or not self._steps:
                    self._bind()
                self._give(arrays)
                self._launch()
                out = self._taken()
            else:
                if moved or not self._steps:
                    self._bind()
                if count not in self._several:
                    self._several[count] = Several(self, count)
                out = self._several[count].run(arrays)
            if self.device.failures:
                self.machine.watch(self._look)
                self._raise()
        return out

    def _look(self) -> None:
        """Raise for what went wrong, once the device has come so far."""
        self.machine.synchronize()
        self._raise()

    def _launch(self) -> None:
        if self._replay is not None:
            self._replay()
            return
        for step in self._steps:
            self.machine.run(step)
        if not self.reason:  # what is loaded when first used is loaded now
            self._replay = self.recorded(self._steps)

    def recorded(self, steps: list[Step]) -> Callable[[], None] | None:
        """What launches steps at once; None where that cannot be, as `reason` says then."""
        if self._recordings == MOST:
            self.reason = "the Variables have new arrays at every call: somebody holds the old ones"
            return None
        self._recordings += 1
        try:
            return self.machine.capture(steps)
        except CaptureError as error:
            self.reason = str(error)
            return None

    def reads(self, argument: Value) -> bool:
        """Whether any step reads an argument."""
        return argument in self._memory

    def _raise(self) -> None:
        code = self._failing.code()
        if code:
            self._failing.clear()
            problem = self.device.failures[code - 1]
            raise type(problem)(*problem.args)

    def _resident(self, arrays: list[Any]) -> bool:
        """Read large arguments that come again where they lie; whether one is new, or went away.

        A data set is not copied at every step.
        """
        moved = False
        for value in self._large:
            data = arrays[value.attrs["place"]]
            if self._lying.get(value) is data:
                continue
            moved |= self._lying.pop(value, None) is not None
            if self._before.get(value) == id(data) and self.machine.in_order(data):
                self._lying[value] = data
                moved = True
            self._before[value] = id(data)
        return moved

    def _give(self, arrays: list[Any]) -> None:
        """Arguments and draws to where the program reads them."""
        machine = self.machine
        for value in self.program.arguments:
            if value in self._memory and value not in self._lying:
                given(machine, self._memory[value], arrays[value.attrs["place"]])
        for value in self._draws:
            attrs = value.attrs
            drawn = attrs["generator"].draw(attrs["method"], attrs["arguments"])
            machine.upload(self._memory[value], np.asarray(drawn))

    def _taken(self) -> list[Any]:
        """The results, in memory that nobody writes to again."""
        machine, memory = self.machine, self.device.memory
        returned = self.program.returned()
        if not returned:
            return []
        block = machine.empty((max(1, memory.results),), "uint8")
        machine.copy(block, self._memory[RESULTS])
        return [machine.part(block, memory.result[x], x.shape, x.dtype) for x in returned]

    def _packed(self, out: list[Any]) -> Any:
        result = self.program.result
        if isinstance(result, Value):
            return _tensor(out[0])
        values = iter(out)
        return _nest.replace(result, lambda x: _tensor(next(values)) if isinstance(x, Value) else x)

    # -- memory ------------------------------------------------------------------------------------

    def _allocate(self) -> None:
        """All that stays, at the first call."""
        if self._memory:
            return
        machine, device = self.machine, self.device
        self._failing = machine.failing()
        memory = device.memory
        held = self._memory
        held[ARENA] = machine.empty((max(1, memory.nbytes),), "uint8")
        held[RESULTS] = machine.empty((max(1, memory.results),), "uint8")
        needed = {p.base for s in device.steps for p in self._places(s)}
        for value in memory.plan.order:
            if value.op == "argument" and value in needed:
                held[value] = machine.empty(value.shape, value.dtype)
            elif value.op == "constant" and value in needed:
                held[value] = machine.empty(value.shape, value.dtype)
                machine.upload(held[value], np.ascontiguousarray(value.data).reshape(value.shape))
            elif value.op == "draw":
                place = memory.place(value)
                held[value] = machine.part(held[ARENA], place.offset, value.shape, value.dtype)
        for table in device.tables:
            held[table] = machine.empty(table.data.shape, table.data.dtype)
            machine.upload(held[table], table.data)
        for scratch in device.scratch:
            held[scratch] = machine.empty((scratch.nbytes,), "uint8")
            if scratch.kept:
                machine.upload(held[scratch], np.zeros(scratch.nbytes, np.uint8))
        if device.names:
            self._kernels = machine.compiled(device.text, device.parameters)

    def _places(self, step: Any) -> list[Place]:
        if isinstance(step, Called):
            arrays = [x for x in (*step.value.operands, step.value) if x.dtype != TUPLE]
            views = map(view_of, arrays)
            return [step.place, *(self.device.memory.place(v.root) for v in views)]
        return list(step.places)

    def _bind(self) -> None:
        """The steps, with addresses in place of values."""
        self._replay, self._several = None, {}
        self._steps = [self.bound(step, self.address) for step in self.device.steps]

    def address(self, place: Place) -> int:
        """Where something lies for a single call."""
        if place.base in self._lying:
            return self.machine.address(self._lying[place.base]) + place.offset
        held = self._memory.get(place.base)
        if held is not None:
            return self.machine.address(held) + place.offset
        return self.homes.addresses[place.base] + place.offset

    def bound(self, step: Any, address: Callable[[Place], int]) -> Step:
        """A step with the addresses of its places."""
        if isinstance(step, Launched):
            addresses = [address(p) for p in step.places]
            if step.kernel.fails:
                addresses += [self._failing.seen, self._failing.told]
            kernel = self._kernels[step.name]
            return Launch(kernel, step.kernel.blocks, step.kernel.threads, tuple(addresses))
        if isinstance(step, Called):
            return self._called(step)
        gemm = step.gemm
        x, y, out = map(address, step.places)
        size = gemm.dtype.itemsize
        return Product(gemm, x + gemm.x.offset * size, y + gemm.y.offset * size, out)

    def _called(self, step: Called) -> Call:
        """A call of the array library, on views of the same memory."""
        value, memory = step.value, self.device.memory
        if value.dtype == TUPLE:
            out: Any = self._held.setdefault(value, Held())
        else:
            out = self._at(step.place, value)
        if value.op in SOURCES or is_view(value) or step.place != memory.place(value):
            return Call("copy", (self._array(value),), {}, out)
        inputs = tuple(self._array(x) if isinstance(x, Value) else x for x in value.inputs)
        return Call(value.op, inputs, value.attrs, out)

    def _array(self, x: Value) -> Any:
        if x in self._held:
            return self._held[x]
        view = view_of(x)
        start = self.address(self.device.memory.place(view.root))
        size = x.dtype.itemsize
        steps = tuple(step * size for step in view.strides)
        return self.machine.at(start + view.offset * size, x.shape, x.dtype, steps)

    def _at(self, place: Place, x: Value) -> Any:
        return self.machine.at(self.address(place), x.shape, x.dtype, None)


def _tensor(data: Any) -> Tensor:
    """A Tensor around an array of the device; also without axes it is one."""
    result = Tensor.__new__(Tensor)
    result._data, result._token = data, None
    return result
