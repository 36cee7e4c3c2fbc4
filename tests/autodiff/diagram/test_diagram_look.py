"""How diagrams look: statistics of arrays, marks, ways that stand out, flows, themes, slides."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as ad
from autodiff.diagram._look import DARK, LIGHT
from autodiff.diagram._stats import BINS, mark, summary
from tests.autodiff.diagram.test_diagram_text import needs_graphviz
from tests.autodiff.slides import neuron


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.bool_]),
        hnp.array_shapes(max_dims=3, max_side=6),
    )
)
def test_statistics_are_those_of_the_finite_elements(array: Any) -> None:
    found = summary(array)
    assert found is not None
    finite = array[np.isfinite(array)].astype(np.float64)
    assert found.size == array.size
    assert found.nan == np.isnan(array).sum()
    assert found.inf == np.isinf(array).sum()
    if not finite.size:
        assert found.counts == ()
        return
    with np.errstate(all="ignore"):
        expected = finite.mean(), finite.std()
        spread = finite.max() - finite.min()
    if np.isfinite(expected).all():
        np.testing.assert_allclose((found.mean, found.std), expected, rtol=1e-5, atol=1e-30)
    assert (found.low, found.high) == (finite.min(), finite.max())
    if 0 < spread < np.inf:
        assert sum(found.counts) == finite.size
        assert len(found.bars) == BINS
        assert found.counts[0] > 0
        assert found.counts[-1] > 0
    else:
        assert found.bars == ""


def test_what_is_wrong_with_a_gradient() -> None:
    assert mark(np.array([1.0, np.nan, np.inf])) == "nan"
    assert mark(np.array([1.0, -np.inf])) == "inf"
    assert mark(np.zeros(3)) == ""
    assert mark(np.zeros(3), gradient=True) == "dead"
    assert mark(np.array([0.0, 1e-9]), gradient=True) == "vanishing"
    assert mark(np.array([0.0, 1e-7]), gradient=True) == ""
    assert mark(None, gradient=True) == ""


@given(st.floats() | st.sampled_from([0.0, 1e-9, -1e-9]), st.booleans())
def test_numbers_are_marked_as_arrays_of_one(value: float, gradient: bool) -> None:
    assert mark(np.float64(value), gradient) == mark(np.array([value]), gradient)


def wire_lines(source: str, name: str) -> list[str]:
    """The two halves of a leaf's wire, and its label."""
    leaf = re.search(rf'(leaf\d+) \[label="{name}"', source)
    assert leaf
    wire = re.search(rf"{leaf[1]} -> (wire\d+):w", source)
    assert wire
    return [line for line in source.splitlines() if re.search(rf"\b{wire[1]}\b", line)]


def test_dead_vanishing_and_infinite_wires_look_it() -> None:
    dead, gone, bad, fine = (
        ad.Variable(np.ones(3), name=name) for name in ("dead", "gone", "bad", "fine")
    )
    with ad.GradientTape() as tape:
        with np.errstate(all="ignore"):
            infinite = ad.log(bad * 0)
        y = ad.sum(ad.relu(dead - 2) + gone * 1e-12 + fine) + ad.sum(infinite)
    source = tape.diagram(y).source

    def all_of(name: str) -> str:
        return "\n".join(wire_lines(source, name))

    assert all_of("dead").count("style=dashed") == 2
    assert ">dead: all zero<" in all_of("dead")
    assert all_of("gone").count("style=dotted") == 2
    assert "vanishing" in all_of("gone")
    assert "NaN: 3 of 3" in all_of("bad") or "Inf: 3 of 3" in all_of("bad")
    assert all_of("bad").count(f'penwidth=2.6 color="{LIGHT.trouble}"') == 2
    assert not re.search("style=|penwidth|dead:|vanishing|NaN", all_of("fine"))
    assert "1 ± " not in all_of("fine")  # all alike
    assert 'tooltip="dead → −2: dead (3,) float64 (dead: all zero)"' in all_of("dead")


@needs_graphviz
def test_kinds_have_shapes_of_their_own() -> None:
    w, x = ad.Variable(np.ones((3, 2)), name="w"), ad.asarray(np.ones((4, 3)))
    with ad.GradientTape() as tape:
        tape.watch(x)
        loss = ad.mean(ad.tanh(x @ w) * np.ones(2))
    diagram = tape.diagram(loss, names={x: "x", loss: "loss"})
    source = diagram.source
    for kind, name in {"hexagon": "w", "parallelogram": "x", "peripheries=2": "loss"}.items():
        block = next(part for part in source.split("{ node [") if kind in part)
        assert f'[label="{name}"' in block.partition("}")[0]
    svg = diagram.pipe("svg", encoding="utf-8")
    for color in (LIGHT.parameter, LIGHT.data, LIGHT.result):
        assert color in svg
    assert {n.label: n.detail for n in diagram.picture.nodes if n.kind == "leaf"} == {
        "x": "data",
        "w": "parameter",
    }


def test_costs_on_demand() -> None:
    w, x = ad.Variable(np.ones((3, 2)), name="w"), ad.asarray(np.ones((4, 3)))
    with ad.GradientTape() as tape:
        y = x @ w
    (gate,) = (n for n in tape.diagram(y).picture.nodes if n.kind == "gate")
    assert (gate.flops, gate.bytes) == (2 * 4 * 3 * 2, 8 * (12 + 6 + 8))
    assert r'label="@\n48 FLOP, 0.23/B"' in tape.diagram(y, costs=True).source
    assert "FLOP" not in tape.diagram(y).source


