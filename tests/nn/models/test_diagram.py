"""Models as diagrams: their layers, or what they compute of a batch."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.diagram._clusters import READABLE
from nn import layers, models
from tests.autodiff.diagram.test_diagram_text import needs_graphviz

X = np.linspace(-1, 1, 8).reshape(2, 4)


def branched() -> models.Model:
    x = layers.Input((4,), name="x")
    h = layers.Dense(3, "relu", name="h")(x)
    inner = models.Sequential([layers.Input((3,)), layers.Dense(5), layers.Dense(3)], name="inner")
    y = layers.Dense(2, name="y")(layers.concatenate([inner(h), h]))
    return models.Model(x, y, name="net")


def lenet() -> models.Sequential:
    stack: list[Any] = [
        layers.Input((28, 28, 1)),
        *(layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPooling2D()),
        *(layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten()),
        *(layers.Dense(120, "relu"), layers.Dense(84, "relu"), layers.Dense(10, "softmax")),
    ]
    model = models.Sequential(stack, name="lenet")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def told(diagram: Any) -> list[tuple[str, str, Any]]:
    """What is joined by the wires that are drawn, and their shapes."""
    picture = diagram.shown.picture
    labels = {node.id: node.label for node in picture.nodes}
    return [(labels[w.tail], labels[w.head], w.shape) for w in picture.wires]


def test_layers_and_what_connects_them() -> None:
    model = branched()
    diagram = model.diagram()
    inner: Any = model.get_layer("inner")
    first, second = (layer.name for layer in inner.layers)
    join = model.layers[-2].name
    assert told(diagram) == [
        ("x", "h", (None, 4)),
        ("h", first, (None, 3)),
        (first, second, (None, 5)),
        (second, join, (None, 3)),
        ("h", join, (None, 3)),
        (join, "y", (None, 6)),
        ("y", "y", (None, 2)),
    ]
    roles = {node.label: node.role for node in diagram.picture.nodes if node.kind == "group"}
    assert roles["h"] == "Dense, 15 parameters"
    assert [wire.gradient for wire in diagram.picture.wires] == [None] * 7
    closed = model.diagram(depth=0, title="mine")
    assert [n.label for n in closed.shown.picture.nodes] == ["x", "h", "inner", join, "y", "y"]
    (box,) = [n for n in closed.shown.picture.nodes if n.label == "inner"]
    assert box.role == "2 layers"
    assert 'label="mine"' in closed.source
    assert 'label="net"' in diagram.source
    assert "(None, 4)" in diagram.html()


def test_a_batch_has_the_models_values_and_the_loss_its_gradients() -> None:
    model = branched()
    model.compile("sgd", "mse")
    y = np.zeros((2, 2), np.float32)
    diagram = model.diagram(X, y, depth=1)
    labels = [node.label for node in diagram.shown.picture.nodes]
    assert [x for x in labels if x] == [
        *("x", "h", "inner", model.layers[-2].name, "y", "y", "−", "x²", "mean", "mean", "loss")
    ]
    with ad.GradientTape() as tape:
        loss = model.compute_loss(X, y, model(X.astype(np.float32)), training=False)
    (end,) = [wire for wire in diagram.picture.wires if wire.head == "out0"]
    assert end.value == loss.numpy()
    hidden: Any = model.get_layer("h")
    kernel = hidden.kernel
    (wire,) = [wire for wire in diagram.picture.wires if wire.name == kernel.name]
    np.testing.assert_allclose(wire.gradient, tape.gradient(loss, kernel).numpy(), rtol=1e-5)
    (given,) = [wire for wire in diagram.picture.wires if wire.name == "x"]
    assert given.dtype == np.float32
    assert given.gradient.shape == (2, 4)


def test_without_labels_the_outputs_are_the_target() -> None:
    diagram = branched().diagram(X.tolist())
    outputs = [node.label for node in diagram.picture.nodes if node.kind == "output"]
    assert outputs == ["y"]


def test_a_diagram_changes_nothing() -> None:
    norm = layers.BatchNormalization(input_shape=(4,))
    model = models.Sequential([norm, layers.Dropout(0.5), layers.Dense(2)])
    before = [w.numpy() for w in model.weights]
    first, second = (model.diagram(X).picture.wires[-1].value for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for w, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(w.numpy(), old)


def test_models_that_only_their_call_knows() -> None:
    class Twice(models.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(4, name="dense")

        def call(self, x: Any) -> Any:
            return self.dense(self.dense(x) + 1.0)

    model = Twice()
    with pytest.raises(ValueError, match="or give diagram a batch to draw"):
        model.diagram()
    diagram = model.diagram(X, depth=1)
    groups = [n.label for n in diagram.shown.picture.nodes if n.kind == "group"]
    assert groups == ["dense", "dense (2)"]
    with pytest.raises(RuntimeError, match="compile"):
        model.diagram(X, X)


@needs_graphviz
def test_lenet_and_a_hundred_layers_are_drawn_readable_in_a_second() -> None:
    images = np.random.default_rng(0).normal(size=(8, 28, 28, 1))
    deep = models.Sequential([layers.Input((4,)), *(layers.Dense(4, "relu") for _ in range(100))])
    drawn = {
        "lenet": (lenet(), (images, np.arange(8))),
        "deep": (deep, (X,)),
    }
    for name, (model, batch) in drawn.items():
        start = sum(os.times()[:4])  # of Graphviz, too, and whatever else the machine does
        diagram = model.diagram(*batch)
        svg = diagram.pipe("svg", encoding="utf-8")
        seconds = sum(os.times()[:4]) - start
        assert len(diagram.shown.picture.nodes) <= READABLE
        for layer in model.layers:
            assert f">{layer.name}</text>" in svg
        assert seconds < 1, f"{name}: {seconds:.2f} s"
