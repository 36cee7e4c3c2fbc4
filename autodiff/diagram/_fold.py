"""A picture with some of its clusters closed: each is one node, and takes and gives what it did."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any, NamedTuple

from ._clusters import Tree
from ._model import Node, Picture, Wire


class Shown(NamedTuple):
    """What there is to see: nodes and wires, the open clusters, and what stands for what."""

    picture: Picture
    tree: Tree
    #: node or wire of the whole picture -> node or wire here
    ids: dict[str, str]


def fold(picture: Picture, tree: Tree, depth: int) -> Shown:
    """A picture with `depth` levels of clusters open."""
    closed = {id for id, cluster in tree.clusters.items() if cluster.level > depth}
    if not closed:
        ids = [node.id for node in picture.nodes] + [wire.id for wire in picture.wires]
        return Shown(picture, tree, dict(zip(ids, ids, strict=True)))
    shown: dict[str, str] = {}
    members: defaultdict[str, list[Node]] = defaultdict(list)
    for node in picture.nodes:
        around = [id for id in tree.path(tree.inside[node.id]) if id in closed]
        shown[node.id] = around[0] if around else node.id
        if around:
            members[around[0]].append(node)
    nodes: dict[str, Node] = {}
    for node in picture.nodes:
        id = shown[node.id]
        if id not in nodes:
            nodes[id] = node if id == node.id else group(id, tree, members[id], picture.shapes)
    clusters = {id: cluster for id, cluster in tree.clusters.items() if id not in closed}
    inside = {id: tree.clusters[id].parent if id in closed else tree.inside[id] for id in nodes}
    wires = _joined(picture, shown)
    return Shown(Picture(tuple(nodes.values()), tuple(wires)), Tree(clusters, inside), shown)


def _joined(picture: Picture, shown: dict[str, str]) -> list[Wire]:
    """Wires between what is shown; those of one value into one closed cluster are one.

    That keeps the id of the first of them; `shown` learns of all.
    """
    joined: defaultdict[tuple[str, str, str], list[Wire]] = defaultdict(list)
    sources = picture.sources
    for wire in picture.wires:
        tail, head = shown[wire.tail], shown[wire.head]
        if tail == head:
            shown[wire.id] = tail
            continue
        folded = head != wire.head
        joined[tail, head, sources[wire.id] if folded else wire.id].append(wire)
    for wires in joined.values():
        shown.update({wire.id: wires[0].id for wire in wires})
    return [
        replace(added(wires), tail=tail, head=head) for (tail, head, _), wires in joined.items()
    ]


def added(wires: list[Wire]) -> Wire:
    """One wire in the place of several uses of a value, which carries all their gradients."""
    first, *others = wires
    gradient = first.gradient
    for wire in others:
        gradient = _plus(gradient, wire.gradient)
    return replace(first, gradient=gradient) if others else first


def _plus(g: Any, more: Any) -> Any:
    if g is None or more is None:
        return more if g is None else g
    return g + more


def group(id: str, tree: Tree, members: list[Node], shapes: dict[str, tuple[int, ...]]) -> Node:
    """A closed cluster as a node: how many gates of which kinds, and the parameters in it."""
    inner = [n for n in members if n.kind in ("gate", "group") and not n.forks]
    gates = Counter(n.label for n in inner)
    what = "layer" if any(n.kind == "group" for n in inner) else "gate"
    parameters = {n.id: n.label for n in members if n.detail == "parameter"}
    parts = [", ".join(f"{n} {label}" if n > 1 else label for label, n in gates.most_common(6))]
    if len(gates) > 6:
        parts[0] += ", …"
    if parameters:
        listed = [f"{name} {shapes[leaf]}" for leaf, name in list(parameters.items())[:6]]
        parts.append(f"parameters {', '.join(listed)}{', …' if len(parameters) > 6 else ''}")
    cluster = tree.clusters[id]
    count = gates.total()
    return Node(
        id,
        "group",
        cluster.label,
        detail="; ".join(parts),
        role=f"{count} {what}{'s' * (count != 1)}",
        scope="/".join(tree.clusters[around].label for around in tree.path(cluster.parent)),
        flops=sum(node.flops for node in members),
        bytes=sum(node.bytes for node in members),
    )
