"""The DOT text of a diagram, and the SVG that Graphviz makes of it, read back."""

from __future__ import annotations

import html
import re
import shutil
import sys
import time
from importlib.util import find_spec
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest

import autodiff as ad
from autodiff.diagram import Diagram, Node, Picture, Wire
from autodiff.diagram._dot import GRADIENT, VALUE, body
from tests.autodiff.slides import FOLDED, LEAVES, UNFOLDED, neuron

needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None and find_spec("pygraphviz") is None,
    reason="neither a system Graphviz nor pygraphviz is installed",
)

Numbers = tuple[str, str]
JOINER = "\u2060"  # invisible, behind a backslash
SVG = {"svg": "http://www.w3.org/2000/svg"}


class Drawn(NamedTuple):
    """A drawing read back: labels of nodes, numbers on wires, and what a wire joins."""

    labels: dict[str, str]
    numbers: dict[str, Numbers]
    tails: dict[str, str]
    heads: dict[str, str]

    def leaves(self) -> dict[str, Numbers]:
        """The numbers on each leaf's wire, by the leaf's name."""
        return {
            self.labels[tail]: self.numbers[wire]
            for wire, tail in self.tails.items()
            if tail.startswith("leaf")
        }

    def chain(self, start: str) -> tuple[list[str], list[Numbers]]:
        """Gates, and numbers on the wires, from a node on to the output."""
        gates, numbers = [], []
        while not start.startswith("out"):
            (wire,) = (w for w, tail in self.tails.items() if tail == start)
            numbers.append(self.numbers[wire])
            start = self.heads[wire]
            gates.append(self.labels[start])
        return gates[:-1], numbers


def from_dot(source: str) -> Drawn:
    labels: dict[str, str] = {}
    numbers: dict[str, Numbers] = {}
    for line in source.splitlines():
        if found := re.match(r'\s*(\w+) \[label="((?:[^"\\]|\\.)*)"', line):
            label = found[2].replace('\\"', '"').replace("\\\\", "\\")
            labels[found[1]] = html.unescape(label)
        elif found := re.match(r"\s*(wire\d+) \[label=<(.*)> id=", line):
            value, gradient = re.findall(r'<font color="([^"]*)">([^<]*)</font>', found[2])
            assert (value[0], gradient[0]) == (VALUE, GRADIENT)
            assert found[2].index(value[1]) < found[2].index("<hr/>") < found[2].index(GRADIENT)
            numbers[found[1]] = value[1], gradient[1]
            if name := re.search("<i>(.*)</i>", found[2]):
                labels[found[1]] = html.unescape(name[1]).replace(JOINER, "")
    edges = re.findall(r"(\w+)(?::e)? -> (\w+)", source)
    return Drawn(
        labels,
        numbers,
        {wire: tail for tail, wire in edges if wire in numbers},
        {wire: head for wire, head in edges if wire in numbers},
    )


def from_svg(svg: str) -> Drawn:
    labels: dict[str, str] = {}
    numbers: dict[str, Numbers] = {}
    edges = []
    for group in ElementTree.fromstring(svg).iterfind(".//svg:g[@class]", SVG):
        kind, texts = group.attrib["class"], group.findall(".//svg:text", SVG)
        if kind == "edge":
            title = group.findtext("svg:title", "", SVG)
            edges.append([end.split(":")[0] for end in title.split("->")])
        elif kind == "node wire":
            names = [text for text in texts if text.get("font-style") == "italic"]
            for text in names:
                labels[group.attrib["id"]] = (text.text or "").replace(JOINER, "")
            texts = [text for text in texts if (text.text or "").strip() and text not in names]
            above, below = sorted(texts, key=lambda text: float(text.attrib["y"]))
            assert (above.attrib["fill"], below.attrib["fill"]) == (VALUE, GRADIENT)
            numbers[group.attrib["id"]] = above.text or "", below.text or ""
        elif texts:
            labels[group.attrib["id"]] = texts[0].text or ""
    return Drawn(
        labels,
        numbers,
        {wire: tail for tail, wire in edges if wire in numbers},
        {wire: head for wire, head in edges if wire in numbers},
    )


def read(diagram: Diagram, form: str) -> Drawn:
    return (
        from_dot(diagram.source)
        if form == "dot"
        else from_svg(diagram.pipe("svg", encoding="utf-8"))
    )


forms = pytest.mark.parametrize("form", ["dot", pytest.param("svg", marks=needs_graphviz)])


@forms
@pytest.mark.parametrize("unfolded", [False, True])
def test_the_sigmoid_neuron_has_the_lectures_numbers_at_its_edges(
    form: str, unfolded: bool
) -> None:
    drawn = read(neuron(unfolded), form)
    assert drawn.leaves() == LEAVES
    last_sum = [node for node, label in drawn.labels.items() if label == "+"][-1]
    assert drawn.chain(last_sum) == (UNFOLDED if unfolded else FOLDED)
    assert drawn.labels["out0"] == "f"
    gate = {drawn.labels[tail]: drawn.heads[wire] for wire, tail in drawn.tails.items()}
    assert gate["w0"] == gate["x0"] != gate["w1"] == gate["x1"]
    assert gate["w2"] == last_sum


@needs_graphviz
def test_left_to_right_gates_are_circles_of_one_size() -> None:
    tree = ElementTree.fromstring(neuron(unfolded=True).pipe("svg", encoding="utf-8"))
    circles = tree.findall(".//svg:g[@class='node gate']//svg:ellipse", SVG)
    assert {(c.attrib["rx"], c.attrib["ry"]) for c in circles} == {("18", "18")}
    x = [float(c.attrib["cx"]) for c in circles]
    assert x[2:] == sorted(set(x[2:]))
    leaves = tree.findall(".//svg:g[@class='node leaf']//svg:text", SVG)
    assert max(float(leaf.attrib["x"]) for leaf in leaves) < min(x)


