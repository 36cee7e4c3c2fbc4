"""Which nodes belong together: the layers of a model, and stretches of a program too long to draw.

Gates that ran one after the other in one scope are a cluster: a layer that is called twice makes
two. As clusters are stretches of the program, what is left when some are closed has no circles.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from ._model import Picture

#: nodes that one can look at together; larger pictures are folded
READABLE = 150
#: a cluster with more gates and clusters inside than this is cut into stretches
MEMBERS = 40


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame around nodes; `level` counts the scopes from outside, sections have none."""

    id: str
    label: str
    parent: str = ""
    level: int = 0
    kind: str = "scope"  # or "section", or "stretch": cut for being long


class Tree(NamedTuple):
    """Clusters by id, parents first, and the innermost one of each node, "" for none."""

    clusters: dict[str, Cluster]
    inside: dict[str, str]

    def path(self, cluster: str) -> tuple[str, ...]:
        """The clusters around and with this one, outermost first."""
        found: list[str] = []
        while cluster:
            found.append(cluster)
            cluster = self.clusters[cluster].parent
        return tuple(reversed(found))

    def level(self, node: str) -> int:
        """How many scopes a node is in."""
        cluster = self.inside[node]
        return self.clusters[cluster].level if cluster else 0

    def visible(self, depth: int) -> int:
        """How many nodes and closed clusters there are with so many levels open."""
        shown = sum(self.level(node) <= depth for node in self.inside)
        return shown + sum(c.level == depth + 1 for c in self.clusters.values())

    @property
    def depth(self) -> int:
        """Levels of clusters."""
        return max((c.level for c in self.clusters.values()), default=0)

    def readable(self) -> int:
        """The most levels that can be open with no more nodes than one can look at."""
        fits = [d for d in range(self.depth + 1) if self.visible(d) <= READABLE]
        return max(fits, default=0)


def grow(picture: Picture, cut: bool = False) -> Tree:
    """The clusters of a picture; with `cut`, stretches of those that are long besides."""
    grown = _Growing(cut)
    paths = _runs(picture)
    grown.within([(gate, path) for gate, path in paths.items()], "", 0, 0)
    tree = Tree(grown.clusters, grown.inside)
    _place_others(picture, tree)
    return Tree(grown.clusters, {node.id: grown.inside[node.id] for node in picture.nodes})


class Part(NamedTuple):
    """A scope's name on the way to a gate, and which run of that scope it is."""

    label: str
    run: int
    kind: str


def _runs(picture: Picture) -> dict[str, tuple[Part, ...]]:
    """The section and scopes that each gate is in; gates come in the order of the program."""
    paths: dict[str, tuple[Part, ...]] = {}
    runs = 0
    #: section -> the scopes that the last gate there was in
    last: dict[str, list[Part]] = {}
    for node in picture.nodes:
        if node.kind not in ("gate", "group") or node.forks:
            continue
        outer = [Part(node.section, -1, "section")] if node.section else []
        path = last.setdefault(node.section, outer)
        names = [name for name in node.scope.split("/") if name]
        for k, name in enumerate(names, len(outer)):
            if k == len(path) or path[k].label != name:
                runs += 1
                del path[k:]
                path.append(Part(name, runs, "scope"))
        del path[len(outer) + len(names) :]
        paths[node.id] = tuple(path)
    return paths


Placed = list[tuple[str, tuple[Part, ...]]]


class _Growing:
    """Clusters and what is inside, from the paths of the gates."""

    def __init__(self, cut: bool) -> None:
        self.cut = cut
        self.clusters: dict[str, Cluster] = {}
        self.inside: dict[str, str] = {}
        self.seen: Counter[tuple[str, str]] = Counter()

    def within(self, gates: Placed, parent: str, level: int, depth: int) -> None:
        """The inside of a cluster: gates of its own, and clusters of those with longer paths."""
        members: defaultdict[str | Part, Placed] = defaultdict(list)
        for gate, path in gates:
            members[path[depth] if len(path) > depth else gate].append((gate, path))
        self.place(list(members.items()), parent, level, depth)

    def place(
        self, members: list[tuple[str | Part, Placed]], parent: str, level: int, depth: int
    ) -> None:
        """Members of a cluster, or of stretches of it where they are too many."""
        if self.cut and len(members) > MEMBERS:
            times = math.ceil(math.log(len(members), MEMBERS))
            size = math.ceil(len(members) ** ((times - 1) / times))
            for start in range(0, len(members), size):
                part = members[start : start + size]
                stretch = self.add(_stretch(part, start), parent, level + 1, "stretch")
                self.place(part, stretch, level + 1, depth)
            return
        for member, gates in members:
            if isinstance(member, str):
                self.inside[member] = parent
                continue
            below = level + (member.kind != "section")
            self.seen[parent, member.label] += 1
            again = self.seen[parent, member.label]
            label = member.label if again == 1 else f"{member.label} ({again})"
            self.within(gates, self.add(label, parent, below, member.kind), below, depth + 1)

    def add(self, label: str, parent: str, level: int, kind: str) -> str:
        """A new cluster's id."""
        id = f"cluster{len(self.clusters)}"
        self.clusters[id] = Cluster(id, label, parent, level, kind)
        return id


def _stretch(part: list[tuple[str | Part, Placed]], start: int) -> str:
    """What to call a stretch: its first and last scope, or how far along it is."""
    first, last = part[0][0], part[-1][0]
    if isinstance(first, Part) and isinstance(last, Part):
        return f"{first.label} … {last.label}"
    return f"{start + 1} … {start + len(part)}"


def _shared(*paths: tuple[str, ...]) -> tuple[str, ...]:
    """What all paths begin with."""
    return tuple(same[0] for same in zip(*paths, strict=False) if len({*same}) == 1)


def _place_others(picture: Picture, tree: Tree) -> None:
    """Parameters, constants and forks stand where they are used; data outside of all layers.

    A fork that leads back to where its value was made, besides elsewhere, stands there.
    """
    inside = tree.inside
    heads: defaultdict[str, list[str]] = defaultdict(list)
    tails: dict[str, str] = {}
    for wire in picture.wires:
        heads[wire.tail].append(wire.head)
        tails[wire.head] = wire.tail
    others = [node for node in picture.nodes if node.id not in inside]
    inside.update({node.id: "" for node in others if node.kind == "output" or not heads[node.id]})
    for node in sorted(others, key=lambda node: not node.forks):  # forks lead to gates at once
        if node.id in inside:
            continue
        paths = [tree.path(inside[head]) for head in heads[node.id]]
        common = _shared(*paths)
        made = tree.path(inside.get(tails[node.id], "")) if node.forks else ()
        if made[: len(common)] == common:
            common = max((_shared(made, path) for path in paths), key=len)
        if node.kind == "leaf" and node.detail != "parameter":
            kinds = [tree.clusters[id].kind == "stretch" for id in common]
            common = common[: kinds.index(False)] if False in kinds else common
        inside[node.id] = common[-1] if common else ""
