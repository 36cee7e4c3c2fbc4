"""A function run once while everything it does is recorded: ops, reads, assignments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from ...engine._graph import INPUT, OUT, Graph, Record, TracingError, Watcher, parents, thread
from ...engine._tensor import Tensor, convert
from ...engine._variable import Variable
from . import _guard
from ._chance import Chance
from ._guard import Place
from ._locals import Locals

#: ops whose results have usual names; others count where the function itself gives them
ACTIVATIONS = frozenset(("relu", "sigmoid", "tanh", "softmax"))

#: node of what is no array: a returned constant or Python value
Effect = tuple[Variable, int]


@dataclass
class Trace:
    """What a run of a function did, beside the records of its graph."""

    graph: Graph
    #: the function's name, for messages
    name: str = "f"
    #: node of each array argument, in order
    arguments: list[int] = field(default_factory=list)
    #: the last value assigned to each Variable, by node
    assigned: dict[Variable, int] = field(default_factory=dict)
    #: how often each Variable was assigned
    times: dict[Variable, int] = field(default_factory=dict)
    #: ranges of records that a backward walk made
    backward: list[tuple[int, int]] = field(default_factory=list)
    #: record of a backward walk -> the record that it was pulled through, and which of its inputs
    through: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    #: node of a gradient -> the node that it is the gradient of
    gradients: dict[int, int] = field(default_factory=dict)
    #: node that was differentiated -> its shape
    differentiated: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: values of Variables before the run, to undo a run that failed
    before: dict[Variable, Any] = field(default_factory=dict)
    #: where random generators stood before the run
    states: dict[Any, Any] = field(default_factory=dict)
    #: node -> where in the code it was made
    places: dict[int, Place | None] = field(default_factory=dict)
    #: Tensors that belong to this run
    made: list[Tensor] = field(default_factory=list)
    #: new Variables, and where they were made
    created: dict[Variable, Place | None] = field(default_factory=dict)
    #: large arrays that the function can name
    around: list[tuple[str, Any]] = field(default_factory=list)
    #: whose random numbers were drawn that no program would draw again
    drawn: str = ""
    ended: bool = False
    #: node -> what the function calls it
    names: dict[int, str] = field(default_factory=dict)

    def pulled(self, node: int, g: Any, first: int, grads: Mapping[int, Any]) -> None:
        """The gradient g of a node has been pulled through its record, by records from `first`.

        Rules run one after the other, so the gradient of each input tells where its records end.
        """
        self._gradient(g, node)
        start, records = first, self.graph.records
        for k, i in enumerate(parents(records[node])):
            total = grads.get(i) if i is not None else None
            if isinstance(total, Tensor) and total._token is self.graph.token:
                stop = total._node + 1
                self.through.update(dict.fromkeys(range(start, stop), (node, k)))
                start = max(start, stop)
        self.through.update(dict.fromkeys(range(start, len(records)), (node, None)))

    def walked(self, first: int, seeds: Any, found: Mapping[int, Any]) -> None:
        """A backward walk has made the records from `first` on, and found gradients by node.

        It began at `seeds`, nodes with their upstream gradients.
        """
        self.differentiated.update((node, g.shape) for node, g in seeds)
        self.backward.append((first, len(self.graph.records)))
        for node, g in found.items():
            self._gradient(g, node)

    def _gradient(self, g: Any, node: int) -> None:
        if isinstance(g, Tensor) and g._token is self.graph.token:
            self.gradients.setdefault(g._node, node)

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
        from ...ops.creation import asarray, astype, stop_gradient

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
        self.times[variable] = self.times.get(variable, 0) + 1
        return variable

    def copied(self, x: Tensor) -> None:
        """A Tensor is copied inside the function: the copy belongs to this run too."""
        if x._token is self.graph.token:
            self.made.append(x)

    def create(self, variable: Variable) -> None:
        """A Variable is made inside the function."""
        self.created[variable] = _guard.place_of(sys._getframe(1))

    def refusal(self, x: Tensor, how: str) -> TracingError:
        """The error for a Tensor whose value is asked for."""
        return _guard.refusal(self, x, how)

    def end(self) -> None:
        """The function's program is made: Tensors that it kept are of no use any more."""
        self.ended = True
        _guard.seal(self)

    def drawing(self, bits: Any) -> None:
        """Random bits are about to be drawn from a generator."""
        self.states.setdefault(bits, bits.state)

    def undo(self) -> None:
        """Put assigned Variables and random generators back to where they were before the run."""
        for variable, data in self.before.items():
            variable._set(data)
        for bits, state in self.states.items():
            bits.state = state

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
    trace = Trace(graph, getattr(f, "__name__", type(f).__name__))
    graph.trace = trace
    graph.records = records = _Records(trace, sys._getframe())
    watcher = Watcher(auto=False)
    tensors = []
    for data in arrays:
        x = Tensor.__new__(Tensor)
        x._data, x._token, x._node = convert(data, None), graph.token, len(graph.records)
        graph.records.append((INPUT, None, x._data, None))
        trace.arguments.append(x._node)
        trace.made.append(x)
        tensors.append(x)
    args, kwargs = call(tensors)
    graph.start(watcher)
    chance = Chance(f, args, kwargs)
    try:
        result = f(*args, **kwargs)
    except BaseException:
        trace.undo()
        trace.end()
        raise
    finally:
        graph.watchers.clear()
        thread.graph = None
        trace.drawn, trace.around = chance.drawn(), _guard.around(records.locals.frames())
        records.locals.finish()
    usual = {k for k, record in enumerate(records) if record[0].name in ACTIVATIONS}
    inner = records.locals.names().items()
    trace.names = {k: name for k, name in inner if k not in usual} | records.locals.names(depth=0)
    return trace, result


class _Records(list[Record]):
    """The records of a graph that is traced; notes what the function calls what they make."""

    def __init__(self, trace: Trace, bottom: FrameType) -> None:
        token = trace.graph.token
        self.trace = trace
        self.locals = Locals(
            bottom, lambda x: x._node if type(x) is Tensor and x._token is token else None
        )

    def append(self, record: Record) -> None:
        node, frame = len(self), sys._getframe(1)
        self.locals.look(frame, node)
        self.trace.places[node] = _guard.place_of(frame)
        made = frame.f_locals.get("result")  # as all calls of ops name what they return
        if type(made) is Tensor and made._token is self.trace.graph.token:
            self.trace.made.append(made)
        super().append(record)


def leaf_of(record: Record) -> Any:
    """The Variable or Tensor of a leaf's record; None for an argument."""
    return record[3] if record[0] is INPUT else None


__all__ = ["OUT", "Trace", "TracingError", "leaf_of", "run"]