NAMES = ['<b>&"\\N', "a&amp;b", "two\nlines", "nul\0, lone \ud800", "σ→∂", "%s{}|"]


@forms
@pytest.mark.parametrize("name", NAMES)
def test_names_are_drawn_as_they_are(form: str, name: str) -> None:
    x = ad.Variable(1.0, name=name)
    with ad.GradientTape() as tape:
        y = ad.exp(x)
        z = ad.exp(y)
    drawn = read(tape.diagram(z, names={y: name, z: name}, title=name), form)
    shown = re.sub("[\0\n\ud800 ]+", " ", name).strip()
    assert [drawn.labels[place] for place in ("leaf0", "wire1", "out0")] == [shown] * 3


def test_long_names_are_cut_in_the_picture_and_whole_in_the_tooltip() -> None:
    name = "layer/" * 10
    x = ad.Variable(1.0, name=name)
    with ad.GradientTape() as tape:
        y = ad.exp(x)
    source = tape.diagram(y).source
    assert f'[label="{name[:23]}…" tooltip="{name}"' in source


def test_arrays_show_name_shape_and_dtype() -> None:
    x = ad.Variable(np.ones((32, 4)), name="x")
    with ad.GradientTape() as tape:
        h = ad.tanh(x)
        y = ad.mean(h)
    source = tape.diagram(y, names={h: "h"}).source
    (wire,) = (line for line in source.splitlines() if "tanh → mean" in line)
    for text in ("<i>h</i>", ">(32, 4)<", ">float64<", 'tooltip="tanh → mean: h (32, 4) float64"'):
        assert text in wire
    assert ">1.00<" in source  # the mean is a number


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.125, 2, "0.12"),
        (0.125, 3, "0.125"),
        (2.0, 0, "2"),
        (-0.001, 2, "0.00"),
        (-0.001, 3, "-0.001"),
        (1.5e6, 2, "1.50e+06"),
        (10**30, 2, "1.00e+30"),
        (-np.inf, 2, "-inf"),
        (np.nan, 2, "nan"),
        (np.array(3), 2, "3.00"),
        (np.bool_(True), 2, "True"),
        (1 + 2j, 1, "1.0+2.0j"),
    ],
)
def test_numbers_as_drawn(value: Any, decimals: int, text: str) -> None:
    wire = Wire("wire0", "leaf0", "out0", value, value)
    picture = Picture((Node("leaf0", "leaf", "x"), Node("out0", "output")), (wire,))
    assert body(picture, decimals, "")[-4].count(f">{text}<") == 2


@forms
def test_sections_have_frames(form: str) -> None:
    nodes = (
        Node("leaf0", "leaf", "x"),
        Node("gate1", "gate", "σ", section="hidden & deep"),
        Node("out0", "output"),
    )
    ends = [("leaf0", "gate1"), ("gate1", "out0")]
    wires = [Wire(f"wire{k}", *pair, 1.0, 1.0) for k, pair in enumerate(ends)]
    diagram = Diagram(Picture(nodes, tuple(wires)))
    assert diagram.picture.sections == ("hidden & deep",)
    if form == "dot":
        assert re.search(
            r'subgraph cluster0 .*label="hidden &amp; deep".*; gate1 }', diagram.source
        )
    else:
        tree = ElementTree.fromstring(diagram.pipe(encoding="utf-8"))
        (frame,) = tree.iterfind(".//svg:g[@class='cluster']", SVG)
        assert frame.findtext("svg:text", "", SVG) == "hidden & deep"


@needs_graphviz
def test_a_training_step_is_drawn_in_a_second() -> None:
    rng = np.random.default_rng(0)
    x, labels = ad.asarray(rng.normal(size=(32, 784))), rng.integers(0, 10, 32)
    shapes = {"W1": (784, 128), "b1": (128,), "W2": (128, 10), "b2": (10,)}
    W1, b1, W2, b2 = (ad.Variable(rng.normal(size=s), name=n) for n, s in shapes.items())
    with ad.GradientTape() as tape:
        logits = ad.relu(x @ W1 + b1) @ W2 + b2
        loss = ad.mean(ad.softmax_cross_entropy(logits, labels))
    start = time.perf_counter()
    svg = tape.diagram(loss, names={x: "x", loss: "loss"}).pipe("svg", encoding="utf-8")
    assert time.perf_counter() - start < 1
    texts = [text.text for text in ElementTree.fromstring(svg).iterfind(".//svg:text", SVG)]
    assert {*shapes, *map(str, shapes.values()), "(32, 784)", "relu", "loss"} <= set(texts)


def test_dot_text_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("graphviz", "pygraphviz"):
        monkeypatch.setitem(sys.modules, package, None)
    diagram = neuron()
    assert str(diagram) == "".join(diagram) == diagram.source
    assert diagram.source.startswith("digraph {\n")
    with pytest.raises(ImportError, match=r"pip install 'autodiff-tape\[diagrams\]'"):
        diagram.digraph()


def test_a_digraph_of_the_graphviz_package() -> None:
    graphviz = pytest.importorskip("graphviz", reason="the graphviz package is not installed")
    diagram = neuron()
    digraph = diagram.digraph()
    assert isinstance(digraph, graphviz.Digraph)
    assert digraph.source == diagram.source
    digraph.node("more")
    assert "more" not in diagram.source
