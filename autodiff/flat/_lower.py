"""From a trace to values: every op's forward runs again, on Values instead of arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import numpy as np

from .. import _nest
from .._custom import PICK, Custom
from .._draws import DRAW
from .._graph import INPUT, NODES, OUT
from .._tensor import Tensor
from .._variable import Variable
from ._ir import Builder
from ._symbolic import Symbolic
from ._trace import Trace, leaf_of
from ._value import Value

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
    values: list[Any] = []
    arguments: list[Value] = []
    variables: dict[Variable, Value] = {}
    for node, record in enumerate(graph.records):
        builder.section = trace.section(node)
        op = record[0]
        source = trace.through.get(node)
        builder.gate = (
            op.name if source is None else f"back through {graph.records[source][0].name}"
        )
        if op is INPUT:
            data, leaf = record[OUT], leaf_of(record)
            data = np.asarray(data)
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
                builder.hint = "constant"
                value = builder.constant(data)
            values.append(value)
            continue
        builder.hint = identifier(op.name)
        if op is DRAW:
            values.append(_draw(record, node, builder))
        elif op is PICK:
            values.append(values[record[NODES]][record[-1]])
        elif isinstance(op, Custom):  # its gradient has been recorded; its value is f's own
            outs, inner = record[OUT], record[-1]
            values.append(
                [
                    builder.constant(y) if i is None else values[i]
                    for y, i in zip(outs, inner, strict=True)
                ]
            )
        else:
            values.append(_forward(op, record, values, xp))
    for v in trace.assigned:
        if v not in variables:  # assigned, never read
            builder.hint = identifier(v.name or "variable")
            variables[v] = builder.make("variable", (), {"variable": v}, v.shape, v.dtype)
    found = _nest.replace(result, lambda x: _value_of(x, trace, values, builder))
    assigned = {v: builder.lift(values[node]) for v, node in trace.assigned.items()}
    gradients = {
        values[g]: values[node]
        for g, node in trace.gradients.items()
        if isinstance(values[g], Value) and isinstance(values[node], Value)
    }
    return Program(builder, arguments, variables, assigned, [], found, gradients)


def _draw(record: Any, node: int, builder: Builder) -> Value:
    """A fresh draw at every call, in the order of the first run; never left out, never shared."""
    out, generator, method, arguments = record[OUT:]
    attrs = {"generator": generator, "method": method, "arguments": arguments, "place": node}
    value = builder.make("draw", (), attrs, out.shape, out.dtype)
    builder.draws.append(value)
    return value


def _forward(op: Any, record: Any, values: list[Any], xp: Symbolic) -> Any:
    n = op.arity(record)
    nodes, kept = record[NODES : NODES + n], record[NODES + n : NODES + 2 * n]
    inputs = [
        xp._builder.lift(data) if node is None else values[node]
        for node, data in zip(nodes, kept, strict=True)
    ]
    statics = record[NODES + 2 * n :][: len(op.statics)]
    if op.name in SPELLED:
        return getattr(xp, op.name)(*inputs, *statics)
    return op.forward(xp, inputs, *statics) if op.variadic else op.forward(xp, *inputs, *statics)


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
