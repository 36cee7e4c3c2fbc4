"""Equal updates of many Variables made one: parameters and gradients laid end to end.

An optimizer gives each Variable the same formula. Where the formulas of several assigned Variables
are the same but for the arrays in them, and work element by element, they are computed once on
vectors that hold all the arrays one after the other: a few calls instead of a few per Variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...engine._variable import Variable
from ..ir._builder import Builder
from ..ir._value import UFUNCS, Gate, Value
from ..plan._buffers import PIECE
from ._lower import Program, identifier


@dataclass
class Group:
    """Variables assigned together: their arrays are views of one vector."""

    variables: tuple[Variable, ...]
    #: all old values as one vector, and all new ones
    old: Value
    new: Value


def group_updates(program: Program) -> list[Group]:
    """Take equal updates out of `program.assigned` and give them as groups.

    A group's old value is a vector that the Variables' arrays are views of (`home`).
    """
    by_form: dict[Any, list[Variable]] = {}
    for variable, new in program.assigned.items():
        if new.shape and variable in program.variables and elementwise(new, new.shape):
            by_form.setdefault((new.dtype, form(new, new.shape)), []).append(variable)
    builder = program.builder
    builder.section, builder.gate = "update", Gate("update")
    together = [tuple(variables) for variables in by_form.values() if _worth(variables)]
    # in the order in which they were computed: a state before the parameters that need it
    together.sort(key=lambda variables: program.assigned[variables[-1]].number)
    made: dict[tuple[Value, ...], Value] = {}
    for variables in together:
        olds = tuple(program.variables[v] for v in variables)
        size = sum(old.size for old in olds)
        builder.hint = _title(variables)
        made[olds] = builder.make("flat", olds, {"home": True}, (size,), olds[0].dtype)
    groups = []
    for variables in together:
        old = made[tuple(program.variables[v] for v in variables)]
        new = laid(tuple(program.assigned.pop(v) for v in variables), builder, made)
        groups.append(Group(variables, old, new))
    return groups


def _title(variables: tuple[Variable, ...]) -> str:
    """What a vector of Variables is called: "velocity" for w1/velocity and b1/velocity."""
    stems = {(v.name or "").rpartition("/") for v in variables}
    kinds = {kind if slash else "" for _, slash, kind in stems}
    kind = kinds.pop()
    return "parameters" if kinds or not kind else identifier(kind)


def _worth(variables: list[Variable]) -> bool:
    """Whether a vector makes fewer calls, or a long one that is updated in pieces."""
    return len(variables) > 1 or variables[0].size > 2 * PIECE


def elementwise(value: Value, shape: tuple[int, ...]) -> bool:
    """Whether a value is made element by element in the update, of arrays alike and of numbers."""
    known = value.op in UFUNCS or value.op == "where"
    made = known and value.section == "update" and value.shape == shape
    return made and all(x.shape in ((), shape) for x in value.operands)


def form(value: Any, shape: tuple[int, ...]) -> Any:
    """What two updates must share to be made one."""
    if not isinstance(value, Value):
        return type(value), repr(value)
    if elementwise(value, shape):
        return (value.op, value.dtype, *(form(x, shape) for x in value.inputs))
    if value.shape == shape:
        return "array", value.dtype, value.op == "variable"
    return "same", value  # a learning rate: one for all


def laid(values: tuple[Any, ...], builder: Builder, made: dict[tuple[Value, ...], Value]) -> Any:
    """Values of one form, one for each Variable, as one value on vectors."""
    first = values[0]
    if not isinstance(first, Value) or (len(set(values)) == 1 and not first.shape):
        return first
    if values not in made:
        if all(elementwise(v, v.shape) for v in values):
            inputs = [
                laid(parts, builder, made)
                for parts in zip(*(v.inputs for v in values), strict=True)
            ]
            builder.hint, builder.gate = first.name, first.gate
            made[values] = builder.ufunc(first.op, *inputs)
        else:
            size = sum(v.size for v in values)
            builder.hint, builder.gate = "", Gate("flat")
            made[values] = builder.make("flat", values, {"home": False}, (size,), first.dtype)
    return made[values]
