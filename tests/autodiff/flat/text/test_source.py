"""The text of a program runs by itself, with NumPy alone, and gives what the program gives."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from optim import SGD, Adam

from ..agreement import assert_same, values
from ..programs import Run, Step, programs, shapes
from ..texts import execute

Shape = tuple[int, ...]


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
    known = {re.sub(r"\W", "_", str(v.name)): v for v in (w, b, *optimizer.variables)}
    before = {name: v.numpy() for name, v in known.items()}
    results, after = execute(step, arrays, before)
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
    before = {v.name: v.numpy() for v in vs if v.name}
    results, after = execute(f, arrays, before)
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
