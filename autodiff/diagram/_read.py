"""From a tape's graph to a picture: gates, leaves, constants, one wire for each use of a value."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from .. import _nest
from ..arrays._backend import NAMESPACES, PYTHON_SCALARS, as_data
from ..engine._graph import INPUT, NODES, PICK, Graph, Record, parents
from ..engine._scope import scope_of
from ..engine._tensor import Tensor
from ._model import Node, Picture, Wire, frozen
from ._walk import UNRECORDED, Walk, inputs, statics, walk

if TYPE_CHECKING:
    from ..engine._tape import GradientTape

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Use(NamedTuple):
    """A value where it is taken: what it is, where it goes, and the gradient that comes back."""

    source: Hashable
    head: str
    gradient: Any


def read(
    tape: GradientTape,
    target: Any,
    names: Mapping[Tensor, str],
    copies: bool,
    constants: bool,
    max_nodes: int,
) -> Picture:
    """The picture of what lies behind `target`; see `draw` for the arguments."""
    graph = tape._usable()
    seeds = [_seed(graph, y) for y in _nest.flatten(target)]
    return _Reader(graph, walk(tape, seeds, max_nodes), names, constants).picture(copies)


def _seed(graph: Graph, target: Any) -> tuple[int, Any]:
    """A target's node and the gradient of 1 that it begins with."""
    if not isinstance(target, Tensor):
        raise TypeError(f"diagram: the target is {type(target).__name__}; expected a Tensor")
    nodes = graph.nodes_of(target)
    if not nodes:
        raise ValueError(UNRECORDED)
    return nodes[-1], as_data(NAMESPACES[type(target._data)].ones_like(target._data))


class _Reader:
    """Collects the nodes, and the uses of every value, in the order of the program.

    A value is known by its node in the graph; a constant, which has none, by a key of its own.
    """

    def __init__(
        self, graph: Graph, found: Walk, names: Mapping[Tensor, str], constants: bool
    ) -> None:
        self.graph, self.found, self.constants = graph, found, constants
        #: names that were given, by node and by constant
        self.named: dict[Hashable, str] = {}
        for x, name in names.items():
            self.named[_key(x._data)] = name
            self.named.update(dict.fromkeys(graph.nodes_of(x), name))
        self.unnamed = self._free_names()
        self.nodes: dict[str, Node] = {}
        self.uses: list[Use] = []
        self.values = found.values
        #: the id of the node that each value's wires begin at
        self.tails: dict[Hashable, str] = {}

    def picture(self, copies: bool) -> Picture:
        """All of it, with a fork wherever a value goes several ways."""
        for node in self.found.drawn:
            record = self.graph.records[node]
            if node not in self.found.gates:
                self._leaf(node, record)
            elif record[0] is PICK:  # one output of a function: its wire begins at the function
                self.tails[node] = self.tails[record[NODES]]
            else:
                self._gate(node, record)
        for k, (node, g) in enumerate(self.found.seeds):
            self._add(Node(f"out{k}", "output", self._name(node), "output"))
            self.uses.append(Use(node, f"out{k}", g))
        wires = self._wires("gate" if copies else "fork")
        return Picture(tuple(self.nodes.values()), tuple(wires))

    def _add(self, node: Node) -> str:
        self.nodes[node.id] = node
        return node.id

    def _leaf(self, node: int, record: Record) -> None:
        label = self._name(node) or next(self.unnamed)
        reads = self.graph.leaves.get(record[3], [node]) if record[0] is INPUT else [node]
        k = reads.index(node)  # which read: a Variable may have been assigned in between
        label += "′" * k if k < 4 else f" ({k})"
        learned = getattr(record[3], "trainable", False) if record[0] is INPUT else False
        kind = "parameter" if learned else "data"
        self.tails[node] = self._add(Node(f"leaf{node}", "leaf", label, kind))

    def _gate(self, node: int, record: Record) -> None:
        op = record[0]
        id = self.tails[node] = f"gate{node}"
        kept = inputs(record)
        label = None if self.constants else literal_label(op, kept)
        given = zip(parents(record), kept, self.found.parts[node], strict=True)
        for k, (i, data, part) in enumerate(given):
            if i in self.tails:
                self.uses.append(Use(i, id, part))
            elif label is None and not isinstance(data, tuple):  # a tuple describes, no more
                data = data if i is None else self.values[i]
                self.uses.append(Use(self._constant(data, (node, k)), id, None))
        static = ", ".join(f"{name}={value!r:.40}" for name, value in statics(record).items())
        detail = f"{op.name}({static})" if static else op.name
        scope = scope_of(self.graph, node)
        cost = self._cost(node, record)
        self._add(Node(id, "gate", label or op.label, detail, op.role, "", scope, *cost))

    def _cost(self, node: int, record: Record) -> tuple[int, int]:
        """Operations of a gate's forward, and bytes that it reads and writes."""
        out = self.values[node]
        results = out if isinstance(out, tuple) else (out,)
        operands = zip(parents(record), inputs(record), strict=True)
        given = [data if i is None else self.values[i] for i, data in operands]
        moved = sum(x.nbytes for x in (*given, *results) if hasattr(x, "nbytes"))
        declared = getattr(record[0], "flops", 0)
        if callable(declared):
            return int(declared(_shape(results[0]), *map(_shape, given))), moved
        return int(declared * sum(math.prod(_shape(y)) for y in results)), moved

    def _constant(self, data: Any, place: tuple[int, int]) -> Hashable:
        """The key of a constant: the same for the same array, another one for each literal."""
        literal = type(data) in PYTHON_SCALARS
        key: Hashable = ("literal", *place) if literal else _key(data)
        if key not in self.tails:
            label = text(data) if literal else self.named.get(key, "constant")
            id = f"const{sum(node.kind == 'constant' for node in self.nodes.values())}"
            self.tails[key] = self._add(Node(id, "constant", label, "constant"))
            self.values[key] = data
        return key

    def _wires(self, fork: Literal["gate", "fork"]) -> list[Wire]:
        """One wire for each use; those of one value begin at a fork, which has a wire too."""
        wires: list[Wire] = []

        def add(tail: str, head: str, value: Any, gradient: Any, name: str) -> None:
            wires.append(Wire(f"wire{len(wires)}", tail, head, value, frozen(gradient), name))

        count = Counter(use.source for use in self.uses)
        forks: dict[Hashable, str] = {}
        values = {source: frozen(self.values[source]) for source in count}
        for source, head, gradient in self.uses:
            value, tail = values[source], self.tails[source]
            made = self.nodes[tail]
            name = made.label if made.kind == "leaf" else self._name(source)
            if count[source] > 1:
                if source not in forks:
                    id = forks[source] = f"fork{len(forks)}"
                    label = "copy" if fork == "gate" else ""
                    self._add(Node(id, fork, label, "copy", "gradient adder"))
                    add(tail, id, value, self.found.totals.get(source), name)
                tail, name = forks[source], ""
            add(tail, head, value, gradient, name)
        return wires

    def _name(self, source: Hashable) -> str:
        """The name given for a value, or its Variable's own, or none."""
        record = self.graph.records[source] if isinstance(source, int) else (None,)
        own = getattr(record[3], "name", None) if record[0] is INPUT else None
        return self.named.get(source) or own or ""

    def _free_names(self) -> Iterator[str]:
        taken = {*self.named.values(), *(getattr(x, "name", None) for x in self.graph.leaves)}
        return (f"x{k}" for k in itertools.count(1) if f"x{k}" not in taken)


