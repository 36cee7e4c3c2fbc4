"""Where each value lives: which values get a buffer, which share one, which are views or locals."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._ir import SOURCES, UFUNCS, VIEWS, Value

#: operations that may write over an input of the same shape and dtype
IN_PLACE = UFUNCS | {"where", "cast"}


@dataclass
class Plan:
    """The lines of a program in order, and the storage of each value."""

    order: list[Value]
    #: value -> number of its buffer
    buffer: dict[Value, int] = field(default_factory=dict)
    #: bytes of each buffer
    sizes: list[int] = field(default_factory=list)
    #: values made anew at every call: results, and what has no axes
    fresh: set[Value] = field(default_factory=set)
    #: value -> the Variable's value that it is written over
    over: dict[Value, Value] = field(default_factory=dict)


def plan(roots: list[Value], returned: list[Value], assigned: dict[Value, Value]) -> Plan:
    """Buffers for what the roots need.

    `returned` values leave the program and are made anew; `assigned` are the new values of
    Variables, with the values that they replace.
    """
    order = reachable(roots)
    plan = Plan(order)
    position = {value: k for k, value in enumerate(order)}
    last = {value: k for k, value in enumerate(order)}
    for k, value in enumerate(order):
        for x in value.operands:
            last[owner(x)] = max(last[owner(x)], k)
    kept = {owner(x) for x in returned}
    for new, old in assigned.items():
        if computed(new) and new not in kept and old in last and last[old] <= position[new]:
            plan.over[new] = old
    free: list[int] = []
    ends: dict[int, list[Value]] = {}
    for value in order:
        ends.setdefault(last[value], []).append(value)
    held = {new for new in assigned if new not in plan.over}
    for k, value in enumerate(order):
        dying = {v for v in ends.get(k, []) if v in plan.buffer and v not in held}
        if computed(value) and value not in plan.over:
            if value in kept or not value.shape:
                plan.fresh.add(value)
            else:
                _take(plan, value, dying if value.op in IN_PLACE else set(), free)
        for v in dying:
            number = plan.buffer[v]
            if number != plan.buffer.get(value) and number not in free:
                free.append(number)
        if value in plan.buffer and last[value] == k and value not in held:
            free.append(plan.buffer[value])  # nobody reads it: a check's part
    return plan


def _take(plan: Plan, value: Value, dying: set[Value], free: list[int]) -> None:
    """A buffer for a value: an input's that ends here, a free one of its size, or a new one."""
    for x in value.operands:
        if x in dying and x.shape == value.shape and x.dtype == value.dtype:
            plan.buffer[value] = plan.buffer[x]
            return
    for number in free:
        if plan.sizes[number] == value.nbytes:
            free.remove(number)
            plan.buffer[value] = number
            return
    plan.buffer[value] = len(plan.sizes)
    plan.sizes.append(value.nbytes)


def reachable(roots: list[Value]) -> list[Value]:
    """Everything that the roots need, in the order in which it was made."""
    found: set[Value] = set()
    stack = list(roots)
    while stack:
        value = stack.pop()
        if value not in found:
            found.add(value)
            stack.extend(value.operands)
    return sorted(found, key=lambda value: value.number)


def owner(value: Value) -> Value:
    """The value whose memory a view looks at; itself if it has its own."""
    while is_view(value):
        value = value.inputs[0]
    return value


def is_view(value: Value) -> bool:
    """Whether a value is a view of its input; a reshape is one where the input lies in order."""
    if value.op not in VIEWS:
        return False
    return value.op != "reshape" or in_order(value.inputs[0])


def in_order(value: Value) -> bool:
    """Whether the elements lie in memory one after the other, in row-major order."""
    while value.op == "reshape" and is_view(value):
        value = value.inputs[0]
    return value.op not in VIEWS or value.op == "reshape"


def computed(value: Value) -> bool:
    """Whether a line of the program makes it."""
    return value.op not in SOURCES and not is_view(value)
