"""What values are called: as the code calls them, each by a name of its own."""

from __future__ import annotations

import ast
import keyword
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff.flat.text._names import RESERVED, numbered, shortest
from nn import layers, models
from optim import SGD, Adam

from ..programs import Run, Step, programs, shapes
from ..texts import readable

X = np.ones((4, 3), np.float32)


def written(text: str) -> list[str]:
    """The names that a text assigns or writes into, in order of lines."""
    found = re.findall(r"^ *(\w+)(?:\[.*?\])? = |out=(\w+)\)", text, re.MULTILINE)
    return [a or b for a, b in found]


def test_gradients_are_named_after_what_they_belong_to() -> None:
    w, b = ad.Variable(np.ones((3, 2), np.float32), name="w"), ad.Variable([0.0, 0.0], name="b")

    @ad.function
    def step(x: Any) -> Any:
        with ad.GradientTape() as tape:
            z = x @ w + b
            h = ad.tanh(z)
            loss = ad.mean(h * h)
        return loss, tape.gradient(loss, [w, b])

    text = step.source(X)
    names = written(text)
    for name in ("z", "h", "loss", "d_h", "d_z"):
        assert name in names
    assert text.rstrip().endswith("return (loss, d_w, d_b)")
    assert "np.dot(x, w, out=z)" in text  # the product goes by the name of the sum
    assert "np.add(z, b, out=z)" in text


def test_names_that_are_needed_twice_are_numbered() -> None:
    def f(x: Any) -> Any:
        h = x
        for k in range(3):
            h = ad.tanh(h * (k + 1.0))
        return h

    names = written(ad.function(f).source(X))
    assert [n for n in names if n.startswith("h")] == ["h1", "h2", "h1", "h2", "h3"]
    assert numbered("h", 2) == "h2"
    assert numbered("w0", 2) == "w0_2"
    assert numbered("d_w", 2) == "d_w_2"


@pytest.mark.parametrize("name", ["sum", "def", "np", "match", "f", "x"])
def test_names_that_python_or_the_text_needs_are_left_alone(name: str) -> None:
    v = ad.Variable(X, name=name)
    f = ad.function(lambda x: ad.tanh(v * x))
    text = f.source(X)
    tree = ast.parse(text)
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    parameters = [arg.arg for arg in function.args.args]
    assert len(set(parameters)) == 2
    assert not set(parameters) & RESERVED


def test_scopes_and_layers() -> None:
    model = models.Sequential(
        [layers.Dense(2, "relu", input_shape=(3,)), layers.Dense(2, "softmax")], name="net"
    )

    @ad.function
    def predict(x: Any) -> Any:
        with ad.name_scope("first"):
            z = x * 2.0
        with ad.name_scope("second"):
            z = z + 1.0
        return model(z)

    names = written(predict.source(X))
    for name in ("first_z", "second_z", "dense_z", "dense_h", "dense_1_z"):
        assert name in names
    assert "dense_kernel" in predict.source(X)


def test_the_shortest_names_of_scopes_that_tell_them_apart() -> None:
    assert shortest(["", "a", "b/c"]) == {"": "", "a": "a", "b/c": "c"}
    assert shortest(["a/x", "b/x", "b/y"]) == {"a/x": "a/x", "b/x": "b/x", "b/y": "y"}
    assert shortest(["x", "a/x"]) == {"x": "x", "a/x": "a/x"}


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.5), lambda: Adam(0.1)])
def test_state_of_optimizers(make: Any) -> None:
    vs = [ad.Variable(X, name="w"), ad.Variable(X[0], name="b")]
    optimizer = make()

    @ad.function
    def step() -> None:
        with ad.GradientTape() as tape:
            loss = sum(ad.sum(ad.sin(v)) for v in vs)
        optimizer.apply_gradients(zip(tape.gradient(loss, vs), vs, strict=True))

    text = step.source()
    assert {"momentum", "parameters", "iterations"} <= {*written(text)}
    assert "learning_rate" in text
    assert "w_momentum, b_momentum, end to end" in text


@given(steps=programs, form=st.tuples(shapes, shapes, shapes), seed=st.integers(0, 999))
@settings(max_examples=30)
def test_a_name_stands_for_one_thing(
    steps: tuple[Step, ...], form: tuple[tuple[int, ...], ...], seed: int
) -> None:
    vs = [ad.Variable(np.ones(s), name=n) for s, n in zip(form, "vw", strict=False)]

    @ad.function
    def f(*arrays: Any) -> Any:
        run = Run([*arrays, *vs], vs)
        run.steps(steps)
        return run.pool[len(arrays) + 2 :], run.gradients

    arrays = [np.random.default_rng(seed).uniform(-2, 2, s) for s in form]
    writer = readable(f, *arrays)
    once = [entry.text.split(" = ")[0] for entry in (*writer.fixed, *writer.memory)]
    given = [*writer.parameters(), *once]
    assert len(set(given)) == len(given)
    names = {*given, *written(writer.source)}
    assert not names & RESERVED
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
