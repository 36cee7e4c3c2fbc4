"""How values stand in readable lines: numbers, views, draws, expressions without names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.flat.text._terms import draw, literal

from ..texts import execute, readable

A = np.arange(6, dtype=np.float32).reshape(2, 3)


@given(st.floats(allow_nan=False, width=32), st.sampled_from(["float16", "float32", "float64"]))
def test_a_literal_is_the_same_number_in_the_arrays_dtype(x: float, kind: str) -> None:
    dtype = np.dtype(kind)
    with np.errstate(over="ignore"):
        found = eval(literal(x, dtype), {"np": np})
        assert dtype.type(found) == dtype.type(x)
    assert len(literal(x, dtype)) <= len(literal(x, None))


def test_literals_are_short() -> None:
    single = np.dtype("float32")
    assert literal(float(np.float32(0.1)), single) == "0.1"
    assert literal(1 - 0.9, single) == "0.1"
    assert literal(1 - 0.9, np.dtype("float64")) == repr(1 - 0.9)
    assert literal(2, single) == "2"
    assert literal(float("-inf"), single) == "-np.inf"


DRAWS: list[tuple[str, Any]] = [
    ("normal", lambda r: r.normal(size=(2, 3))),
    ("normal", lambda r: r.normal(2.0, 0.5, size=3, dtype="float64")),
    ("uniform", lambda r: r.random((4,))),
    ("uniform", lambda r: r.uniform(-2.0, 3.0, size=(50,))),
    ("uniform", lambda r: r.uniform(-2.0, 3.0)),
    ("integers", lambda r: r.integers(3, 9, size=(5,))),
    ("bernoulli", lambda r: r.bernoulli(0.3, size=(20,))),
    ("permutation", lambda r: r.permutation(7)),
    ("choice", lambda r: r.choice(5, size=(3,), p=[0.1, 0.2, 0.3, 0.2, 0.2])),
    ("choice", lambda r: r.choice(5, size=(3,), replace=False)),
]


@pytest.mark.parametrize(("method", "call"), DRAWS)
def test_draws_are_what_numpys_generator_draws(method: str, call: Any) -> None:
    rng = ad.random.default_rng(5)
    f = ad.function(lambda x: call(rng))
    state = rng.state
    (found,), _ = execute(f, [A], {})
    rng.state = state
    expected = f(A).numpy()
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    assert "autodiff" not in f.source(A)


def test_draws_of_every_kind_are_tried() -> None:
    from autodiff import _draws

    assert {method for method, _ in DRAWS} == {*_draws.DRAWS}
    assert draw("rng", "x", "permutation", n=3) == "x = rng.permutation(3)"


@pytest.mark.parametrize(
    ("f", "line"),
    [
        (lambda x, y: (x + y) * y, "(x + y) * y"),
        (lambda x, y: x - (y - x), "x - (y - x)"),
        (lambda x, y: -(x + y), "-(x + y)"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: x ** (y + 1), "x ** (y + 1)"),
        (lambda x, y: 2.0 * ad.exp(-ad.abs(x)), "2.0 * np.exp(-np.abs(x))"),
        (lambda x, y: x * -3.0, "x * -3.0"),
        (lambda x, y: x / (y * x), "x / (y * x)"),
    ],
)
def test_numbers_are_written_where_they_are_needed(f: Any, line: str) -> None:
    """In the update, where all that is computed without a name is of one line."""
    v = ad.Variable(1.0, dtype="float64")

    def step(x: Any, y: Any) -> None:
        with ad.GradientTape() as tape:
            loss = v * v
        g = tape.gradient(loss, v)
        v.assign(f(x, y) + 0.0 * g)

    step_ = ad.function(step)
    args = np.float64(0.5), np.float64(1.5)
    text = step_.source(*args)
    assert f"({line})" in text or f" {line} " in text
    before = float(v)
    (new,), _ = execute(step_, list(args), {"variable": np.float64(before)})
    step_(*args)
    assert new == float(v)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: ad.exp(x.T), "x.T"),
        (lambda x: ad.exp(x[:, 1:]), "x[:, 1:]"),
        (lambda x: ad.exp(ad.reshape(x, (3, 2))), "x.reshape(3, 2)"),
        (lambda x: ad.exp(ad.expand_dims(x[0], axis=-1)), "[:, None]"),
        (lambda x: ad.exp(ad.permute_dims(ad.reshape(x, (1, 2, 3)), (1, 0, 2))), ".transpose(1, 0"),
        (lambda x: ad.exp(ad.broadcast_to(x, (2, 2, 3))), "np.broadcast_to(x, (2, 2, 3))"),
    ],
)
def test_views_are_written_where_they_are_used(f: Any, text: str) -> None:
    flat = ad.function(lambda x: f(ad.asarray(x)))
    assert text in flat.source(A)
    assert len([line for line in readable(flat, A).lines if line.values]) == 1
    (found,), _ = execute(flat, [A], {})
    np.testing.assert_array_equal(found, flat(A).numpy())


def test_long_views_have_a_line_of_their_own() -> None:
    f = ad.function(lambda x: ad.exp(ad.windows(ad.asarray(x), axis=-1, size=2)) * 2.0)
    text = f.source(A)
    assert "x_windows = " in text
    assert "np.exp(x_windows" in text
    assert max(map(len, text.split("\n"))) <= 110
    (found,), _ = execute(f, [A], {})
    np.testing.assert_array_equal(found, f(A).numpy())
