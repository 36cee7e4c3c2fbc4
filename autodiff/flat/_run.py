"""A compiled program: its text made into a function, and called with Variables' arrays."""

from __future__ import annotations

import linecache
from sys import getrefcount
from typing import Any

import numpy as np

from .. import _nest
from .._backend import as_data
from .._calls import constant
from .._graph import UNREAD
from ._buffers import plan
from ._ir import Value
from ._lower import Program
from ._text import Text

#: references to a Variable's array while `Runner` looks at it: Variable, local, argument
ALONE = 3
_number = 0


class Runner:
    """Calls a program. Each instance of its function has buffers of its own; a call takes one."""

    def __init__(self, program: Program, name: str) -> None:
        self.program = program
        assigned = {
            new: program.variables[v]
            for v, new in program.assigned.items()
            if v in program.variables
        }
        self.plan = plan(program.roots(), program.returned(), assigned)
        text = Text(program, self.plan, name)
        self.source = text.write()
        self.constants = text.constants
        self._name = name
        self._code = self._compile()
        #: functions that no call is using now
        self._idle: list[Any] = []
        self._variables = tuple(program.variables)
        over = set(self.plan.over)
        self._written = tuple(
            k for k, v in enumerate(self._variables) if program.assigned.get(v) in over
        )
        self._in_place = tuple(v for v, new in program.assigned.items() if new in over)
        self._returned = len(program.returned())
        self._set_after = tuple(v for v, new in program.assigned.items() if new not in over)

    def _compile(self) -> Any:
        global _number
        _number += 1
        file = f"<flat program {_number}: {self._name}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        return compile(self.source, file, "exec")

    def _instance(self) -> Any:
        """The function with buffers of its own."""
        space = dict(self.constants)
        exec(self._code, space)
        return space[self._name]

    def __call__(self, arrays: list[Any]) -> Any:
        """Run on raw arrays; the results as Tensors in the function's structure."""
        variables = self._variables
        values = [v._data for v in variables]
        for k in self._written:
            data = values[k]
            # in place only where nobody else holds the array: Tensors are values
            if getrefcount(data) > ALONE or data.base is not None:
                values[k] = variables[k]._data = data.copy()
        del k, data
        try:
            run = self._idle.pop()
        except IndexError:
            run = self._instance()
        try:
            with np.errstate(all="ignore"):
                out = run(*arrays, *values)
        finally:
            self._idle.append(run)
        for v in self._in_place:
            v.version += 1
            v._node = UNREAD
        for v, data in zip(self._set_after, out[self._returned :], strict=True):
            v._data = as_data(data)
            v.version += 1
            v._node = UNREAD
        results = iter(out)
        return _nest.replace(
            self.program.result,
            lambda x: constant(next(results)) if isinstance(x, Value) else x,
        )
