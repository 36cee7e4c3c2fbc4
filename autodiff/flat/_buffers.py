"""Where each value lives: which values get a buffer, which share one, which are views or locals."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._value import SOURCES, UFUNCS, VIEWS, Value

#: operations that may write over an input of the same shape and dtype
IN_PLACE = UFUNCS | {"where", "cast"}


@dataclass
class Plan:
    """The values of a program in order, and the storage of each."""

    order: list[Value]
    #: value -> number of its buffer
    buffer: dict[Value, int] = field(default_factory=dict)
    #: bytes of each buffer
    sizes: list[int] = field(default_factory=list)
    #: values made anew at every call: results, and what has no axes
    fresh: set[Value] = field(default_factory=set)
    #: value -> (vector, offset): written straight into its place in a vector
    part: dict[Value, tuple[Value, int]] = field(default_factory=dict)
    #: value -> the Variable's value (or vector of several) that it is written over
    over: dict[Value, Value] = field(default_factory=dict)


def plan(
    roots: list[Value], returned: list[Value], assigned: dict[Value, Value], checks: list[Value]
) -> Plan:
    """Storage for what the roots need.

    `returned` values leave the program and are made anew; `assigned` are the new values of
    Variables, with the values that they replace, which happens after the last of the `checks`.
    """
    order = reachable(roots)
    plan = Plan(order)
    position = {value: k for k, value in enumerate(order)}
    checked = max([position[check] for check in checks], default=-1)
    last = _last_uses(order, [*returned, *(new for new in assigned if not computed(new))])
    kept = {owner(x) for x in returned}
    for new, old in assigned.items():
        until = position[new] + (new.op in IN_PLACE)  # the rest write before they have read
        unread = all(last.get(x, -1) < until for x in (old, *old.operands))
        if computed(new) and new not in kept and unread and position[new] > checked:
            plan.over[new] = old
    for vector in order:
        if vector.op == "flat" and computed(vector):
            _place(plan, vector, kept)
    held = {new for new in assigned if new not in plan.over}
    ends: dict[int, list[Value]] = {}
    for value in order:
        ends.setdefault(last[value], []).append(value)
    free: list[int] = []
    for k, value in enumerate(order):
        dying = {v for v in ends.get(k, []) if v in plan.buffer and v not in held}
        if computed(value) and value not in plan.over and value not in plan.part:
            if value.op == "flat":
                plan.buffer[value] = len(plan.sizes)  # its parts are written early: nobody's else
                plan.sizes.append(value.nbytes)
                held.add(value)
                dying.discard(value)
            elif value in kept or not value.shape or value.op == "draw":
                plan.fresh.add(value)
            else:
                ending = {v for v in ends.get(k, []) if v in plan.buffer and v not in assigned}
                _take(plan, value, ending if value.op in IN_PLACE else set(), free)
        if value in plan.buffer and last[value] == k and value not in held:
            dying.add(value)  # nobody reads it: a check's part
        for number in {plan.buffer[v] for v in dying}:
            if number != plan.buffer.get(value) or value in dying:
                free.append(number)
    return plan


def _last_uses(order: list[Value], leaving: list[Value]) -> dict[Value, int]:
    """Where each value's memory is read for the last time, through views too.

    Values that leave, as results or to another Variable, are read at the end.
    """
    last = {value: k for k, value in enumerate(order)}
    for k, value in enumerate(order):
        for x in value.operands:
            last[owner(x)] = max(last[owner(x)], k)
    for x in leaving:
        last[owner(x)] = len(order)
    return last


def _place(plan: Plan, vector: Value, kept: set[Value]) -> None:
    """Inputs of a vector that can be computed right where they stand in it."""
    offset = 0
    for x in vector.operands:
        free = x not in plan.part and x not in plan.over and x not in kept
        if computed(x) and x.shape and x.op != "flat" and free:
            plan.part[x] = vector, offset
        offset += x.size


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
    if value.op == "draw":
        return True
    if value.op in SOURCES or is_view(value):
        return False
    return not (value.op == "flat" and value.attrs["home"])
