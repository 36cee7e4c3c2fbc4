"""A picture as one page: all of it as data, and a program that lays it out in the browser."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from ._clusters import READABLE, Tree, grow
from ._dot import lines_of, style_of
from ._fold import added, group
from ._look import DARK, LIGHT, Look
from ._model import Node, Picture, Wire
from ._steps import turns
from ._text import MARKS, about, cost, details, printable, short, troubles

#: what the page says the shapes and lines mean
LEGEND = (
    ("parameter", "M-14,0 L-9,-6 H9 L14,0 L9,6 H-9 Z", "parameter"),
    ("data", "M-9,-6 H14 L9,6 H-14 Z", "data"),
    ("result", "M-14,-6 H14 V6 H-14 Z M-11,-3 H11 V3 H-11 Z", "result"),
    ("group", "M-14,-3 L-11,-6 H14 V3 L11,6 H-14 Z M-14,-3 H11 V6 M11,-3 L14,-6", "closed layer"),
)
LINES = (("dead", "gradient all zero"), ("vanishing", "vanishing"), ("nan", "NaN or Inf"))


def page(picture: Picture, look: Look, depth: int | None) -> str:
    """The page; see `Diagram.html`."""
    told = replace(look, flow="both")  # the page itself hides what the flow does not show
    tree = grow(picture, cut=depth is None)
    cut = depth is None and len(picture.nodes) > READABLE
    shown = tree.readable() if cut else tree.depth if depth is None else depth
    data = {
        "open": [id for id, cluster in tree.clusters.items() if cluster.level <= shown],
        "flow": look.flow,
        "theme": look.theme,
        "costs": look.costs,
        "numbers": picture.numbers,
        "path": sorted(look.path),
        "nodes": [_node(node, picture, tree) for node in picture.nodes],
        "clusters": _clusters(picture, tree),
        "wires": [_wire(wire, picture.sources, told) for wire in picture.wires],
        "sums": _sums(picture, tree, told),
        "turns": [turn._asdict() for turn in turns(picture, look.decimals)],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return _template().substitute(
        title=html.escape(printable(look.title)) or "Computational graph",
        style=f"{_colors()}\n{_file('page.css')}",
        script="\n".join(_file(name) for name in ("layout.js", "view.js", "actions.js")),
        legend=_legend(picture, bool(tree.clusters)),
        data=text,
    )


class Framed:
    """A page in a frame of a notebook."""

    def __init__(self, text: str, height: int) -> None:
        self.text, self.height = text, height

    def _repr_html_(self) -> str:
        style = f"width: 100%; height: {self.height}px; border: 1px solid #8888"
        return f'<iframe srcdoc="{html.escape(self.text)}" style="{style}"></iframe>'


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    return Template(_file("page.html"))


def _colors() -> str:
    blocks = []
    for selector, theme in ((":root", LIGHT), ('[data-theme="dark"]', DARK)):
        rules = " ".join(f"--{name}: {color};" for name, color in asdict(theme).items())
        blocks.append(f"{selector} {{ {rules} }}")
    return "\n".join(blocks)


def _legend(picture: Picture, clusters: bool) -> str:
    parts = ["<span>green above: value, red below: gradient</span>"]
    shown = {style_of(node, picture) for node in picture.nodes} | {"group" if clusters else ""}
    for style, outline, text in LEGEND:
        if style not in shown:
            continue
        shape = f'<g class="node {style}" transform="translate(15,8)"><path d="{outline}"/></g>'
        parts.append(f'<span><svg width="30" height="16">{shape}</svg>{text}</span>')
    for style, text in LINES:
        line = f'<path class="wire {style}" d="M0,8 H30"/>'
        parts.append(f'<span><svg width="30" height="16">{line}</svg>{text}</span>')
    return "".join(parts)


def _node(node: Node, picture: Picture, tree: Tree) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "style": style_of(node, picture),
        "label": short(printable(node.label)),
        "about": printable(about(node)),
        "lines": [printable(node.role)] if node.kind == "group" else [],
        "cost": cost(node),
        "cluster": tree.inside[node.id],
    }


def _clusters(picture: Picture, tree: Tree) -> list[dict[str, Any]]:
    members: defaultdict[str, list[Node]] = defaultdict(list)
    for node in picture.nodes:
        for id in tree.path(tree.inside[node.id]):
            members[id].append(node)
    found = []
    for id, cluster in tree.clusters.items():
        node = group(id, tree, members[id], picture.shapes)
        found.append(
            {
                "id": id,
                "kind": cluster.kind,
                "label": short(printable(cluster.label)),
                "role": node.role,
                "detail": printable(node.detail),
                "cost": cost(node),
                "parent": cluster.parent,
                "level": cluster.level,
                "depth": len(tree.path(id)),
                "members": [member.id for member in members[id]],
            }
        )
    return found


def _wire(wire: Wire, sources: dict[str, str], look: Look) -> dict[str, Any]:
    above, below = lines_of(wire, look)
    return {
        "id": wire.id,
        "tail": wire.tail,
        "head": wire.head,
        "source": sources[wire.id],
        "carries": wire.gradient is not None,
        "above": above,
        "about": printable_lines(details(wire, gradient=False)),
        **_gradient(wire, below),
    }


def _gradient(wire: Wire, below: list[tuple[str, str]]) -> dict[str, Any]:
    wrong = [mark for mark in troubles(wire) if mark]
    tip = details(wire) + "".join(f"\n{MARKS[mark]}" for mark in wrong)
    return {"below": below, "mark": wrong[-1] if wrong else "", "tip": printable_lines(tip)}


def printable_lines(text: str) -> str:
    """Text of several lines without what a page cannot hold."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _sums(picture: Picture, tree: Tree, look: Look) -> dict[str, dict[str, Any]]:
    """What stands on the one wire to a closed cluster that takes a value in several places."""
    sources = picture.sources
    branches: defaultdict[tuple[str, str], list[Wire]] = defaultdict(list)
    for wire in picture.wires:
        outside = set(tree.path(tree.inside[wire.tail]))
        for id in tree.path(tree.inside[wire.head]):
            if id not in outside:
                branches[sources[wire.id], id].append(wire)
    found = {}
    for (source, id), wires in branches.items():
        if len(wires) > 1:
            total = added(wires)
            found[f"{source} {id}"] = _gradient(total, lines_of(total, look)[1])
    return found
