"""A picture as DOT text, which Graphviz lays out.

The label of a wire is a node of its own in DOT, so that the wire runs through the middle of it:
what is written above stands above the wire, what is written below stands below.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import numpy as np

from ._model import Node, Picture, Wire

# Dark enough on white to tell apart in print; above and below say the same without colour.
VALUE, GRADIENT, NOTE = "#00702a", "#c0101c", "#606060"
#: a picture of numbers with at most this many leaves has them all in the first column
COLUMN = 12
#: characters of a name that are drawn; the whole of it is in the tooltip
NAME = 24
#: size of a gate's symbol by its length; a longer one has a box instead of a circle
SYMBOL = {1: 18, 2: 16, 3: 14, 4: 12, 5: 10.5}

STYLE = (
    'node [fontname="Helvetica" fontsize=14]',
    "edge [arrowhead=none arrowsize=0.6]",
)
#: how the nodes of each kind look
KINDS = {
    "leaf": 'shape=plaintext width=0.1 height=0.1 margin="0.04,0.02" fontname="Times-Italic" '
    "fontsize=15",
    "gate": 'shape=circle width=0.5 fixedsize=true style="rounded,filled" fillcolor=white',
    "fork": "shape=point width=0.07 height=0.07",
}
KINDS["output"] = KINDS["leaf"]
KINDS["constant"] = f'{KINDS["leaf"]} fontcolor="{NOTE}"'
BOX = 'shape=box fixedsize=false height=0.4 margin="0.12,0.05"'


def body(picture: Picture, decimals: int, title: str) -> list[str]:
    """The statements of the digraph, one a line."""
    return [f"\t{line}\n" for line in _statements(picture, decimals, title)]


def _statements(picture: Picture, decimals: int, title: str) -> Iterator[str]:
    heading = f" label={quote(title)} labelloc=t fontname=Helvetica" if title else ""
    yield f"graph [rankdir=LR nodesep=0.17 ranksep=0.24 ordering=in{heading}]"
    yield from STYLE
    nodes = {node.id: node for node in picture.nodes}
    for kind, style in KINDS.items():
        members = [node for node in picture.nodes if node.kind == kind]
        if members:
            rank = "rank=same; " if kind == "leaf" and _column(picture, len(members)) else ""
            yield f"{{ {rank}node [{style}]"
            yield from (f"\t{_node(node)}" for node in members)
            yield "}"
    written = {wire.id: _above_below(wire, decimals) for wire in picture.wires}
    width = max((_width(text) for texts in written.values() for text in texts), default=0)
    yield "{ node [shape=plain fontsize=13 class=wire]"
    for wire in picture.wires:
        ends = nodes[wire.tail], nodes[wire.head]
        yield f"\t{_label(wire, *ends, *written[wire.id], width)}"
    yield "}"
    for k, section in enumerate(picture.sections):
        framed = [node.id for node in picture.nodes if node.section == section]
        joined = [w.id for w in picture.wires if {w.tail, w.head} <= set(framed)]
        inside = "; ".join([*framed, *joined])
        frame = f"label={quote(section)} fontname=Helvetica style=rounded color={quote(NOTE)}"
        yield f"subgraph cluster{k} {{ graph [{frame}]; {inside} }}"
    for wire in picture.wires:
        yield from _lines(wire, nodes[wire.tail], nodes[wire.head])


def _column(picture: Picture, leaves: int) -> bool:
    numbers = all(wire.shape == () for wire in picture.wires)
    return numbers and leaves <= COLUMN and not picture.sections


def _node(node: Node) -> str:
    about = f"{node.detail} ({node.role})" if node.role else node.detail
    tip = node.label if node.kind in ("leaf", "constant", "output") else about
    size = ""
    if node.kind == "gate":
        fits = len(node.label) in SYMBOL
        size = f" fontsize={SYMBOL[len(node.label)]}" if fits else f" {BOX}"
    label = f"label={quote(short(node.label))} tooltip={quote(tip or node.kind)}"
    return f"{node.id} [{label} id={node.id} class={node.kind}{size}]"


def _above_below(wire: Wire, decimals: int) -> tuple[str, str]:
    if wire.shape == ():
        return number(wire.value, decimals), number(wire.gradient, decimals)
    return str(wire.shape), str(wire.dtype)


def _width(text: str) -> int:
    """Room for a text in points, even: Graphviz leaves gaps beside tables of odd width."""
    return 4 + 2 * int(4.2 * max(len(text), 5))


def _label(wire: Wire, tail: Node, head: Node, above: str, below: str, width: int) -> str:
    """What stands above and below a wire; `width` is that of all wires, which lines them up."""
    colors = (VALUE, GRADIENT) if wire.shape == () else ("black", NOTE)
    over, under = _font(above, colors[0]), _font(below, colors[1])
    if wire.name and tail.kind == "gate" and head.kind != "output":
        name = short(wire.name)
        over, width = f"<i>{markup(name)}</i> {over}", max(width, _width(f"{name} {above}"))
    rows = f'<tr><td width="{width}">{over}</td></tr><hr/><tr><td>{under}</td></tr>'
    table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{rows}</table>'
    tip = f"{tail.label or 'fork'} → {head.label or head.kind}: {describe(wire)}"
    return f"{wire.id} [label=<{table}> id={wire.id} tooltip={quote(tip)}]"


def _lines(wire: Wire, tail: Node, head: Node) -> Iterator[str]:
    """The wire to its label and on; straight where it can be, with a head where a gate takes it."""
    yield f"{wire.tail} -> {wire.id}:w [weight=10]"
    arrow = "" if head.kind == "fork" else " arrowhead=normal"
    yield f"{wire.id}:e -> {wire.head} [weight={1 if tail.kind == 'leaf' else 4}{arrow}]"


def _font(text: str, color: str) -> str:
    return f'<font color="{color}">{markup(text) or "&#160;"}</font>'


def describe(wire: Wire) -> str:
    """Value and gradient in full, or shape and dtype; what a tooltip says.

    >>> describe(Wire("wire0", "leaf0", "gate1", 2.0, -0.25))
    'value 2.0, gradient -0.25'
    """
    if wire.shape != ():
        named = f"{wire.name} " if wire.name else ""
        return f"{named}{wire.shape} {wire.dtype}"
    value = f"value {wire.value}"
    return value if wire.gradient is None else f"{value}, gradient {wire.gradient}"


def number(value: Any, decimals: int) -> str:
    """A number as on a slide, nothing for None; very large ones in scientific notation.

    >>> number(-0.196612, 2), number(-0.0001, 2), number(12345678.9, 2)
    ('-0.20', '0.00', '1.23e+07')
    """
    if value is None:
        return ""
    value = np.asarray(value).item()
    if isinstance(value, bool):
        return str(value)
    big = 1e6 <= abs(value) < np.inf
    text = f"{value:.{decimals}{'e' if big else 'f'}}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def short(text: str) -> str:
    """The beginning of a long name."""
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"


def printable(text: str) -> str:
    """Text on one line, without what XML and DOT cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def markup(text: str) -> str:
    r"""Text inside an HTML-like label.

    Graphviz replaces \N and the like there too, and has no escape for it: an invisible character
    (the word joiner) keeps the two apart.

    >>> markup("a<b & c")
    'a&lt;b &amp; c'
    """
    return html.escape(printable(text), quote=False).replace("\\", "\\&#8288;")


def quote(text: str) -> str:
    r"""A DOT string that means just this text.

    >>> print(quote(r'a "\N" &amp; b'))
    "a \"\\N\" &amp;amp; b"
    """
    text = html.escape(printable(text), quote=False)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
