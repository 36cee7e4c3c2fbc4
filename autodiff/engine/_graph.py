"""The graph: what was recorded, as a list of tuples.

A node is a position in `Graph.records`. A record is one flat tuple

    (op, undo, out, *nodes, *inputs, *statics)

`nodes[k]` is the node that input k came from, or None where nothing depends on it;
`inputs[k]` is the raw array of input k where a derivative rule asks for it or where input k is a
constant, else None; `out` likewise. `undo` says how to sum away broadcasting (`_broadcast`), or is
None. A record holds raw arrays and numbers, never a Tensor, so nothing that happens to Tensors
later can change it, and the whole graph is freed without recursion or cycles.

There is one graph per thread at a time, shared by nested tapes: each op is recorded once, however
many tapes watch. A Tensor knows the token of the graph that recorded it and its node there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..arrays._device import Device
    from ..derivatives._anomaly import detect_anomaly
    from ..flat.trace._trace import Trace
    from ._tensor import Tensor
    from ._variable import Variable

#: Where a record's output stands, and where its node numbers begin.
OUT, NODES = 2, 3

Record = tuple[Any, ...]


class Token:
    """Identity of a graph, held by every Tensor recorded in it; keeps nothing alive."""

    __slots__ = ()


#: Token of every Variable and watched Tensor: look me up in the graph at hand.
LEAF = Token()

#: `_node` of a leaf that no graph has read.
UNREAD = (None, None)


class TracingError(TypeError):
    """Something that a flat program cannot repeat was done inside a function being traced."""


class Watcher:
    """What one tape watches: nodes, and whether trainable Variables join when they are read."""

    __slots__ = ("auto", "nodes", "variables")

    def __init__(self, auto: bool) -> None:
        self.auto = auto
        self.nodes: set[int] = set()
        self.variables: dict[Tensor, None] = {}


class _Input:
    """Stands where an op stands in the record of a leaf, `(INPUT, None, value, leaf)`."""

    name = label = "input"
    inputs: tuple[str, ...] = ()
    statics: tuple[str, ...] = ()
    outputs = None

    def arity(self, record: Record) -> int:
        return 0

    def pull(self, record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        """Nothing lies behind a leaf."""


INPUT = _Input()


class _Pick:
    """Stands where an op stands in the record of one of several outputs.

    The record is (PICK, None, out, node of them all, None, which); those of all outputs follow the
    record that made them, in order.
    """

    name = label = "output"
    inputs = ("outputs",)
    statics = ("which",)
    outputs = None
    role = ""

    def arity(self, record: Record) -> int:
        return 1

    def pull(self, record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        """Put g in its place among the upstream gradients of all outputs."""
        node, which = record[NODES], record[NODES + 2]
        if node is not None:
            found = dict(grads[node] or ())
            found[which] = g
            grads[node] = found


PICK = _Pick()


class Graph:
    """Records of one thread's computation, while at least one tape is recording or holds it."""

    __slots__ = ("epoch", "leaves", "records", "scopes", "tapes", "token", "trace", "watchers")

    def __init__(self) -> None:
        self.token = Token()
        self.records: list[Record] = []
        #: (position, full name): the scope that records are in from there on; see `_scope`
        self.scopes: list[tuple[int, str]] = [(0, "")]
        #: every leaf and its nodes (several when a Variable was assigned between reads)
        self.leaves: dict[Tensor, list[int]] = {}
        #: the tapes that record now
        self.watchers: list[Watcher] = []
        #: new whenever other tapes record; a leaf whose `_node` is (epoch, node) was read before
        self.epoch = Token()
        #: how many tapes have recorded here
        self.tapes = 0
        #: where everything is recorded for a flat program: what records do not say
        self.trace: Trace | None = None

    def start(self, watcher: Watcher) -> None:
        """Record for `watcher` too, on this thread."""
        if thread.graph is not None and thread.graph is not self:
            raise RuntimeError(
                "this tape recorded in a graph that has ended while another tape is recording now; "
                "enter a new GradientTape inside the other one instead"
            )
        thread.graph = self
        if thread.anomaly is not None:
            thread.anomaly.follow(self)
        self.watchers.append(watcher)
        self.epoch = Token()
        if self.scopes[-1][1] != thread.scopes[-1]:
            self.scopes.append((len(self.records), thread.scopes[-1]))

    def stop(self, watcher: Watcher) -> None:
        """No longer record for `watcher`."""
        self.watchers.remove(watcher)
        self.epoch = Token()
        if not self.watchers and thread.graph is self:
            thread.graph = None

    def read(self, x: Tensor) -> int | None:
        """Node of a Tensor that this graph did not make: a leaf's, or None for a constant.

        Tapes that watch by themselves begin to watch a trainable Variable here.
        """
        node = None
        if self.trace is not None and self.trace.follows(x):
            node = self.leaf(x)
        trainable: Any = getattr(x, "trainable", None)  # of a Variable True or False
        if trainable is not None:
            for watcher in self.watchers:
                if (watcher.auto and trainable) or x in watcher.variables:
                    node = self.leaf(x)
                    watcher.nodes.add(node)
                    watcher.variables[x] = None
        elif x in self.leaves:
            node = self.leaves[x][-1]
        if x._token is LEAF:
            x._node = (self.epoch, node)
        return node

    def would_read(self, x: Tensor) -> bool:
        """Whether an op would record that it read this leaf."""
        trainable = getattr(x, "trainable", None)
        if trainable is None:
            return x in self.leaves
        return any((w.auto and trainable) or x in w.variables for w in self.watchers)

    def leaf(self, x: Tensor) -> int:
        """Node of a leaf with the value it has now; a new one if it has none yet."""
        nodes = self.leaves.get(x)
        if self.trace is not None and nodes and x in self.trace.assigned:
            return nodes[-1]
        node = len(self.records)
        if nodes is None:
            self.leaves[x] = [node]
        elif self.records[nodes[-1]][OUT] is x._data:
            return nodes[-1]
        else:
            nodes.append(node)
        self.records.append((INPUT, None, x._data, x))
        return node

    def assigning(self, variable: Variable) -> None:
        """A Variable is about to take another value."""

    def drawing(self, bits: Any) -> None:
        """Random numbers are about to be drawn from these bits."""
        if self.trace is not None:
            self.trace.drawing(bits)

    def watches(self, x: Tensor) -> bool:
        """Whether a tape was told to watch this very Tensor: gradients by it are expected."""
        if x._token is self.token:
            return any(x._node in watcher.nodes for watcher in self.watchers)
        return x in self.leaves

    def nodes_of(self, x: Tensor) -> list[int]:
        """Every node that stands for `x`: its own, or all the reads of a leaf."""
        return [x._node] if x._token is self.token else self.leaves.get(x, [])


def parents(record: Record) -> tuple[int | None, ...]:
    """The node of each input of a record; None where the input is a constant."""
    return record[NODES : NODES + record[0].arity(record)]


class _Thread(threading.local):
    #: the graph that ops on this thread are recorded in, or None
    graph: Graph | None = None
    #: looks at all results and gradients, or None
    anomaly: detect_anomaly | None = None
    #: the device that arrays are made on, or None for the default one
    device: Device | None = None

    def __init__(self) -> None:
        #: full names of the scopes that this thread is in, innermost last
        self.scopes = [""]


thread = _Thread()
