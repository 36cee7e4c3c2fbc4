"""Gradients from a graph: walk its records from the targets back to the sources.

Two walks do the same sum over paths. `consume` pops records as it goes, which frees memory on the
way: for the one tape of a graph that may be used once. `sweep` leaves the graph as it is, looks
only at records of the tape's own time that lie between sources and targets, and can run the rules
on Tensors, so that an outer tape records them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS
from ._graph import INPUT, NODES, Graph, Record, Token, parents, thread
from ._pulls import add_up
from ._tensor import Tensor

#: node of a target and its upstream gradient, raw or Tensor
Seeds = Sequence[tuple[int, Any]]
#: node -> its gradient so far, or None
Grads = list[Any] | defaultdict[int, Any]


def seed(grads: Grads, seeds: Seeds, sums: set[int]) -> None:
    """Put the upstream gradients where the walk begins."""
    for node, g in seeds:
        grads[node] = g if grads[node] is None else add_up(grads[node], g, node, sums)


def consume(graph: Graph, seeds: Seeds, sources: Sequence[int]) -> dict[int, Any]:
    """Gradients of the seeds' targets by source nodes; the graph's records are used up."""
    records = graph.records
    start = max([node for node, _ in seeds], default=-1)
    del records[start + 1 :]
    grads: list[Any] = [None] * (start + 1)
    sums: set[int] = set()
    seed(grads, seeds, sums)
    found: dict[int, Any] = {}
    pop_record, pop_gradient = records.pop, grads.pop
    for source in sorted(set(sources), reverse=True):
        if source > start:
            continue
        for _ in range(len(records) - 1 - source):
            record = pop_record()
            g = pop_gradient()
            if g is not None:
                record[0].pull(record, g, grads, sums)
        if grads[source] is not None:
            found[source] = grads[source]
        if records[source][0] is INPUT:
            pop_record()
            pop_gradient()
    records.clear()
    return found


def sweep(
    graph: Graph,
    watched: set[int],
    spans: Sequence[tuple[int, int]],
    seeds: Seeds,
    sources: Sequence[int],
    recording: bool,
) -> dict[int, Any]:
    """The same, leaving the graph; on Tensors if `recording`.

    `watched` are the nodes that the tape watches; `spans` the ranges of records [start, stop) made
    while it recorded.
    """
    records = graph.records
    start = max((node for node, _ in seeds), default=-1)
    kept = {node for node in sources if node <= start}
    wanted, own = _between(records, watched, spans, kept, start)
    grads: defaultdict[int, Any] = defaultdict(_nothing)  # of a span, not of the whole graph
    sums: set[int] = set()
    seed(grads, seeds, sums)
    anomaly = thread.anomaly
    if anomaly is not None:
        anomaly.started(seeds)
    for node in sorted(wanted, reverse=True):
        g = grads[node]
        if g is None or node not in own:  # watched, but made before this tape recorded
            continue
        whole = records[node]
        record = _only(whole, wanted)
        if recording:
            record = _lift(record, node, whole, graph.token)
        first = len(records)
        if anomaly is None:
            record[0].pull(record, g, grads, sums)
        else:
            anomaly.pull(graph, node, record, g, grads, sums)
        if graph.trace is not None:
            graph.trace.pulled(node, g, first, grads)
        if node not in kept:
            del grads[node]
    return {node: grads[node] for node in kept & wanted if grads[node] is not None}


def _nothing() -> None:
    """No gradient yet."""


def _between(
    records: list[Record],
    watched: set[int],
    spans: Sequence[tuple[int, int]],
    sources: set[int],
    last: int,
) -> tuple[set[int], set[int]]:
    """Nodes up to `last` that the tape knows and that depend on a source, and those sources.

    Also those among them that the tape recorded itself.
    """
    known = set(watched)
    depends = sources & known
    own: set[int] = set()
    for start, stop in spans:
        for node in range(start, min(stop, last + 1)):
            for i in parents(records[node]):
                if i is not None and i in known:
                    known.add(node)
                    if i in depends or node in sources:
                        depends.add(node)
                        own.add(node)
    return depends, own


def _only(record: Record, wanted: set[int]) -> Record:
    """The record with nodes that are not wanted left out."""
    end = NODES + record[0].arity(record)
    nodes = (i if i is not None and i in wanted else None for i in record[NODES:end])
    return (*record[:NODES], *nodes, *record[end:])


def _lift(record: Record, node: int, whole: Record, token: Token) -> Record:
    """The record with Tensors for raw arrays, as the rules of a recorded walk need it.

    Nodes come from the whole record: an input that no gradient is asked for may still be tracked.
    """
    n = record[0].arity(record)
    end = NODES + n
    inputs = (
        tensor(data, token, i)
        for data, i in zip(record[end : end + n], whole[NODES:end], strict=True)
    )
    out = record[2]
    if record[0].outputs and out is not None:  # the records of the outputs follow
        out = tuple(tensor(y, token, node + 1 + k) for k, y in enumerate(out))
    else:
        out = tensor(out, token, node)
    return (
        *record[:2],
        out,
        *record[NODES:end],
        *inputs,
        *record[end + n :],
    )


def tensor(data: Any, token: Token | None, node: int | None) -> Any:
    """A Tensor around raw data that a record kept, at its node; Python numbers stay numbers."""
    if not isinstance(data, (np.ndarray, np.generic)) and type(data) not in DEVICE_ARRAYS:
        return data
    result = Tensor.__new__(Tensor)
    result._data = data
    result._token = None if node is None else token
    if node is not None:
        result._node = node
    return result
