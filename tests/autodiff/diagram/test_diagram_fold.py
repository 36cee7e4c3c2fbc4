"""Large pictures: what is folded, what is left to see, and how long that takes."""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.diagram import Diagram, Picture, _render
from autodiff.diagram._clusters import MEMBERS, READABLE, Tree, grow
from autodiff.diagram._fold import fold
from tests.autodiff.diagram.test_diagram_render import fake_dot
from tests.autodiff.diagram.test_diagram_text import needs_graphviz
from tests.autodiff.slides import neuron

SCOPES = ("", "a", "b", "a/c", "a/d", "b/c/e")


def scoped(program: list[tuple[str, int]]) -> Diagram:
    """A value that goes through gates in these scopes, each with an earlier one besides."""
    made: list[Any] = [ad.Variable(0.5, name=f"w{k}", dtype=ad.float64) for k in range(3)]
    with ad.GradientTape(persistent=True) as tape:
        for scope, k in program:
            if scope:
                with ad.name_scope(scope):
                    made.append(ad.tanh(made[-1] * made[k % len(made)]))
            else:
                made.append(made[-1] + made[k % len(made)])
    return tape.diagram(made[-1])


def chain(gates: int) -> tuple[ad.GradientTape, Any]:
    """About so many gates, one after the other, that all take x."""
    x = ad.Variable(0.5, name="x")
    with ad.GradientTape() as tape:
        y = x * 1
        for k in range(gates - 3):
            y = ad.sin(y) if k % 2 else y * x
    return tape, y


def check_whole(picture: Picture, tree: Tree, depth: int) -> Picture:
    """A folded picture has no circles and says what the whole one says; returns it."""
    shown = fold(picture, tree, depth)
    after: defaultdict[str, set[str]] = defaultdict(set)
    for wire in shown.picture.wires:
        after[wire.head].add(wire.tail)
    order = list(TopologicalSorter(after).static_order())  # raises where there is a circle
    assert set(order) <= {node.id for node in shown.picture.nodes}
    gates = {n.id for n in picture.nodes if n.kind == "gate" and not n.forks}
    counted = sum(int(n.role.split()[0]) for n in shown.picture.nodes if n.kind == "group")
    assert counted + sum(n.id in gates for n in shown.picture.nodes) == len(gates)
    sums: defaultdict[str, float] = defaultdict(float)
    for wire in picture.wires:
        if not shown.ids[wire.id].startswith("cluster"):
            sums[shown.ids[wire.id]] += wire.gradient
    whole = {wire.id: wire for wire in picture.wires}
    assert {wire.id for wire in shown.picture.wires} == set(sums)
    for wire in shown.picture.wires:
        assert wire.value is whole[wire.id].value
        assert wire.gradient == pytest.approx(sums[wire.id], rel=1e-12)
    return shown.picture


@given(st.lists(st.tuples(st.sampled_from(SCOPES), st.integers(0, 99)), min_size=1, max_size=30))
def test_closed_clusters_take_and_give_what_their_gates_did(
    program: list[tuple[str, int]],
) -> None:
    picture = scoped(program).picture
    tree = grow(picture)
    for depth in range(tree.depth + 1):
        folded = check_whole(picture, tree, depth)
        assert len(folded.nodes) == tree.visible(depth)
    assert folded is picture


@given(st.integers(2, 400), st.integers(0, 2))
def test_stretches_are_short_and_cover_all(gates: int, depth: int) -> None:
    tape, y = chain(gates + 3)
    picture = tape.diagram(y).picture
    tree = grow(picture, cut=True)
    check_whole(picture, tree, depth)
    inside: defaultdict[str, int] = defaultdict(int)
    for cluster in tree.clusters.values():
        inside[cluster.parent] += 1
    for node in picture.nodes:
        inside[tree.inside[node.id]] += node.kind == "gate"
    assert max(inside.values()) <= MEMBERS
    assert (gates + 1 <= MEMBERS) == (not tree.clusters)


@needs_graphviz
@pytest.mark.parametrize("size", [10, 100, 1000, 5000])
def test_every_size_is_drawn_readable_in_three_seconds(size: int) -> None:
    tape, y = chain(size)
    start = sum(os.times()[:4])  # of Graphviz, too, and whatever else the machine does
    diagram = tape.diagram(y)
    svg = diagram.pipe("svg", encoding="utf-8")
    seconds = sum(os.times()[:4]) - start
    assert size - 3 <= len(diagram.picture.nodes) <= size + 3
    shown = len(diagram.shown.picture.nodes)
    assert shown == len(re.findall('class="node (?!wire)', svg))
    assert shown <= READABLE
    assert (shown == len(diagram.picture.nodes)) == (size <= READABLE)
    assert seconds < 3, f"{size} nodes, {shown} of them shown, took {seconds:.2f} s"


