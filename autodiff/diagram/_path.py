"""The ways from one value to the target."""

from __future__ import annotations

from collections import defaultdict

from ..engine._graph import Graph
from ..engine._tensor import Tensor
from ._model import Picture


def way(picture: Picture, graph: Graph, source: Tensor | str) -> frozenset[str]:
    """The ids of all nodes and wires that a value passes on its way to the target.

    Raises:
        ValueError: no such Tensor or name in the picture.
    """
    if isinstance(source, str):
        starts = {wire.id for wire in picture.wires if wire.name == source}
    else:
        nodes = {f"{kind}{n}" for n in graph.nodes_of(source) for kind in ("leaf", "gate")}
        starts = {wire.id for wire in picture.wires if wire.tail in nodes}
    if not starts:
        what = repr(source) if isinstance(source, str) else f"a {type(source).__name__}"
        raise ValueError(f"diagram: highlight is {what:.80}, which lies not behind the target")
    return reach(picture, starts)


def reach(picture: Picture, starts: set[str]) -> frozenset[str]:
    """All that lies between some wires and the target, the nodes where they begin with them."""
    leaving: defaultdict[str, list[str]] = defaultdict(list)
    for wire in picture.wires:
        leaving[wire.tail].append(wire.id)
    heads = {wire.id: wire.head for wire in picture.wires}
    found = {wire.tail for wire in picture.wires if wire.id in starts} | starts
    waiting = list(starts)
    while waiting:
        id = waiting.pop()
        if heads[id] not in found:
            found.add(heads[id])
            waiting += leaving[heads[id]]
        found.add(id)
    return frozenset(found)
