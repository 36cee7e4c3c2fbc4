"""Slides that go back through a picture, one gate at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ._look import Look
from ._model import Node, Picture, Wire
from ._stats import summary
from ._text import mean_std, number


class Step(NamedTuple):
    """One gate's turn: the wires whose gradients it gives, and what is said about it."""

    node: str
    wires: tuple[str, ...]
    caption: str


def steps(picture: Picture, look: Look) -> Iterator[Look]:
    """The look of each slide: which gradients are not known yet, and whose turn it is."""
    pending = {wire.id for wire in picture.wires if wire.gradient is not None}
    yield replace(look, pending=frozenset(pending), caption="forward: all values")
    for step in turns(picture, look.decimals):
        pending -= {*step.wires}
        yield replace(look, pending=frozenset(pending), current=step.node, caption=step.caption)


def turns(picture: Picture, decimals: int) -> list[Step]:
    """The target's gradient, then every gate when all its upstream gradients are known."""
    taking: defaultdict[str, list[Wire]] = defaultdict(list)
    giving: defaultdict[str, list[Wire]] = defaultdict(list)
    for wire in picture.wires:
        if wire.gradient is not None:
            taking[wire.head].append(wire)
            giving[wire.tail].append(wire)
    missing = {node.id: len(giving[node.id]) for node in picture.nodes}
    found: list[Step] = []
    ends = [wire for node in picture.nodes if node.kind == "output" for wire in taking[node.id]]

    def known(wires: list[Wire]) -> list[Wire]:
        """These wires, and the stems of the dots whose branches are all known with them."""
        every = list(wires)
        for wire in every:
            missing[wire.tail] -= 1
            if not missing[wire.tail]:
                tail = nodes[wire.tail]
                if tail.kind == "fork":
                    every += taking[tail.id]
                elif tail.kind in ("gate", "group"):
                    ready.append(tail)
        return every

    nodes = {node.id: node for node in picture.nodes}
    ready: list[Node] = []
    order = {node.id: k for k, node in enumerate(picture.nodes)}
    first = known(ends)
    found.append(Step("", _ids(first), _caption("the target", "", [], ends, decimals)))
    while ready:
        ready.sort(key=lambda node: order[node.id])
        node = ready.pop()
        wires = known(taking[node.id])
        label = node.label if node.kind == "gate" else f"{node.label} ({node.role})"
        role = node.role if node.kind == "gate" else ""
        upstream, own = giving[node.id], taking[node.id]
        found.append(Step(node.id, _ids(wires), _caption(label, role, upstream, own, decimals)))
    return found


def _ids(wires: list[Wire]) -> tuple[str, ...]:
    return tuple(wire.id for wire in wires)


def _caption(label: str, role: str, upstream: list[Wire], given: list[Wire], decimals: int) -> str:
    """What a gate gets and what it gives."""
    name = f"{label}, {role}" if role else label
    gives = ", ".join(_gradient(wire, decimals) for wire in given)
    if not upstream:
        return f"{name}: begins with {gives}"
    gets = " + ".join(_gradient(wire, decimals) for wire in upstream)
    return f"{name}: upstream {gets} → {gives}"


def _gradient(wire: Wire, decimals: int) -> str:
    if wire.shape == ():
        return number(wire.gradient, decimals)
    found = summary(wire.gradient)
    return str(wire.shape) if found is None else mean_std(found)
