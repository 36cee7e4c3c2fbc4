"""The graph of a traced function as a diagram, drawn by `autodiff.diagram`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .. import _nest
from ..diagram import Diagram, Picture, draw
from ..engine._graph import INPUT
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ..engine._variable import Variable
from .trace._trace import Trace, leaf_of

#: what `draw` can be asked for, and whether the backward pass is drawn as gates
OPTIONS = frozenset(
    (
        *("names", "copies", "constants", "decimals", "title", "max_nodes", "backward"),
        *("depth", "flow", "highlight", "costs", "theme"),
    )
)


def picture(
    trace: Trace,
    result: Any,
    arguments: list[str],
    *,
    names: Mapping[Any, str] | None = None,
    backward: bool = False,
    **options: Any,
) -> Diagram:
    """What a function did; `arguments` are the names of its arrays, `names` say what is shown.

    What it computed, with the gradients of that on the wires; or, if `backward`, all that it
    returned and assigned, with the gates of its own backward pass.
    """
    tape = _tape(trace)
    targets = _all(trace, result) if backward else _computed(trace, result)
    if not targets:
        raise ValueError("diagram: the function computes nothing from its arguments or Variables")
    labels = dict(zip(trace.arguments, arguments, strict=True))
    for node, name in trace.names.items():
        labels.setdefault(node, name)
    labels |= _renamed(trace, labels, names or {})
    for node, of in trace.gradients.items():
        if known := labels.get(of) or getattr(leaf_of(trace.graph.records[of]), "name", None):
            labels.setdefault(node, f"d_{known}")
    named = {_tensor(trace, node): name for node, name in labels.items()}
    diagram = draw(tape, targets, names=named, **options)
    if not backward:
        return diagram
    return diagram.of(_framed(diagram.picture, trace))


def _renamed(trace: Trace, labels: dict[int, str], names: Mapping[Any, str]) -> dict[int, str]:
    """The nodes of Variables, and of what the function calls so, with the names they are given."""
    found: dict[int, str] = {}
    for key, name in names.items():
        if not isinstance(key, (Variable, str)) or not isinstance(name, str):
            raise TypeError(
                f"names maps {type(key).__name__} to {type(name).__name__}; expected Variables, "
                "or what the function calls its values, to str"
            )
        if isinstance(key, Variable):
            nodes = trace.graph.leaves.get(key, [])
        else:
            nodes = [node for node, label in labels.items() if label == key]
        if not nodes:
            called = repr(key) if isinstance(key, str) else f"Variable {key.name!r}"
            known = ", ".join(dict.fromkeys(map(repr, labels.values())))
            raise ValueError(f"names has {called}, which the function does not use; it has {known}")
        found.update(dict.fromkeys(nodes, name))
    return found


def _tape(trace: Trace) -> GradientTape:
    """A tape that has watched arguments and Variables, and recorded it all."""
    graph = trace.graph
    tape = GradientTape(persistent=True)
    tape._graph = graph
    tape._spans = [(0, len(graph.records))]
    for node, record in enumerate(graph.records):
        given = node in trace.arguments or isinstance(leaf_of(record), Variable)
        if record[0] is INPUT and given:
            tape._watcher.nodes.add(node)
    return tape


def _computed(trace: Trace, result: Any) -> list[Tensor]:
    """Floats that the function returns and that are no gradients; else what it differentiates."""
    made = [x for x in _returned(trace, result) if trace.section(x._node) == "forward"]
    inner = [_tensor(trace, node, shape) for node, shape in trace.differentiated.items()]
    return made or inner or _all(trace, result)


def _all(trace: Trace, result: Any) -> list[Tensor]:
    """What the function returns, and the new values of Variables."""
    assigned = [_tensor(trace, node, v.shape) for v, node in trace.assigned.items()]
    return [*_returned(trace, result), *assigned]


def _returned(trace: Trace, result: Any) -> list[Tensor]:
    """Each float that the function has computed and returns, once."""
    token = trace.graph.token
    tensors = [x for x in _nest.flatten(result) if isinstance(x, Tensor) and x._token is token]
    made = [x for x in tensors if trace.graph.records[x._node][0] is not INPUT]
    return list({x._node: x for x in made if x.dtype.kind in "fc"}.values())


def _tensor(trace: Trace, node: int, shape: tuple[int, ...] = ()) -> Tensor:
    """A Tensor that stands for a node."""
    found = Tensor.__new__(Tensor)
    found._data, found._token, found._node = np.ones(shape), trace.graph.token, node
    return found


def _framed(picture: Picture, trace: Trace) -> Picture:
    """A frame around each part of the program; the gradients are gates here, and not on wires."""
    sections: dict[str, str] = {}
    for node in picture.nodes:
        number = node.id.removeprefix("gate")
        if node.kind == "gate" and number.isdigit():
            sections[node.id] = trace.section(int(number))
    for wire in picture.wires:  # a fork stands where what it divides was made
        if wire.head not in sections and wire.tail in sections:
            sections[wire.head] = sections[wire.tail]
    nodes = [
        node if node.kind == "output" else replace(node, section=sections.get(node.id, ""))
        for node in picture.nodes
    ]
    wires = [replace(wire, gradient=None) for wire in picture.wires]
    return Picture(tuple(nodes), tuple(wires))
