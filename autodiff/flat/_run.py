"""A compiled program: its text made into a function, and called with Variables' arrays."""

from __future__ import annotations

import linecache
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from .. import _nest
from ..arrays._backend import as_data
from ..engine._calls import constant
from ..engine._graph import UNREAD
from ..engine._variable import writing
from ._cost import Cost, cost_of
from ._steps import costs
from .fuse._clusters import fused
from .fuse._kernels import compiled
from .ir._value import Value
from .lower._group import group_updates
from .lower._lower import Program
from .plan._arena import LINE, arrange
from .plan._buffers import Plan, plan
from .plan._home import Home, own, put_in_order
from .text._readable import Readable
from .text._text import Text, in_place

_numbers = count(1)


class Runner:
    """Calls a program. Each instance of its function has buffers of its own; a call takes one."""

    def __init__(self, program: Program, name: str, fuse: bool = False) -> None:
        program.groups = group_updates(program)
        #: as it was recorded, in NumPy's operations
        self.plain = program
        if fuse:
            program = fused(program)
        self.program = program
        self.plan = planned(program)
        self._bytes = arrange(self.plan)
        self.spelling = text = Text(program, self.plan, name)
        self.text = text.write()
        #: arrays that the text is given, by name
        self.constants, self._kernels = text.constants, text.kernels
        self._name = name
        self.renew()
        self._homes = tuple(Home(group, text.derived[group.old]) for group in program.groups)
        self._read, self._written = text.read, text.written
        self._in_order = tuple(dict.fromkeys({*text.in_order} & {*text.read, *text.written}))
        self._given = tuple(v for v in program.assigned if not in_place(program.assigned[v]))
        #: whether calls assign Variables or draw: then they take turns
        self._changes = bool(self._written or self._homes or self._given or program.builder.draws)
        self._count = len(program.returned())

    def renew(self) -> None:
        """Compile the text."""
        self._code = self._compile()
        #: functions that no call is using now
        self._idle: list[Any] = []

    @property
    def readable(self) -> Readable:
        """The program as one reads it."""
        plan = self.plan if self.plain is self.program else planned(self.plain)
        return Readable(self.plain, plan, self._name)

    @property
    def memory(self) -> int:
        """Bytes of all buffers, which share memory where their lives do not overlap."""
        return self._bytes

    @property
    def cost(self) -> Cost:
        """What a call costs; kernels, where there are any, as what they are."""
        found = cost_of(self.readable, self.memory)
        return replace(found, lines=costs(self.spelling)) if self._kernels else found

    def _compile(self) -> Any:
        file = f"<flat program {next(_numbers)}: {self._name}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(True), file)
        return compile(self.text, file, "exec")

    def _instance(self) -> Any:
        """The function with buffers of its own."""
        kernels = {name: compiled(code) for code, name in self._kernels.items()}
        space = {**self.constants, **kernels, "arena": memory(self._bytes)}
        exec(self._code, space)
        # warnings silenced once for all calls: an errstate at each one would cost a microsecond
        context = copy_context()
        context.run(np.seterr, all="ignore")
        return partial(context.run, space[self._name])

    def __call__(self, arrays: list[Any]) -> Any:
        """Run on raw arrays; the results as Tensors in the function's structure."""
        with writing:  # whoever writes after this sees that the arrays are held
            for v in self._in_order:
                put_in_order(v)
            given = [v._data for v in self._read]
            for v in self._written:
                given.append(own(v))
            for home in self._homes:
                given += home.settle()
            if self._changes:
                out = self._run(arrays, given)
                if self._given:
                    for v, data in zip(self._given, out[self._count :], strict=True):
                        v._data = as_data(data)
                        v._node = UNREAD
        if not self._changes:
            out = self._run(arrays, given)
        result = self.program.result
        if isinstance(result, Value):
            return constant(as_data(out[0]))
        values = iter(out)
        return _nest.replace(
            result, lambda x: constant(as_data(next(values))) if isinstance(x, Value) else x
        )

    def _run(self, arrays: list[Any], given: list[Any]) -> Any:
        """Run in buffers that no other call is using."""
        try:
            run = self._idle.pop()
        except IndexError:
            run = self._instance()
        try:
            return run(*arrays, *given)
        finally:
            self._idle.append(run)


def planned(program: Program) -> Plan:
    """Storage for the values of a program."""
    assigned = {new: program.variables[v] for v, new in program.assigned.items() if new.shape}
    assigned |= {group.new: group.old for group in program.groups}
    checks = [condition for condition, _ in program.builder.checks]
    return plan(program.roots(), program.returned(), assigned, checks)


def memory(n: int) -> Any:
    """n bytes that begin at a cache line."""
    block = np.empty(n + LINE, np.uint8)
    skip = -block.ctypes.data % LINE
    return block[skip : skip + n]
