"""The text of a program runs by itself, with NumPy alone, and gives what the program gives."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from optim import SGD, Adam

from .agreement import assert_same, values
from .programs import Run, Step, programs, shapes

Shape = tuple[int, ...]
VECTOR = re.compile(r"# (\w+) holds, one after the other")
PART = re.compile(r"#   (\w+) \(")


def execute(text: str, arrays: list[Any], variables: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Run a program's text on arrays and on Variables by name: what it returns, and those after.

    Where the text says that a vector holds Variables one after the other, they are views of it.
    """
    space: dict[str, Any] = {}
    exec(text, space)
    (f,) = [x for x in space.values() if inspect.isfunction(x)]
    after = {name: np.array(x) for name, x in variables.items()}
    vectors: dict[str, list[str]] = {}
    for line in text.splitlines():
        if found := VECTOR.match(line):
            parts = vectors[found[1]] = []
        elif found := PART.match(line):
            parts.append(found[1])
    given = {}
    for vector, names in vectors.items():
        given[vector] = np.concatenate([after[name].reshape(-1) for name in names])
        start = 0
        for name in names:
            end = start + after[name].size
            after[name] = given[vector][start:end].reshape(after[name].shape)
            start = end
    names = list(inspect.signature(f).parameters)[len(arrays) :]
    with np.errstate(all="ignore"):
        result = f(*arrays, *(given[n] if n in given else after[n] for n in names))
    return result, after


@pytest.mark.parametrize(
    "make", [lambda: SGD(0.5), lambda: SGD(0.5, momentum=0.9), lambda: Adam(0.1)]
)
def test_a_training_step(make: Any) -> None:
    random = np.random.default_rng(0)
    w = ad.Variable(random.normal(size=(4, 3)), name="w")
    b = ad.Variable(random.normal(size=3), name="b")
    optimizer = make()

    @ad.function
    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            loss = ad.mean(ad.softmax_cross_entropy(x @ w + b, y))
        optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b], strict=True))
        return loss, ad.argmax(x @ w, axis=1)

    arrays = [random.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0])]
    step(*arrays)
    text = step.source(*arrays)
    known = {re.sub(r"\W", "_", str(v.name)): v for v in (w, b, *optimizer.variables)}
    before = {name: v.numpy() for name, v in known.items()}
    results, after = execute(text, arrays, before)
    expected = step(*arrays)
    for x, y in zip(results, expected, strict=False):
        np.testing.assert_array_equal(x, y.numpy())
    for name, v in known.items():
        if v.shape:
            np.testing.assert_array_equal(after[name], v.numpy())
            assert not np.array_equal(after[name], before[name])


@given(steps=programs, form=st.tuples(shapes, shapes, shapes), seed=st.integers(0, 999))
@settings(max_examples=40)
def test_random_programs(steps: tuple[Step, ...], form: tuple[Shape, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    vs = [ad.Variable(random.uniform(-2, 2, s), name=n) for s, n in zip(form, "vw", strict=False)]

    @ad.function
    def f(*arrays: Any) -> Any:
        run = Run([*arrays, *vs], vs)
        run.steps(steps)
        return run.pool[len(arrays) + 2 :], run.gradients

    arrays = [random.uniform(-2, 2, s) for s in form]
    f(*arrays)
    text = f.source(*arrays)
    before = {v.name: v.numpy() for v in vs if v.name}
    results, after = execute(text, arrays, before)
    expected = values(f(*arrays))
    assert_same([ad.Tensor(x) for x in results[: len(expected)]], expected)
    for v in vs:
        if v.shape and v.name in after:
            np.testing.assert_array_equal(after[v.name], v.numpy())


def test_it_says_what_it_does() -> None:
    w = ad.Variable(np.ones((2, 2), np.float32), name="dense/kernel")

    @ad.function
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            y = ad.sum(ad.tanh(x @ w))
        w.assign_sub(tape.gradient(y, w))
        return y

    text = f.source(np.ones((3, 2), np.float32))
    assert text.startswith("import numpy as np\n")
    assert "def f(x, dense_kernel):" in text
    for word in ("# forward", "# backward", "# update", "np.tanh(", "(3, 2)", "np.dot("):
        assert word in text
    assert "autodiff" not in text
