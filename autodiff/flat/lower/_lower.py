"""From a trace to values: every op's forward runs again, on Values instead of arrays."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import partial
from keyword import iskeyword
from typing import Any

from ... import _nest
from ..._draws import DRAW
from ...derivatives._custom import Custom
from ...engine._graph import INPUT, NODES, OUT, PICK
from ...engine._op import Op
from ...engine._scope import scope_of
from ...engine._tensor import Tensor
from ...engine._variable import Variable
from ..ir._builder import Builder
from ..ir._library import declared_flops
from ..ir._strides import below
from ..ir._value import Gate, Value
from ..trace._locals import Locals
from ..trace._trace import Trace, leaf_of
from ._reorder import Reorder
from ._rules import Form, Rule
from ._symbolic import Symbolic

#: ops that are spelled otherwise than by their forwards, which fill arrays in place or know less
SPELLED = frozenset(("scatter", "put", "windows", "overlap_add", "one_hot"))


@dataclass
class Program:
    """Values with what is to be done with them."""

    builder: Builder
    arguments: list[Value]
    #: Variables that are read, with their values at the start
    variables: dict[Variable, Value]
    #: Variables that are assigned, with their values at the end
    assigned: dict[Variable, Value]
    #: Variables that are assigned together (`_group`)
    groups: list[Any]
    #: what the function returned, with a Value for each Tensor
    result: Any
    #: value -> what it is the gradient of, for names
    gradients: dict[Value, Value]
    #: value that an op of the function gave -> the op, for names
    given: dict[Value, str]

    def returned(self) -> list[Value]:
        """The Values among the results."""
        return [x for x in _nest.flatten(self.result) if isinstance(x, Value)]

    def roots(self) -> list[Value]:
        """What must be computed."""
        checks = [condition for condition, _ in self.builder.checks]
        grouped = [value for group in self.groups for value in (group.old, group.new)]
        return [*self.returned(), *self.assigned.values(), *grouped, *checks, *self.builder.draws]


def lower(trace: Trace, result: Any, names: list[str]) -> Program:
    """The program of a trace; `names` are the names of its array arguments."""
    graph = trace.graph
    builder = Builder()
    xp = Symbolic(builder)
    reorder = Reorder(xp)
    values: list[Any] = []
    arguments: list[Value] = []
    variables: dict[Variable, Value] = {}
    given: dict[Value, str] = {}
    gates: dict[Any, Gate] = {}
    for node, record in enumerate(graph.records):
        builder.section = trace.section(node)
        pull = trace.through.get(node)
        if pull not in gates:  # all records of a pull belong to one gate
            gates[pull] = _gate(trace, node, values)
        builder.gate = gates.pop(None) if pull is None else gates[pull]
        builder.hint = ""
        op = record[0]
        if op is INPUT:
            data, leaf = record[OUT], leaf_of(record)
            if node in trace.arguments:
                builder.hint = identifier(names[len(arguments)])
                value = builder.make(
                    "argument", (), {"place": len(arguments)}, data.shape, data.dtype
                )
                arguments.append(value)
            elif isinstance(leaf, Variable):
                builder.hint = identifier(leaf.name or "variable")
                value = builder.make("variable", (), {"variable": leaf}, data.shape, data.dtype)
                variables[leaf] = value
            else:
                value = builder.constant(data)
            values.append(value)
            continue
        if op is DRAW:
            values.append(_draw(record, node, builder))
        elif op is PICK:
            values.append(values[record[NODES]][record[-1]])
            if isinstance(values[-1], Value) and values[-1].op == "part":
                values[-1].name = trace.names.get(node) or values[-1].name
        elif isinstance(op, Custom):  # its gradient has been recorded; its value is f's own
            outs, inner = record[OUT], record[-1]
            values.append(
                [
                    builder.constant(y) if i is None else values[i]
                    for y, i in zip(outs, inner, strict=True)
                ]
            )
        else:
            values.append(_forward(op, record, values, xp, reorder))
        value = values[-1]
        if isinstance(value, Value) and value.gate is builder.gate:  # made here
            if below(value).gate is builder.gate:
                value = below(value)
            given[value] = op.name
            value.name = trace.names.get(node) or value.name
    for v in trace.assigned:
        if v not in variables:  # assigned, never read
            builder.hint = identifier(v.name or "variable")
            variables[v] = builder.make("variable", (), {"variable": v}, v.shape, v.dtype)
    found = _nest.replace(result, lambda x: _value_of(x, trace, values, builder))
    assigned = {v: builder.lift(values[node]) for v, node in trace.assigned.items()}
    gradients: dict[Value, Value] = {}
    for g, node in trace.gradients.items():
        if isinstance(values[g], Value) and isinstance(values[node], Value):
            pair = values[g], values[node]
            if pair[0].op == pair[1].op == "transpose" and pair[0].attrs == pair[1].attrs:
                pair = below(pair[0]), below(pair[1])
            gradients.setdefault(*pair)
    return Program(builder, arguments, variables, assigned, [], found, gradients, given)


def _gate(trace: Trace, node: int, values: list[Any]) -> Gate:
    """What a record belongs to."""
    graph = trace.graph
    scope = scope_of(graph, node)
    if node not in trace.through:
        return Gate(graph.records[node][0].name, scope)
    source, place = trace.through[node]
    record = graph.records[source]
    op = record[0]
    if not isinstance(op, Op) or place is None:
        return Gate(op.name, scope, True)
    n = op.arity(record)
    kept = zip(record[NODES : NODES + n], record[NODES + n : NODES + 2 * n], strict=True)
    forms = [_form(data if i is None else values[i]) for i, data in kept]
    how = record[1]
    undo = how[place] if how is not None else None
    rule = Rule(op, place, forms, _form(values[source]), op.static_values(record), undo)
    return Gate(op.name, scope, True, rule)


def _form(x: Any) -> Any:
    return Form(x.shape, x.dtype) if hasattr(x, "dtype") else x


def _draw(record: Any, node: int, builder: Builder) -> Value:
    """A fresh draw at every call, in the order of the first run; never left out, never shared."""
    out, generator, method, arguments = record[OUT:]
    attrs = {"generator": generator, "method": method, "arguments": arguments, "place": node}
    value = builder.make("draw", (), attrs, out.shape, out.dtype)
    builder.draws.append(value)
    return value


def _forward(op: Any, record: Any, values: list[Any], xp: Symbolic, reorder: Reorder) -> Any:
    n = op.arity(record)
    nodes, kept = record[NODES : NODES + n], record[NODES + n : NODES + 2 * n]
    builder = xp._builder
    inputs = [
        builder.lift(data) if node is None else values[node]
        for node, data in zip(nodes, kept, strict=True)
    ]
    statics = record[NODES + 2 * n :][: len(op.statics)]
    if op.name in SPELLED:
        return getattr(xp, op.name)(*inputs, *statics)
    better = reorder(op.name, inputs, statics)
    if better is not None:
        return better
    builder.count = partial(declared_flops, op, inputs)
    builder.locals = Locals(sys._getframe(), lambda x: x.number if type(x) is Value else None)
    try:
        return op.forward(xp, *((inputs,) if op.variadic else inputs), *statics)
    finally:
        builder.locals.finish()
        for place, local in builder.locals.names().items():
            builder.values[place].name = local
        builder.locals = None


def _value_of(x: Any, trace: Trace, values: list[Any], builder: Builder) -> Any:
    if not isinstance(x, Tensor):
        return x
    if isinstance(x, Variable):
        return x
    if x._token is trace.graph.token:
        return values[x._node]
    return builder.constant(x._data)


def identifier(name: str) -> str:
    """A name that Python takes: "dense_1/kernel" is dense_1_kernel."""
    name = re.sub(r"\W+", "_", name).strip("_") or "value"
    return f"_{name}" if name[0].isdigit() or iskeyword(name) else name
