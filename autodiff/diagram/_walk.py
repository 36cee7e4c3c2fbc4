"""The part of a tape's graph behind its targets: whole values forward, gradients wire by wire.

A record keeps only what derivative rules need, so values are recomputed from the leaves' values at
record time. A gate's pull is asked for each input apart, so that a value that forks has one
gradient per branch besides their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays._backend import NAMESPACES, as_data
from ..engine._graph import NODES, OUT, Graph, Record, parents, thread
from ..engine._op import Op

if TYPE_CHECKING:
    from ..engine._tape import GradientTape


class Walk(NamedTuple):
    """What was found; nodes are positions in the graph's records."""

    #: the targets' nodes and upstream gradients
    seeds: list[tuple[int, Any]]
    #: nodes that the picture shows, in the order they were recorded
    drawn: list[int]
    #: those of them that are gates; the others are leaves to this tape
    gates: set[int]
    #: node -> raw output
    values: dict[Hashable, Any]
    #: node -> gradient of all its uses together
    totals: dict[Hashable, Any]
    #: gate -> the gradient that goes back through each of its inputs
    parts: dict[int, list[Any]]


def walk(tape: GradientTape, seeds: list[tuple[int, Any]], max_nodes: int) -> Walk:
    """Follow the graph behind the seeds as far as the tape knows it.

    Raises:
        ValueError: a target that the tape does not know; more than `max_nodes` nodes.
    """
    graph = tape._usable()
    records = graph.records
    targets = [node for node, _ in seeds]
    behind = _reach(records, targets, lambda node: True)
    known, gates = _known(tape, graph, behind)
    for target in targets:
        if target not in known:
            raise ValueError(UNRECORDED)
    drawn = _reach(records, targets, lambda node: node in known, gates)
    if len(drawn) > max_nodes:
        raise ValueError(
            f"diagram: {len(drawn)} gates and leaves lie behind the target, more than "
            f"max_nodes={max_nodes}; nobody could read a picture of that size: draw a Tensor from "
            "further inside, or raise max_nodes"
        )
    gates &= set(drawn)
    recording, thread.graph = thread.graph, None  # drawing is not part of the program
    try:
        with np.errstate(all="ignore"):
            values = _values(records, behind)
            totals, parts = _gradients(records, seeds, drawn, gates, known)
    finally:
        thread.graph = recording
    return Walk(seeds, drawn, gates, values, totals, parts)


UNRECORDED = (
    "diagram: this tape has not recorded the target: make it while the tape records, from "
    "Variables or from Tensors given to tape.watch"
)


def inputs(record: Record) -> tuple[Any, ...]:
    """What a record kept of its inputs."""
    n = record[0].arity(record)
    return record[NODES + n : NODES + 2 * n]


def _reach(
    records: Sequence[Record],
    starts: Iterable[int],
    wanted: Callable[[int], bool],
    through: set[int] | None = None,
) -> list[int]:
    """All nodes behind `starts`, in order; only `wanted` ones, and only `through` some if given."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        if through is not None and node not in through:
            continue
        for i in parents(records[node]):
            if i is not None and i not in found and wanted(i):
                found.add(i)
                waiting.append(i)
    return sorted(found)


def _known(tape: GradientTape, graph: Graph, behind: list[int]) -> tuple[set[int], set[int]]:
    """Which nodes the tape knows, and which of them are gates to it."""
    spans = list(tape._spans)
    if tape._started is not None:
        spans.append((tape._started, len(graph.records)))
    known = tape._watcher.nodes.intersection(behind)
    gates = set()
    for node in behind:
        if any(start <= node < stop for start, stop in spans) and any(
            i in known for i in parents(graph.records[node])
        ):
            known.add(node)
            gates.add(node)
    return known, gates


def _values(records: Sequence[Record], order: list[int]) -> dict[Hashable, Any]:
    values: dict[Hashable, Any] = {}
    for node in order:
        record = records[node]
        if record[OUT] is not None:
            values[node] = record[OUT]
            continue
        op = record[0]
        arrays = [
            values[i] if kept is None and i is not None else kept
            for i, kept in zip(parents(record), inputs(record), strict=True)
        ]
        statics = op.static_values(record).values()
        xp = NAMESPACES[type(arrays[0])]
        given = (arrays,) if op.variadic else arrays
        out = op.forward(xp, *given, *statics)
        values[node] = out if op.outputs else as_data(out)
    return values


def _gradients(
    records: Sequence[Record],
    seeds: list[tuple[int, Any]],
    drawn: list[int],
    gates: set[int],
    known: set[int],
) -> tuple[dict[Hashable, Any], dict[int, list[Any]]]:
    totals: dict[Hashable, Any] = {}
    parts: dict[int, list[Any]] = {}
    for node, g in seeds:
        totals[node] = _plus(totals.get(node), g)
    for node in reversed(drawn):
        if node not in gates:
            continue
        record, g = records[node], totals.get(node)
        wanted = [i if i in known else None for i in parents(record)]
        parts[node] = _pull(record, wanted, g)
        for i, part in zip(wanted, parts[node], strict=True):
            if i is not None and part is not None:
                totals[i] = _plus(totals.get(i), part)
    return totals, parts


def _pull(record: Record, wanted: list[int | None], g: Any) -> list[Any]:
    """The gradient for each wanted input, into a slot of its own."""
    n = len(wanted)
    slots: list[Any] = [None] * n
    if g is not None:
        nodes = [None if i is None else k for k, i in enumerate(wanted)]
        record[0].pull((*record[:NODES], *nodes, *record[NODES + n :]), g, slots, set())
    return slots


def _plus(total: Any, more: Any) -> Any:
    if total is None:
        return more
    if isinstance(more, dict):  # a function of several outputs: the gradient of each
        return {**total, **more}
    return total + more


def statics(record: Record) -> dict[str, Any]:
    """The static arguments of a gate, by name."""
    return record[0].static_values(record) if isinstance(record[0], Op) else {}
