"""A compiled program: its text made into a function, and called with Variables' arrays."""

from __future__ import annotations

import linecache
from contextvars import copy_context
from functools import partial
from itertools import count
from sys import getrefcount
from typing import Any

import numpy as np

from .. import _nest
from .._backend import as_data
from .._calls import constant
from .._graph import UNREAD
from .._variable import Variable
from ._arena import LINE, arrange
from ._buffers import plan
from ._group import Group, group_updates
from ._lower import Program
from ._text import Text
from ._value import Value

_numbers = count(1)


class _Holder:
    """Holds one array, as a Variable does."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._node = UNREAD


def references(v: Any) -> int:
    """How many references to a holder's array there are, seen from here."""
    data = v._data
    return getrefcount(data)


def references_in(views: list[Any], k: int) -> int:
    """How many references to an array in a list there are, seen from here."""
    view = views[k]
    return getrefcount(view)


# What the two see of an array that nobody else holds: interpreters count differently.
ALONE = references(_Holder(np.zeros(1)))
ALONE_IN_LIST = references_in([np.zeros(1)], 0)


class Home:
    """The vector that the arrays of a group of Variables are views of."""

    def __init__(self, group: Group) -> None:
        self.variables = group.variables
        self._held = _Holder(np.empty(0))
        self.views: list[Any] = []

    def gather(self) -> Any:
        """The vector, with the Variables' values in it and nobody else looking at it."""
        views, variables = self.views, self.variables
        for k in range(len(views)):
            # the Variable holds it too
            if variables[k]._data is not views[k] or references_in(views, k) > ALONE_IN_LIST + 1:
                break
        else:  # each view holds the vector too
            if views and references(self._held) <= ALONE + len(views):
                return self._held._data
        vector = np.concatenate([v._data.reshape(-1) for v in self.variables])
        self._held._data = vector
        self.views, start = [], 0
        for v in self.variables:
            view = vector[start : start + v.size].reshape(v.shape)
            start += v.size
            self.views.append(view)
            v._data = view
            v._node = UNREAD
        return vector


class Runner:
    """Calls a program. Each instance of its function has buffers of its own; a call takes one."""

    def __init__(self, program: Program, name: str) -> None:
        program.groups = group_updates(program)
        self.program = program
        arrays = {v: new for v, new in program.assigned.items() if new.shape}
        assigned = {new: program.variables[v] for v, new in arrays.items()}
        assigned |= {group.new: group.old for group in program.groups}
        checks = [condition for condition, _ in program.builder.checks]
        self.plan = plan(program.roots(), program.returned(), assigned, checks)
        self._bytes = arrange(self.plan)
        text = Text(program, self.plan, name, readable=False)
        self.text = text.write()
        self._constants = text.constants
        self._name = name
        self._code = self._compile()
        #: functions that no call is using now
        self._idle: list[Any] = []
        self._variables = tuple(program.variables)
        self._written = tuple(arrays)
        self._homes = tuple(Home(group) for group in program.groups)
        self._changed = (*self._written, *(v for home in self._homes for v in home.variables))
        written = set(self._written)
        self._given = tuple(v for v in program.assigned if v not in written)
        self._count = len(program.returned())

    @property
    def source(self) -> str:
        """The program as one reads it."""
        return Text(self.program, self.plan, self._name).write()

    def _compile(self) -> Any:
        file = f"<flat program {next(_numbers)}: {self._name}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(True), file)
        return compile(self.text, file, "exec")

    def _instance(self) -> Any:
        """The function with buffers of its own."""
        space = {**self._constants, "arena": memory(self._bytes)}
        exec(self._code, space)
        # warnings silenced once for all calls: an errstate at each one would cost a microsecond
        context = copy_context()
        context.run(np.seterr, all="ignore")
        return partial(context.run, space[self._name])

    def __call__(self, arrays: list[Any]) -> Any:
        """Run on raw arrays; the results as Tensors in the function's structure."""
        vectors = [home.gather() for home in self._homes]
        for v in self._written:
            own(v)
        try:
            run = self._idle.pop()
        except IndexError:
            run = self._instance()
        try:
            out = run(*arrays, *[v._data for v in self._variables], *vectors)
        finally:
            self._idle.append(run)
        for v in self._changed:
            v.version += 1
        if self._given:
            for v, data in zip(self._given, out[self._count :], strict=True):
                v._data = as_data(data)
                v.version += 1
                v._node = UNREAD
        result = self.program.result
        if isinstance(result, Value):
            return constant(as_data(out[0]))
        values = iter(out)
        return _nest.replace(
            result, lambda x: constant(as_data(next(values))) if isinstance(x, Value) else x
        )


def memory(n: int) -> Any:
    """n bytes that begin at a cache line."""
    block = np.empty(n + LINE, np.uint8)
    skip = -block.ctypes.data % LINE
    return block[skip : skip + n]


def own(v: Variable) -> None:
    """Give a Variable an array of its own if somebody else holds its array: Tensors are values."""
    if references(v) > ALONE or v._data.base is not None:
        v._data = v._data.copy()
        v._node = UNREAD
