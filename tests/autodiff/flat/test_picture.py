"""Diagrams of functions: what they compute, drawn as a tape would draw it, and nothing changed."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autodiff as ad

from .. import slides
from .regenerate import NUMBERS, neuron, neuron_unfolded, training_step

X = np.arange(6.0).reshape(2, 3)


def labels(diagram: Any, kind: str) -> list[str]:
    return [node.label for node in diagram.picture.nodes if node.kind == kind]


def told(diagram: Any) -> list[tuple[Any, ...]]:
    """What stands on the wires, and the symbols at their ends."""
    nodes = {node.id: node.label for node in diagram.picture.nodes}
    return [
        (nodes[w.tail], nodes[w.head], float(w.value), float(w.gradient))
        for w in diagram.picture.wires
    ]


@pytest.mark.parametrize(("f", "unfolded"), [(neuron, False), (neuron_unfolded, True)])
def test_the_neuron_is_drawn_as_its_tape_draws_it(f: Any, unfolded: bool) -> None:
    diagram = ad.function(f).diagram(*NUMBERS)
    assert sorted(told(diagram)) == sorted(told(slides.neuron(unfolded)))
    assert labels(diagram, "leaf") == ["w0", "x0", "w1", "x1", "w2"]
    assert "z" in [wire.name for wire in diagram.picture.wires]


def test_the_backward_pass_as_gates() -> None:
    diagram = ad.function(neuron).diagram(*NUMBERS, backward=True)
    assert diagram.picture.sections == ("forward", "backward")
    assert labels(diagram, "output") == ["f", "d_w0", "d_x0", "d_w1", "d_x1", "d_z"]
    gates = [(n.section, n.label) for n in diagram.picture.nodes if n.kind == "gate"]
    assert [label for section, label in gates if section == "forward"] == ["×", "×", "+", "+", "σ"]
    assert [label for section, label in gates if section == "backward"].count("×") == 6
    out = {node.id: node.label for node in diagram.picture.nodes if node.kind == "output"}
    ends = {out[w.head]: float(w.value) for w in diagram.picture.wires if w.head in out}
    assert f"{ends['d_x1']:.2f}" == "-0.59"
    assert all(wire.gradient is None for wire in diagram.picture.wires)
    assert diagram.source.count("subgraph cluster") == 2


def test_a_training_step() -> None:
    f, args = training_step()
    step = ad.function(f)
    variables = inspect.getclosurevars(f).nonlocals["parameters"]
    before = [v.numpy() for v in variables]
    diagram = step.diagram(*args)
    assert labels(diagram, "gate") == ["@", "+", "relu"] * 2 + ["@", "+", "CE", "mean"]
    assert sorted(labels(diagram, "leaf")) == sorted(["x", "y", "w1", "b1", "w2", "b2", "w3", "b3"])
    assert labels(diagram, "output") == ["loss"]
    loss = step(*args)
    (end,) = [wire for wire in diagram.picture.wires if wire.head == "out0"]
    assert float(end.value) == float(loss)
    (image,) = [wire for wire in diagram.picture.wires if wire.name == "w1"]
    change = (variables[0].numpy() - before[0]) / np.float32(-0.01)
    np.testing.assert_allclose(image.gradient, change, rtol=1e-2, atol=1e-4)
    whole = step.diagram(*args, backward=True)
    assert whole.picture.sections == ("forward", "backward", "update")


def test_nothing_changes() -> None:
    f, args = training_step()
    variables = inspect.getclosurevars(f).nonlocals["parameters"]
    optimizer = inspect.getclosurevars(f).nonlocals["optimizer"]
    before = [v.numpy() for v in variables]
    ad.function(f).diagram(*args)
    for v, old in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), old)
    assert int(optimizer.iterations) == 0


def test_what_is_differentiated_where_only_gradients_are_returned() -> None:
    v = ad.Variable(X, name="v")

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            y = ad.sum(v * x)
        return tape.gradient(y, v)

    diagram = ad.function(f).diagram(X)
    assert labels(diagram, "gate") == ["×", "Σ"]
    assert labels(diagram, "output") == ["y"]


def test_new_values_of_variables_where_nothing_is_returned() -> None:
    v = ad.Variable(X, name="v")

    @ad.function
    def f(x: Any) -> None:
        v.assign_add(2.0 * x)

    assert "×2" in labels(f.diagram(X), "gate")


def test_options_and_arguments() -> None:
    f = ad.function(lambda x, *, k: ad.sum(x * x) * k)
    diagram = f.diagram(X, k=3.0, copies=True, constants=True, decimals=1, title="mine")
    assert "copy" in labels(diagram, "gate")
    assert labels(diagram, "constant") == ["3"]
    assert "mine" in diagram.source
    with pytest.raises(ValueError, match="max_nodes"):
        f.diagram(X, k=3.0, max_nodes=1)
    with pytest.raises(ValueError, match="decimals"):
        f.diagram(X, k=3.0, decimals=-1)


def test_names() -> None:
    w, unused = ad.Variable(X, name="kernel"), ad.Variable(X, name="unused")

    @ad.function
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            product = w * x
            loss = ad.sum(product)
        return loss, tape.gradient(loss, w)

    def shown(**options: Any) -> set[str]:
        return {wire.name for wire in f.diagram(X, **options).picture.wires} - {""}

    names: Any = {w: "W", "x": "image", "product": "h"}
    assert shown() == {"kernel", "x", "product", "loss"}
    assert shown(names=names) == {"W", "image", "h", "loss"}
    assert "d_W" in labels(f.diagram(X, names=names, backward=True), "output")
    for wrong in ("y", unused):
        with pytest.raises(ValueError, match=r"names has .*, which the function does not use; it"):
            f.diagram(X, names={wrong: "z"})
    for kind in ({3: "x"}, {"x": 3}, {ad.Tensor(1.0): "x"}):
        with pytest.raises(TypeError, match=r"names maps \w+ to \w+; expected Variables"):
            f.diagram(X, names=kind)


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="computes nothing"):
        ad.function(lambda x: x).diagram(X)
    with pytest.raises(ValueError, match="computes nothing"):
        ad.function(lambda x: 3).diagram(X)


def test_while_a_tape_records() -> None:
    f = ad.function(lambda x: ad.tanh(x))
    x = ad.asarray(X)
    with ad.GradientTape() as tape:
        tape.watch(x)
        y = ad.sum(x * x)
        assert f.diagram(x).picture.nodes
        assert f.cost(x).flops == 6
        assert "np.tanh" in f.source(x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), 2 * X)


def test_methods() -> None:
    class Square:
        @ad.function
        def call(self, x: Any) -> Any:
            return x * x

    assert labels(Square().call.diagram(X), "gate") == ["×"]