def test_the_way_from_one_value_stands_out() -> None:
    source = neuron(highlight="x1").source
    thick = {line.split()[0] for line in source.splitlines() if "penwidth=2.6" in line}
    nodes = {n.id: n.label for n in neuron().picture.nodes}
    assert [nodes[id] for id in nodes if id in thick] == ["x1", "×", "+", "+", "σ", "f"]
    assert sum(" -> " in line and "penwidth" in line for line in source.splitlines()) == 2 * 5
    x = ad.Variable(2.0, name="x")
    with ad.GradientTape() as tape:
        with ad.name_scope("inner"):
            y = x * 3
        z = ad.exp(y) + x
    assert tape.diagram(z, highlight=y).look.path == tape.diagram(z, highlight=y).look.path
    assert "gate1" in tape.diagram(z, highlight=y).look.path
    assert "leaf0" not in tape.diagram(z, highlight=y).look.path
    folded = tape.diagram(z, highlight=y, depth=0).source
    assert re.search(r"cluster0 \[label=.*penwidth=2.6", folded)
    for nothing in ("q", ad.Variable(1.0), ad.asarray(1.0)):
        with pytest.raises(ValueError, match=r"highlight is .* lies not behind the target"):
            tape.diagram(z, highlight=nothing)


def test_flows() -> None:
    forward, backward = neuron(flow="forward").source, neuron(flow="backward").source
    assert LIGHT.value in forward
    assert ">-0.20<" not in forward
    assert "arrowhead=normal" in forward
    assert ">-0.20<" in backward
    assert ">2.00<" not in backward
    assert "arrowhead=normal" not in backward
    assert backward.count("dir=back arrowtail=normal") == 10
    with pytest.raises(ValueError, match='flow is \'up\'; expected "forward", "backward"'):
        neuron(flow="up")


@needs_graphviz
def test_themes() -> None:
    svg = neuron(theme="dark", title="night").pipe("svg", encoding="utf-8")
    for color in (DARK.background, DARK.ink, DARK.value, DARK.gradient):
        assert color in svg
    assert LIGHT.value not in svg
    assert 'fill="black"' not in svg
    with pytest.raises(ValueError, match='theme is \'blue\'; expected "light" or "dark"'):
        neuron(theme="blue")


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_can_be_read_on_every_colour(theme: Any) -> None:
    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    for fill in (theme.gate, theme.parameter, theme.data, theme.result, theme.group):
        assert contrast(theme.ink, fill) >= 7
    for text in (theme.value, theme.gradient, theme.note, theme.path, theme.trouble):
        assert contrast(text, theme.background) >= 4.5


def hidden(diagram: Any) -> set[str]:
    """Wires whose gradient keeps its room only."""
    lines = diagram.source.splitlines()
    return {line.split()[0] for line in lines if "#ffffff00" in line}


@pytest.mark.parametrize("copies", [False, True])
def test_slides_go_back_through_the_gates_one_at_a_time(copies: bool) -> None:
    x, y = ad.Variable(3.0, name="x"), ad.Variable(5.0, name="y")
    with ad.GradientTape() as tape:
        f = ad.exp(x * y) + x * x
    diagram = tape.diagram(f, copies=copies)
    slides = diagram.steps()
    gates = [n.id for n in diagram.picture.nodes if n.kind == "gate"]
    assert len(slides) == 2 + len(gates)
    assert hidden(slides[0]) == {wire.id for wire in diagram.picture.wires}
    assert hidden(slides[-1]) == set()
    heads = {wire.id: wire.head for wire in diagram.picture.wires}
    tails = {wire.id: wire.tail for wire in diagram.picture.wires}
    forks = {n.id for n in diagram.picture.nodes if n.kind == "fork"}
    for before, after in pairwise(slides[1:]):
        found = hidden(before) - hidden(after)
        assert {heads[w] for w in found} - forks == {after.look.current}
        upstream = {w for w, tail in tails.items() if tail == after.look.current}
        assert not upstream & hidden(before)  # a gate waits for all of its gradients
    assert diagram.source == tape.diagram(f, copies=copies).source


@needs_graphviz
def test_slides_have_one_layout(tmp_path: Path) -> None:
    diagram = neuron()
    captions = [slide.look.caption for slide in diagram.steps()]
    assert captions[:4] == [
        "forward: all values",
        "the target: begins with 1.00",
        "σ: upstream 1.00 → 0.20",
        "+, gradient distributor: upstream 0.20 → 0.20, 0.20",
    ]
    assert captions[-1] == "×, swap multiplier: upstream 0.20 → -0.20, 0.39"
    paths = diagram.save_steps("slide.svg", tmp_path)
    assert [Path(p).name for p in paths] == [f"slide{k:02}.svg" for k in range(7)]
    assert sorted(p.name for p in tmp_path.iterdir()) == [Path(p).name for p in paths]
    circles = {
        tuple(re.findall(r'<ellipse[^>]*cx="[^"]*" cy="[^"]*"', Path(p).read_text("utf-8")))
        for p in paths
    }
    places = {tuple(re.findall('c[xy]="[^"]*"', " ".join(c))) for c in circles}
    assert len(places) == 1
    assert len(next(iter(places))) == 10
