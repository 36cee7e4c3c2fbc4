"""A function run once while everything it does is recorded: ops, reads, assignments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._graph import INPUT, OUT, Graph, Record, TracingError, Watcher, thread
from .._tensor import Tensor, convert
from .._variable import Variable

#: node of what is no array: a returned constant or Python value
Effect = tuple[Variable, int]


@dataclass
class Trace:
    """What a run of a function did, beside the records of its graph."""

    graph: Graph
    #: node of each array argument, in order
    arguments: list[int] = field(default_factory=list)
    #: the last value assigned to each Variable, by node
    assigned: dict[Variable, int] = field(default_factory=dict)
    #: ranges of records that a backward walk made
    backward: list[tuple[int, int]] = field(default_factory=list)
    #: record of a backward walk -> the record that it was pulled through
    through: dict[int, int] = field(default_factory=dict)
    #: node of a gradient -> the node that it is the gradient of
    gradients: dict[int, int] = field(default_factory=dict)
    #: values of Variables before the run, to undo a run that failed
    before: dict[Variable, Any] = field(default_factory=dict)

    def pulled(self, node: int, g: Any, first: int) -> None:
        """The gradient g of a node has been pulled through its record, by records from `first`."""
        if isinstance(g, Tensor) and g._token is self.graph.token:
            self.gradients.setdefault(g._node, node)
        for k in range(first, len(self.graph.records)):
            self.through.setdefault(k, node)

    def section(self, node: int) -> str:
        """The part of the program that a record belongs to."""
        if any(start <= node < stop for start, stop in self.backward):
            return "backward"
        return "update" if self.backward and node >= self.backward[-1][1] else "forward"

    def follows(self, x: Tensor) -> bool:
        """Whether a Tensor that the graph did not make is an input of the program: a Variable."""
        return isinstance(x, Variable)

    def knows(self, x: Tensor) -> bool:
        """Whether a Tensor's value belongs to this run."""
        return x._token is self.graph.token or isinstance(x, Variable)

    def assign(self, variable: Variable, value: Any) -> Variable:
        """`Variable.assign` inside the function: done, and noted as an effect of the program."""
        from ..ops.creation import asarray, astype, stop_gradient

        tensor = asarray(value)
        if tensor.shape != variable.shape or tensor.dtype != variable.dtype:
            if tensor.shape == variable.shape and np.can_cast(
                tensor.dtype, variable.dtype, "same_kind"
            ):
                tensor = astype(tensor, variable.dtype)
            else:
                variable._set(tensor._data)  # raises what an assign outside raises
        self.before.setdefault(variable, variable._data)
        node = self.node(stop_gradient(tensor))  # from here on the Variable is a leaf again
        variable._set(tensor._data)
        self.graph.leaves.setdefault(variable, []).append(node)
        self.assigned[variable] = node
        return variable

    def undo(self) -> None:
        """Give the assigned Variables the values that they had before the run."""
        for variable, data in self.before.items():
            variable._set(data)

    def node(self, x: Tensor) -> int:
        """The node of a Tensor; a constant gets one of its own."""
        if x._token is self.graph.token:
            return int(x._node)
        node = self.graph.read(x) if isinstance(x, Variable) else None
        if node is None:
            node = len(self.graph.records)
            self.graph.records.append((INPUT, None, x._data, x))
        return node


def run(
    f: Callable[..., Any],
    call: Callable[[Sequence[Tensor]], tuple[tuple[Any, ...], dict[str, Any]]],
    arrays: Sequence[Any],
) -> tuple[Trace, Any]:
    """Run f on Tensors of the arrays; the trace and what f returned.

    `call` puts the Tensors where the arrays stood among f's arguments.
    """
    graph = Graph()
    trace = Trace(graph)
    graph.trace = trace
    watcher = Watcher(auto=False)
    tensors = []
    for data in arrays:
        x = Tensor.__new__(Tensor)
        x._data, x._token, x._node = convert(data, None), graph.token, len(graph.records)
        graph.records.append((INPUT, None, x._data, None))
        trace.arguments.append(x._node)
        tensors.append(x)
    args, kwargs = call(tensors)
    graph.start(watcher)
    try:
        result = f(*args, **kwargs)
    except BaseException:
        trace.undo()
        raise
    finally:
        graph.watchers.clear()
        thread.graph = None
    return trace, result


def leaf_of(record: Record) -> Any:
    """The Variable or Tensor of a leaf's record; None for an argument."""
    return record[3] if record[0] is INPUT else None


__all__ = ["OUT", "Trace", "TracingError", "leaf_of", "run"]