def test_layers_open_and_close() -> None:
    w = [ad.Variable(np.full((3, 3), 0.1 * k), name=f"w{k}") for k in range(2)]
    x = ad.asarray(np.ones((2, 3)))

    def dense(x: Any, k: int) -> Any:
        with ad.name_scope(f"dense{k}"):
            return ad.relu(x @ w[k])

    with ad.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with ad.name_scope("net"):
            y = dense(dense(dense(x, 0), 1), 1)
        loss = ad.mean(y)

    def shown(depth: int | None) -> list[str]:
        nodes = tape.diagram(loss, depth=depth, names={x: "x"}).shown.picture.nodes
        return [node.label for node in nodes if node.kind != "fork"]

    assert shown(0) == ["x", "net", "mean", ""]
    assert shown(1) == ["x", "dense0", "dense1", "mean", ""]  # in one stretch, so one cluster
    assert (
        shown(2)
        == shown(None)
        == [*("x", "w0", "@", "relu", "w1", "@", "relu", "@", "relu", "mean", "")]
    )
    (group, *_) = [n for n in tape.diagram(loss, depth=1).shown.picture.nodes if n.kind == "group"]
    assert (group.role, group.scope) == ("2 gates", "net")
    assert group.detail == "@, relu; parameters w0 (3, 3)"
    source = tape.diagram(loss, depth=1, names={x: "x"}).source
    assert re.search(r'subgraph cluster0 .*label="net".*; cluster1; cluster2; wire\d+ }', source)
    whole = tape.diagram(loss).source
    assert re.search(r'subgraph cluster1 { graph \[label="dense0"[^]]*\]; leaf\d; gate\d; ', whole)


def test_a_layer_called_twice_is_two_clusters() -> None:
    x = ad.Variable(0.5, name="x")
    twice = ad.name_scope("layer")(lambda y: ad.tanh(y) * x)
    with ad.GradientTape() as tape:
        y = twice(ad.exp(twice(x)))
    picture = tape.diagram(y, depth=0).shown.picture
    assert [n.label for n in picture.nodes if n.kind == "group"] == ["layer", "layer (2)"]


def test_a_hundred_layers_are_a_box_each() -> None:
    w = [ad.Variable(0.5, name=f"w{k}") for k in range(140)]
    with ad.GradientTape() as tape:
        y = w[0] * 1
        for k, v in enumerate(w):
            with ad.name_scope(f"net/layer{k}"):
                y = ad.tanh(y * v + 0.1)
    diagram = tape.diagram(y)
    groups = [node for node in diagram.shown.picture.nodes if node.kind == "group"]
    assert len(diagram.picture.nodes) > 400
    assert [node.label for node in groups] == [f"layer{k}" for k in range(140)]
    closed = fold(diagram.picture, grow(diagram.picture, cut=True), 1).picture
    stretches = [node for node in closed.nodes if node.kind == "group"]
    assert stretches[0].label.startswith("layer0 … layer")
    assert sum(int(node.role.split()[0]) for node in stretches) == 3 * 140
    assert repr(diagram).startswith(f"<Diagram: {len(diagram.picture.nodes)} nodes, folded to ")


def test_a_layout_that_takes_too_long_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(source: str, form: str, seconds: float) -> bytes:
        if source.count("class=gate") > allowed:
            raise _render.LayoutTimeoutError(f"Graphviz took more than {seconds:g} s")
        return source.encode()

    monkeypatch.setattr(_render, "render", slow)
    tape, y = chain(140)
    diagram, allowed = tape.diagram(y, title="mine"), 20
    with pytest.warns(RuntimeWarning, match=r"more than 20 s; drawn with \d+ nodes"):
        text = diagram.pipe("svg", encoding="utf-8")
    count = len(diagram.picture.nodes)
    assert f'label="mine (folded: a layout of {count} nodes took more than 20 s)"' in text
    assert text.count("class=group") > 1
    allowed = -1
    with (
        pytest.warns(RuntimeWarning, match="drawn with"),
        pytest.raises(_render.LayoutTimeoutError),
    ):
        diagram.pipe("svg")
    with pytest.raises(_render.LayoutTimeoutError):  # nothing to close
        neuron().pipe("svg")


def test_a_program_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, "import time; time.sleep(60)")
    monkeypatch.setenv("PATH", str(tmp_path))
    start = time.perf_counter()
    with pytest.raises(RuntimeError, match=r"took more than 0.2 s .* fold it with depth="):
        _render.render("digraph {}", "svg", 0.2)
    assert time.perf_counter() - start < 30


def test_what_is_no_depth() -> None:
    tape, y = chain(10)
    with pytest.raises(ValueError, match="depth is -1; expected 0 or more"):
        tape.diagram(y, depth=-1)
