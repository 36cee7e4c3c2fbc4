"""What a diagram shows: nodes, wires, values and gradients, whatever the recorded program was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.diagram import Diagram, Wire

PROGRAM = {
    "add": ad.add,
    "subtract": lambda x, y: 2.0 - x + y,
    "multiply": ad.multiply,
    "divide": lambda x, y: x / (1 + y * y),
    "maximum": ad.maximum,
    "tanh": lambda x, y: ad.tanh(x),
    "sigmoid": lambda x, y: ad.sigmoid(y),
    "matmul": lambda x, y: ad.matmul(x, y) / 3,
    "softmax": lambda x, y: ad.softmax(x, axis=0),
    "sum": lambda x, y: ad.sum(x, axis=1, keepdims=True) * y,
    "total": lambda x, y: ad.mean(x) + y,
    "transpose": lambda x, y: ad.permute_dims(x) - y,
    "concat": lambda x, y: ad.concat([x[:1], y[1:]]),
    "stack": lambda x, y: ad.stack([x[0], y[1], np.full(3, 0.5)]),
    "where": lambda x, y: ad.where(x > y, x, y * 0.5),
    "array": lambda x, y: np.eye(3) * x,
}


def wires(diagram: Diagram, name: str) -> list[Wire]:
    return [wire for wire in diagram.picture.wires if wire.name == name]


def gates(diagram: Diagram) -> list[str]:
    return [node.label for node in diagram.picture.nodes if node.kind == "gate"]


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(PROGRAM)), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 2**32 - 1),
)
def test_values_and_gradients_are_those_of_the_program(
    program: list[tuple[str, int, int]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    made = [ad.Variable(rng.normal(size=(3, 3)), name=f"w{k}") for k in range(3)]
    with ad.GradientTape(persistent=True) as tape:
        for op, i, j in program:
            made.append(PROGRAM[op](made[i % len(made)], made[j % len(made)]))
        target = ad.sum(made[-1] * made[-1])
    names = {x: f"t{k}" for k, x in enumerate(made)}
    diagram = tape.diagram(target, names=names, max_nodes=1000)
    expected = tape.gradient(target, made)
    seen = 0
    for x, gradient in zip(made, expected, strict=True):
        for wire in wires(diagram, names[x]):
            np.testing.assert_array_equal(wire.value, x.numpy())
            np.testing.assert_allclose(wire.gradient, gradient.numpy(), rtol=1e-12, atol=1e-15)
            assert (wire.shape, wire.dtype) == (x.shape, x.dtype)
            seen += 1
    assert seen >= 1  # at least the last one leads to the target
    assert len(diagram.picture.wires) == diagram.source.count(" -> ") / 2


def test_values_are_those_at_record_time() -> None:
    w = ad.Variable(2.0, name="w")
    with ad.GradientTape(persistent=True) as tape:
        y = w * 3
        w.assign(5.0)
        z = ad.exp(w * 0) * w * y
    w.assign(-1.0)
    diagram = tape.diagram(z)
    (before,), (after,) = wires(diagram, "w"), wires(diagram, "w′")
    assert (before.value, after.value) == (2, 5)
    total = tape.gradient(z, w)
    assert before.gradient + after.gradient == total.numpy()


def test_drawing_neither_spends_nor_records() -> None:
    x = ad.Variable(3.0, name="x")
    with ad.GradientTape(persistent=True) as outer, ad.GradientTape() as tape:
        y = x * x
        recorded = len(tape._graph.records)  # type: ignore[union-attr]
        sources = {tape.diagram(y).source for _ in range(2)}
        assert len(tape._graph.records) == recorded  # type: ignore[union-attr]
    sources |= {tape.diagram(y).source, outer.diagram(y).source}
    assert len(sources) == 1
    assert tape.gradient(y, x).numpy() == 6
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.diagram(y)
    assert outer.diagram(y).source in sources
    assert outer.gradient(y, x).numpy() == 6


def test_each_branch_of_a_fork_has_its_own_gradient() -> None:
    x, y = ad.Variable(3.0, name="x"), ad.Variable(5.0, name="y")
    with ad.GradientTape() as tape:
        f = x * y + x * x
    for copies in (False, True):
        picture = tape.diagram(f, copies=copies).picture
        (stem,) = (wire for wire in picture.wires if wire.name == "x")
        branches = [wire for wire in picture.wires if wire.tail == stem.head]
        assert [float(wire.gradient) for wire in branches] == [5, 3, 3]
        assert float(stem.gradient) == 11
        (fork,) = (node for node in picture.nodes if node.id == stem.head)
        assert fork.role == "gradient adder"
        assert (fork.kind, fork.label) == (("gate", "copy") if copies else ("fork", ""))


def test_gates_have_symbol_and_role() -> None:
    x, y = ad.Variable(3.0), ad.Variable(5.0)
    with ad.GradientTape() as tape:
        f = ad.maximum(x * y, x + y)
    nodes = {n.label: n for n in tape.diagram(f).picture.nodes if n.kind == "gate"}
    roles = {label: node.role for label, node in nodes.items()}
    assert roles == {"×": "swap multiplier", "+": "gradient distributor", "max": "gradient router"}
    assert nodes["max"].detail == "maximum"
    with ad.GradientTape() as tape:
        f = ad.sum(ad.Variable([[1.0]]), axis=0)
    (gate,) = (n for n in tape.diagram(f).picture.nodes if n.kind == "gate")
    assert gate.detail == "sum(axis=(-2,), keepdims=False)"


@pytest.mark.parametrize(
    ("program", "label"),
    [
        (lambda x: x + 1, "+1"),
        (lambda x: 0.5 + x, "+0.5"),
        (lambda x: x - 2, "−2"),
        (lambda x: 2 - x, "2−x"),
        (lambda x: -1 * x, "×(−1)"),
        (lambda x: x / 4, "÷4"),
        (lambda x: 1 / x, "1/x"),
        (lambda x: x**2, "x²"),
        (lambda x: x**-1, "x⁻¹"),
        (lambda x: x**0.5, "x^0.5"),
        (lambda x: 2**x, "2^x"),
    ],
)
def test_a_number_in_the_program_is_part_of_the_gate(program: Any, label: str) -> None:
    x = ad.Variable(3.0, name="x")
    with ad.GradientTape() as tape:
        f = program(x)
    assert gates(tape.diagram(f)) == [label]
    shown = tape.diagram(f, constants=True)
    (constant,) = (node for node in shown.picture.nodes if node.kind == "constant")
    (wire,) = (wire for wire in shown.picture.wires if wire.tail == constant.id)
    assert constant.label == f"{wire.value:g}"
    assert wire.gradient is None


def test_constants() -> None:
    x, data = ad.Variable([1.0, 2.0], name="x"), np.array([3.0, 4.0])
    c = ad.asarray(data)
    with ad.GradientTape() as tape:
        y = ad.sum(ad.maximum(x * c + c, 0) * data)
    picture = tape.diagram(y, names={c: "c"}).picture
    constants = [node for node in picture.nodes if node.kind == "constant"]
    assert [node.label for node in constants] == ["c", "0", "constant"]
    values = [wire.value for wire in picture.wires if wire.tail in {n.id for n in constants}]
    assert [np.shape(v) for v in values] == [(2,), (), (2,)]  # c forks: one wire to the fork


def test_names() -> None:
    named, unnamed, plain = ad.Variable(1.0, name="x1"), ad.Variable(2.0), ad.Tensor(3.0)
    with ad.GradientTape() as tape:
        tape.watch(plain)
        y = named * unnamed * plain
    labels = [node.label for node in tape.diagram(y, names={plain: "p", y: "y"}).picture.nodes]
    assert labels == ["p", "x1", "x2", "×", "×", "y"]
    with pytest.raises(TypeError, match="names maps str to Variable; expected Tensor to str"):
        tape.diagram(y, names={"x": named})


def test_several_targets() -> None:
    x = ad.Variable(2.0, name="x")
    with ad.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * 3
    picture = tape.diagram({"y": y, "z": [z, x]}, names={y: "y", z: "z"}).picture
    outputs = {node.id: node.label for node in picture.nodes if node.kind == "output"}
    assert list(outputs.values()) == ["y", "z", "x"]
    ends = [float(wire.gradient) for wire in picture.wires if wire.head in outputs]
    assert ends == [1, 1, 1]
    (stem,) = (wire for wire in picture.wires if wire.name == "x")
    assert stem.gradient == tape.gradient([y, z, x], x).numpy()


def test_a_tape_sees_what_it_watches() -> None:
    w, v = ad.Variable(2.0, name="w"), ad.Variable(3.0, name="v")
    with ad.GradientTape() as outer:
        u = w * w
        with ad.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(u)
            y = u * v + w
    inner = tape.diagram(y, names={u: "u"})
    kinds = {node.label: node.kind for node in inner.picture.nodes}
    assert kinds == {"u": "leaf", "×": "gate", "+": "gate", "constant": "constant", "": "output"}
    assert [float(wire.gradient) for wire in wires(inner, "u")] == [3]
    assert gates(outer.diagram(y)) == ["×", "×", "+"]


def test_what_was_made_while_not_recording_is_a_leaf() -> None:
    w = ad.Variable(2.0, name="w")
    with ad.GradientTape(), ad.GradientTape() as tape:
        before = w * 1
        with tape.stop_recording():
            u = w * w
        tape.watch(u)
        y = u * 3
    assert tape.diagram(before).picture.nodes[0].label == "w"
    labels = [node.label for node in tape.diagram(y, names={u: "u"}).picture.nodes]
    assert labels == ["u", "×3", ""]


def test_a_gradient_can_be_drawn() -> None:
    x = ad.Variable(3.0, name="x")
    with ad.GradientTape(persistent=True) as outer:
        with ad.GradientTape() as tape:
            y = x * x * x
        dy = tape.gradient(y, x)
    (output,) = wires(outer.diagram(dy, names={dy: "dy"}), "dy")
    assert output.value == 27
    assert wires(outer.diagram(dy), "x")[0].gradient == 18


def test_functions_with_a_gradient_of_their_own() -> None:
    @ad.custom_gradient
    def both(x: Any, y: Any) -> Any:
        return (x * y, x + y), lambda u, v: (u * y + v, u * x + v)

    x, y = ad.Variable(2.0, name="x"), ad.Variable(5.0, name="y")
    with ad.GradientTape(persistent=True) as tape:
        p, q = both(x, y)
        f = p * q
        recorded = len(tape._graph.records)  # type: ignore[union-attr]
        diagram = tape.diagram(f, names={p: "p", q: "q"})
        assert len(tape._graph.records) == recorded  # type: ignore[union-attr]
    assert gates(diagram) == ["both", "×"]
    for z in (x, y, p, q):
        (wire,) = wires(diagram, {x: "x", y: "y", p: "p", q: "q"}[z])
        assert wire.value == z.numpy()
        assert wire.gradient == tape.gradient(f, z).numpy()


def test_the_picture_is_immutable() -> None:
    x = ad.Variable([1.0, 2.0])
    with ad.GradientTape() as tape:
        y = x * x
    wire = tape.diagram(y).picture.wires[0]
    for data in (wire.value, wire.gradient):
        with pytest.raises(ValueError, match="read-only"):
            data[0] = 5.0
    with pytest.raises(AttributeError):
        wire.name = "w"  # type: ignore[misc]
    x.assign([7.0, 8.0])
    assert wire.value.tolist() == [1, 2]


def test_what_was_not_recorded_is_refused() -> None:
    x = ad.Variable(1.0)
    before = x * 2
    with ad.GradientTape() as tape:
        y = x * 2
        constant = ad.exp(2.0)
        with tape.stop_recording():
            hidden = y * 2
    for target in (before, constant, ad.Tensor(1.0), ad.Variable(1.0), [y, hidden]):
        with pytest.raises(ValueError, match="not recorded the target"):
            tape.diagram(target)
    with pytest.raises(TypeError, match="the target is float; expected a Tensor"):
        tape.diagram(1.0)
    with pytest.raises(ValueError, match="decimals is -1"):
        tape.diagram(y, decimals=-1)
    with pytest.raises(RuntimeError, match="recorded nothing"):
        ad.GradientTape().diagram(y)


def test_large_graphs_are_refused_and_deep_ones_drawn() -> None:
    x = ad.Variable(1.0, name="x")
    with ad.GradientTape() as tape:
        y = x * 1
        for _ in range(5000):
            y = y + x
    with pytest.raises(ValueError, match=r"5002 gates and leaves .* max_nodes=400"):
        tape.diagram(y, max_nodes=400)
    (stem,) = wires(tape.diagram(y, max_nodes=5002), "x")
    assert stem.gradient == 5001