def _shape(data: Any) -> tuple[int, ...]:
    """Of an array or number, or of one of which no more is kept."""
    return data if isinstance(data, tuple) else np.shape(data)


def _key(data: Any) -> Hashable:
    return "constant", id(data)


def literal_label(op: Any, kept: tuple[Any, ...]) -> str | None:
    """The label of arithmetic with a number written in the program: +1, ×2, 1/x; else None."""
    literal = [type(data) in PYTHON_SCALARS for data in kept]
    if op.name not in _WITH_NUMBER or len(kept) != 2 or sum(literal) != 1:
        return None
    number = text(kept[literal.index(True)])
    return _WITH_NUMBER[op.name][literal.index(True)](number)


def text(number: Any) -> str:
    """A number as short as it was written: 2.0 is 2."""
    return f"{number:g}" if type(number) in (int, float) else str(number)


def _signed(number: str) -> str:
    return f"({number.replace('-', '−')})" if number.startswith("-") else number


def _power(number: str) -> str:
    whole = number.lstrip("-").isdigit()
    return f"x{number.translate(SUPERSCRIPTS)}" if whole else f"x^{_signed(number)}"


#: op -> label by the number it takes, if that is its first or its second input
_WITH_NUMBER: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "add": (lambda n: f"+{_signed(n)}", lambda n: f"+{_signed(n)}"),
    "subtract": (lambda n: f"{n}−x", lambda n: f"−{_signed(n)}"),
    "multiply": (lambda n: f"×{_signed(n)}", lambda n: f"×{_signed(n)}"),
    "divide": (lambda n: f"{n}/x", lambda n: f"÷{_signed(n)}"),
    "pow": (lambda n: f"{_signed(n)}^x", _power),
}
