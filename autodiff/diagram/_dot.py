"""A picture as DOT text, which Graphviz lays out.

The label of a wire is a node of its own in DOT, so that the wire runs through the middle of it:
what is written above stands above the wire, what is written below stands below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ._clusters import Tree, grow
from ._look import LIGHT, Look, Theme
from ._model import Node, Picture, Spec, Wire
from ._text import MARKS, about, cost, describe, markup, number, quote, short, statistics, troubles

VALUE, GRADIENT, NOTE = LIGHT.value, LIGHT.gradient, LIGHT.note
#: a picture of numbers with at most this many leaves has them all in the first column
COLUMN = 12
#: size of a gate's symbol by its length; a longer one has a box instead of a circle
SYMBOL = {1: 18, 2: 16, 3: 14, 4: 12, 5: 10.5}
#: pictures of more nodes have Graphviz stop its network simplex early: Graphviz 14 takes
#: more than 20 s instead of 1.3 s for a hundred nodes half of which take one value
LARGE, LIMITS = 50, " nslimit=2 nslimit1=2"
#: of text that only keeps its room
UNSEEN = "#ffffff00"
#: how wide the wires on a highlighted way are
WIDE = 2.6

PLAIN = (
    'shape=plaintext width=0.1 height=0.1 margin="0.04,0.02" fontname="Times-Italic" fontsize=15'
)
BOX = 'shape=box fixedsize=false height=0.4 margin="0.12,0.05"'


def styles(theme: Theme) -> dict[str, str]:
    """How the nodes of each kind look: by shape first, by colour besides."""
    filled = "style=filled height=0.4"
    return {
        "leaf": PLAIN,
        "parameter": f'shape=hexagon margin="0.02,0.05" {filled} fillcolor="{theme.parameter}"',
        "data": f'shape=parallelogram margin="0,0.05" {filled} fillcolor="{theme.data}"',
        "gate": 'shape=circle width=0.5 fixedsize=true style="rounded,filled" '
        f'fillcolor="{theme.gate}"',
        "group": f'shape=box3d style=filled margin="0.16,0.08" fillcolor="{theme.group}"',
        "fork": f'shape=point width=0.07 height=0.07 color="{theme.ink}"',
        "output": PLAIN,
        "result": f'shape=box peripheries=2 margin="0.1,0.05" {filled} fillcolor="{theme.result}"',
        "constant": f'{PLAIN} fontcolor="{theme.note}"',
    }


def body(
    picture: Picture, decimals: int, title: str, look: Look | None = None, tree: Tree | None = None
) -> list[str]:
    """The statements of the digraph, one a line."""
    look = look or Look(decimals, title)
    return [f"\t{line}\n" for line in _Writer(picture, look, tree or grow(picture)).statements()]


class Texts(NamedTuple):
    """What stands on a wire, in lines from top to bottom, the wire between the two parts."""

    above: tuple[tuple[str, str], ...]
    below: tuple[tuple[str, str], ...]


class _Writer:
    def __init__(self, picture: Picture, look: Look, tree: Tree) -> None:
        self.picture, self.look, self.tree, self.theme = picture, look, tree, look.colors
        self.nodes = {node.id: node for node in picture.nodes}
        self.numbers = picture.numbers

    def statements(self) -> Iterator[str]:
        """All of it: the nodes by kinds, the wires' labels, the frames, the wires."""
        limits = LIMITS if len(self.picture.nodes) > LARGE else ""
        yield f"graph [rankdir=LR nodesep=0.17 ranksep=0.24 ordering=in{limits}{self._heading()}]"
        dark = "" if self.theme is LIGHT else f' color="{self.theme.ink}"'
        text = dark and f'{dark} fontcolor="{self.theme.ink}"'
        yield f'node [fontname="Helvetica" fontsize=14{text}]'
        yield f"edge [arrowhead=none arrowsize=0.6{dark}]"
        kinds: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.picture.nodes:
            kinds[style_of(node, self.picture)].append(node)
        for kind, style in styles(self.theme).items():
            if kind in kinds:
                column = kind == "leaf" and self._column(len(kinds[kind]))
                yield f"{{ {'rank=same; ' if column else ''}node [{style}]"
                yield from (f"\t{self._node(node, kind)}" for node in kinds[kind])
                yield "}"
        written = {wire.id: self._texts(wire) for wire in self.picture.wires}
        numbers = [t for w in self.picture.wires if w.shape == () for t in written[w.id]]
        width = max((_width(text) for rows in numbers for text, _ in rows), default=_width(""))
        yield "{ node [shape=plain fontsize=13 class=wire]"
        for wire in self.picture.wires:
            yield f"\t{self._label(wire, written[wire.id], width)}"
        yield "}"
        yield from self._frames()
        for wire in self.picture.wires:
            yield from self._lines(wire)

    def _heading(self) -> str:
        title, caption = self.look.title, self.look.caption
        lines = [quote(text)[1:-1] for text in (title, caption) if text is not None and text]
        if caption is not None and not caption:
            lines.append(" ")
        back = "" if self.theme is LIGHT else f' bgcolor="{self.theme.background}"'
        if not lines:
            return back
        color = "" if self.theme is LIGHT else f' fontcolor="{self.theme.ink}"'
        label = "\\n".join(lines)
        return f'{back} label="{label}" labelloc=t fontname=Helvetica{color}'

    def _column(self, leaves: int) -> bool:
        return self.numbers and leaves <= COLUMN and not self.tree.clusters

    def _node(self, node: Node, style: str) -> str:
        label, size = quote(short(node.label)), ""
        costs = cost(node) if self.look.costs else ""
        if node.kind == "gate":
            fits = len(node.label) in SYMBOL and not costs
            size = f" fontsize={SYMBOL[len(node.label)]}" if fits else f" {BOX}"
        extra = [node.role] if node.kind == "group" else []
        label = "\\n".join([label[1:-1], *(quote(x)[1:-1] for x in (*extra, costs) if x)])
        if node.id == self.look.current or node.id in self.look.path:
            size += f' penwidth={WIDE} color="{self.theme.path}"'
        known = node.kind if style == node.kind else f'"{node.kind} {style}"'
        tip = quote(about(node) or node.kind)
        return f'{node.id} [label="{label}" tooltip={tip} id={node.id} class={known}{size}]'

    def _texts(self, wire: Wire) -> Texts:
        """What stands on a wire, in its colours; gradients that are not known keep their room."""
        theme = self.theme
        red = UNSEEN if wire.id in self.look.pending else theme.gradient
        colors = {"ink": theme.ink, "note": theme.note, "value": theme.value, "gradient": red}
        above, below = lines_of(wire, self.look)
        return Texts(
            *(tuple((text, colors[kind]) for kind, text in part) for part in (above, below))
        )

    def _label(self, wire: Wire, texts: Texts, width: int) -> str:
        """What stands above and below a wire; `width` is that of all numbers, to line them up."""
        tail, head = self.nodes[wire.tail], self.nodes[wire.head]
        over = "<br/>".join(_font(*line) for line in texts.above)
        under = "<br/>".join(_font(*line) for line in texts.below)
        if wire.name and tail.kind in ("gate", "group") and head.kind != "output":
            name = short(wire.name)
            over = f"<i>{markup(name)}</i> {over}"
            width = max(width, _width(f"{name} {texts.above[0][0]}"))
        if wire.shape != ():
            lines = [_width(text) for text, _ in (*texts.above, *texts.below)]
            width = max(min(width, max(lines)), _width(texts.above[0][0]))
        rows = f'<tr><td width="{width}">{over}</td></tr><hr/><tr><td>{under}</td></tr>'
        color = self._color(wire)
        line = f' color="{color}"' if color else ""
        table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1"{line}>'
        tip = f"{tail.label or 'fork'} → {head.label or head.kind}: {describe(wire)}"
        wrong = [MARKS[mark] for mark in self._marks(wire) if mark]
        if wrong:
            tip += f" ({', '.join(wrong)})"
        return f"{wire.id} [label=<{table}{rows}</table>> id={wire.id} tooltip={quote(tip)}]"

    def _marks(self, wire: Wire) -> tuple[str, str]:
        """What is wrong with a wire, as far as it is known yet."""
        value, gradient = troubles(wire)
        return value, "" if wire.id in self.look.pending else gradient

    def _color(self, wire: Wire) -> str:
        """Of a wire that stands out, or of all in the dark; else "", which is black."""
        if wire.id in self.look.path:
            return self.theme.path
        if {"nan", "inf"} & {*self._marks(wire)}:
            return self.theme.trouble
        if self.look.flow == "backward":
            return self.theme.note if wire.gradient is None else self.theme.gradient
        return "" if self.theme is LIGHT else self.theme.ink

    def _lines(self, wire: Wire) -> Iterator[str]:
        """The wire to its label and on; straight where it can be, an arrow where a gate takes it.

        Dashes mark a gradient that is all zero, dots one that has vanished.
        """
        tail, head = self.nodes[wire.tail], self.nodes[wire.head]
        value, gradient = self._marks(wire)
        drawn = []
        if wire.id in self.look.path or {value, gradient} & {"nan", "inf"}:
            drawn.append(f"penwidth={WIDE}")
        if gradient in ("dead", "vanishing"):
            drawn.append("style=dashed" if gradient == "dead" else "style=dotted")
        if color := self._color(wire):
            drawn.append(f'color="{color}"')
        look = "".join(f" {part}" for part in drawn)
        back = self.look.flow == "backward"
        start = " dir=back arrowtail=normal" if back and wire.gradient is not None else ""
        end = "" if head.kind == "fork" or back else " arrowhead=normal"
        if tail.kind == "fork":
            start = ""
        yield f"{wire.tail} -> {wire.id}:w [weight=10{start}{look}]"
        yield f"{wire.id}:e -> {wire.head} [weight={1 if tail.kind == 'leaf' else 4}{end}{look}]"

    def _frames(self) -> Iterator[str]:
        """A frame around each open cluster, one inside the other."""
        inside: defaultdict[str, list[str]] = defaultdict(list)
        tree = self.tree
        for node, around in tree.inside.items():
            inside[around].append(node)
        for wire in self.picture.wires:
            ends = [tree.path(tree.inside[end]) for end in (wire.tail, wire.head)]
            common = [a for a, b in zip(*ends, strict=False) if a == b]
            inside[common[-1] if common else ""].append(wire.id)
        frames: defaultdict[str, list[str]] = defaultdict(list)
        for id, cluster in reversed(list(tree.clusters.items())):
            color = quote(self.theme.frame)
            style = "rounded" if cluster.kind == "section" else '"rounded,dashed"'
            frame = f"label={quote(short(cluster.label))} fontname=Helvetica style={style}"
            text = "" if self.theme is LIGHT else f' fontcolor="{self.theme.ink}"'
            parts = "; ".join([*reversed(frames[id]), *inside[id]])
            frames[cluster.parent].append(
                f"subgraph {id} {{ graph [{frame} color={color}{text}]; {parts} }}"
            )
        yield from reversed(frames[""])


