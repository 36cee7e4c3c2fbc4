"""Machines that run programs before they are text: on values alone, and in planned memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.arrays._backend import as_data
from autodiff.flat.ir._evaluate import apply
from autodiff.flat.ir._strides import is_view
from autodiff.flat.ir._value import Value
from autodiff.flat.lower._lower import Program
from autodiff.flat.plan._buffers import Plan, computed, owner, tiles

Arrays = Sequence[Any]


def given(value: Value, arrays: Arrays) -> Any:
    """What is not computed: an argument, a Variable's array, a constant."""
    if value.op == "argument":
        return np.asarray(arrays[value.attrs["place"]])
    if value.op == "variable":
        return np.asarray(value.attrs["variable"].numpy())
    return np.asarray(value.attrs["data"])


def numbers(value: Value, found: dict[Value, Any]) -> list[Any]:
    """The inputs of a value: arrays, and Python numbers."""
    return [found[x] if isinstance(x, Value) else x for x in value.inputs]


def interpret(values: Sequence[Value], arrays: Arrays) -> dict[Value, Any]:
    """Every value by its meaning, each in memory of its own; its shape and dtype are checked."""
    found: dict[Value, Any] = {}
    for value in values:
        if value.op in ("argument", "variable", "constant"):
            found[value] = given(value, arrays)
        else:
            found[value] = as_data(apply(value.op, numbers(value, found), value.attrs))
        result = found[value]
        assert (np.shape(result), result.dtype) == (value.shape, value.dtype), value
    return found


class Memory:
    """Runs a plan as the program will: in one arena, over Variables, into parts of vectors.

    What has not been written is rubbish, so that whatever is read too early, or after another value
    was written over it, shows.
    """

    def __init__(self, program: Program, plan: Plan, nbytes: int, arrays: Arrays) -> None:
        self.plan, self.arrays = plan, arrays
        self.arena = np.full(nbytes, 0xA5, np.uint8)
        self.found: dict[Value, Any] = {}
        #: Variables, alone and in vectors, which lines write over
        self.state: dict[Value, Any] = {}
        for group in program.groups:
            olds = group.old.operands
            vector = np.concatenate([given(v, arrays).reshape(-1) for v in olds])
            self.state[group.old] = vector
            start = 0
            for v in olds:
                self.state[v] = vector[start : start + v.size].reshape(v.shape)
                start += v.size
        for v in program.variables.values():
            self.state.setdefault(v, given(v, arrays))
        for k, value in enumerate(plan.order):
            if computed(value):
                self.compute(k, value)

    def place(self, value: Value) -> Any:
        """The array that a value is kept in; None for one of its own."""
        plan = self.plan
        if value in plan.over:
            return self.state[plan.over[value]]
        if value in plan.part:
            vector, start = plan.part[value]
            whole = self.place(vector)
            return whole[start : start + value.size].reshape(value.shape)
        if value in plan.slot:
            slot = plan.slot[value]
            assert not slot.short
            return np.ndarray(value.shape, value.dtype, self.arena, slot.offset)
        return None

    def read(self, value: Value) -> Any:
        """What a value's memory holds now."""
        if is_view(value):
            return apply(value.op, [self.read(value.inputs[0])], value.attrs)
        if value.op in ("variable", "flat") and value in self.state:
            return self.state[value]
        if value.op in ("argument", "constant"):
            return given(value, self.arrays)
        place = self.place(value)
        return self.found[value] if place is None else place

    def compute(self, k: int, value: Value) -> None:
        """Compute a value from what memory holds, and write it where it belongs."""
        if value.op == "flat":
            whole = self.place(value)
            for x, start in self.plan.moved(value):
                whole[start : start + x.size] = np.reshape(self.read(x), -1)
            return
        for i in range(len(value.inputs)):
            if tiles(value, i) and self.plan.tile is not None:
                offset = self.plan.tile.offset
                self.arena[offset : offset + value.nbytes] = 0x5A
        inputs = [self.read(x) if isinstance(x, Value) else x for x in value.inputs]
        result = apply(value.op, inputs, value.attrs)
        place = self.place(value)
        if place is None:
            self.found[value] = as_data(np.array(result))
        else:
            place[...] = np.array(result)


def owners(values: Sequence[Value]) -> list[Value]:
    """The values whose memory some values look at."""
    return [owner(value) for value in values]