def style_of(node: Node, picture: Picture) -> str:
    """The key of a node's style; leaves and results have shapes where there are arrays."""
    if picture.numbers:
        return node.kind
    if node.kind == "leaf":
        return node.detail if node.detail == "parameter" else "data"
    if node.kind == "constant":
        return "data" if picture.shapes.get(node.id) else "constant"
    return "result" if node.kind == "output" and node.label else node.kind


Lines = list[tuple[str, str]]


def lines_of(wire: Wire, look: Look) -> tuple[Lines, Lines]:
    """Lines above and below a wire, each with what it tells: number over number, or of an array
    its shape and values, gradients and dtype.
    """
    forward, backward = look.flow != "backward", look.flow != "forward"
    if wire.shape == () and not isinstance(wire.value, Spec):
        value = number(wire.value, look.decimals) if forward else ""
        gradient = number(wire.gradient, look.decimals) if backward else ""
        return [("value", value)], [("gradient", gradient)]
    above, below = [("ink", str(wire.shape))], [("note", str(wire.dtype))]
    if forward and (values := statistics(wire.value)):
        above.append(("value", values))
    if backward and (gradients := statistics(wire.gradient, gradient=True)):
        below.insert(0, ("gradient", gradients))
    return above, below


def _width(text: str) -> int:
    """Room for a text in points, even: Graphviz leaves gaps beside tables of odd width."""
    return 4 + 2 * int(4.2 * max(len(text), 5))


def _font(text: str, color: str) -> str:
    return f'<font color="{color}">{markup(text) or "&#160;"}</font>'
