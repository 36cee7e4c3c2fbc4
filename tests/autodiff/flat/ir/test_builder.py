"""The builder of values: shapes and dtypes as NumPy has them, the same value for the same thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as ad
from autodiff.flat.ir._builder import Builder
from autodiff.flat.ir._value import REDUCTIONS, UFUNCS, Value

from ..machine import interpret

LOGICAL = frozenset(("bitwise_and", "bitwise_or", "bitwise_xor", "invert"))
ONE = {name for name in UFUNCS if getattr(np, name).nin == 1}
FLOATS = st.sampled_from(["float16", "float32", "float64"])
KINDS = st.sampled_from(["float16", "float32", "float64", "int64", "bool"])


def argument(b: Builder, x: Any) -> Value:
    place = sum(v.op == "argument" for v in b.values)
    return b.make("argument", (), {"place": place}, x.shape, x.dtype)


def arrays(kinds: Any, *shapes: tuple[int, ...]) -> Any:
    return st.tuples(*(kinds.map(lambda kind, s=s: np.ones(s, kind)) for s in shapes))


@given(op=st.sampled_from(sorted(UFUNCS)), data=st.data())
def test_ufuncs_have_numpys_shape_and_dtype(op: str, data: st.DataObject) -> None:
    kinds = st.sampled_from(["int64", "bool"]) if op in LOGICAL else KINDS
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=1 if op in ONE else 2))
    given_arrays = [np.ones(s, data.draw(kinds)) for s in shapes.input_shapes]
    if op not in ONE and data.draw(st.booleans()) and op not in LOGICAL:
        given_arrays[1] = data.draw(st.sampled_from([2, 0.5, True]))
    try:
        with np.errstate(all="ignore"):
            expected = getattr(np, op)(*given_arrays)
    except TypeError:
        return  # such as the negative of truth values
    b = Builder()
    operands = [argument(b, x) if isinstance(x, np.ndarray) else x for x in given_arrays]
    value = b.ufunc(op, *operands)
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
    inputs = [x for x in given_arrays if isinstance(x, np.ndarray)]
    np.testing.assert_array_equal(np.asarray(interpret(b.values, inputs)[value]), expected)


@given(
    op=st.sampled_from(sorted(REDUCTIONS)),
    kind=KINDS,
    shape=hnp.array_shapes(min_dims=0, max_dims=3),
    keepdims=st.booleans(),
    data=st.data(),
)
def test_reductions_have_numpys_shape_and_dtype(
    op: str, kind: str, shape: tuple[int, ...], keepdims: bool, data: st.DataObject
) -> None:
    x = np.ones(shape, kind)
    axes = data.draw(st.sets(st.integers(-len(shape), -1)) if shape else st.just(set()))
    b = Builder()
    value = b.reduce(op, argument(b, x), tuple(sorted(axes)), keepdims)
    ufunc: Any = REDUCTIONS[op]
    expected = np.asarray(ufunc.reduce(x, axis=tuple(axes), keepdims=keepdims))
    assert value.shape == expected.shape
    if axes:
        assert value.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(interpret(b.values, [x])[value]), expected)


def test_the_same_is_made_once() -> None:
    b = Builder()
    x, y = argument(b, np.ones((2, 3))), argument(b, np.ones((2, 3)))
    assert x is not y
    assert x + y is x + y
    assert x + y is not y + x
    assert x * 2 is x * 2
    assert x * 2 is not x * 2.0  # numbers of other types give other dtypes
    assert x * 0.0 is not x * -0.0
    assert b.constant(np.ones(3)) is b.constant(np.ones(3))
    assert b.constant(np.ones(3)) is not b.constant(np.ones(3, np.float32))
    assert b.constant(np.zeros(3)) is not b.constant(-np.zeros(3))


def test_what_is_constant_is_computed_at_once() -> None:
    b = Builder()
    x = b.constant(np.arange(4.0))
    total = b.reduce("sum", b.ufunc("exp", x) * 2, None, False)
    assert total.op == "constant"
    np.testing.assert_allclose(total.data, 2 * np.exp(np.arange(4.0)).sum())


def test_what_changes_nothing_is_left_out() -> None:
    b = Builder()
    x = argument(b, np.ones((2, 3), np.float32))
    assert x * 1 is x
    assert 1.0 * x is x
    assert x / 1 is x
    assert +x is x
    assert b.cast(x, "float32") is x
    assert b.broadcast(x, (2, 3)) is x
    assert b.reshape(x, (2, 3)) is x
    assert b.reshape(b.reshape(x, (6,)), (2, 3)) is x
    assert b.reshape(b.reshape(x, (6,)), (3, 2)).inputs == (x,)
    assert b.transpose(b.transpose(x, (1, 0)), (1, 0)) is x
    assert b.transpose(x, (0, 1)) is x
    cube = argument(b, np.ones((2, 3, 4)))
    there = b.transpose(cube, (2, 0, 1))
    assert b.transpose(there, (1, 2, 0)) is cube
    assert b.transpose(there, (0, 2, 1)).inputs == (cube,)


def test_a_one_that_changes_the_dtype_or_the_shape_stays() -> None:
    b = Builder()
    x = argument(b, np.ones(3, np.int64))
    assert (x * 1.0).dtype == np.float64
    assert (x / 1).dtype == np.float64
    ones = b.constant(np.ones((2, 3), np.float32))
    assert (argument(b, np.ones(3, np.float32)) * ones).shape == (2, 3)


@pytest.mark.parametrize("value", [0.25, -0.0, 0.0, np.inf, -np.inf])
def test_arrays_of_one_number_become_the_number(value: float) -> None:
    b = Builder()
    x = argument(b, np.ones((2, 3), np.float32))
    found = b.ufunc("multiply", x, b.constant(np.full((2, 3), value, np.float32)))
    assert found.inputs[1] == value
    assert np.signbit(found.inputs[1]) == np.signbit(value)
    assert type(found.inputs[1]) is float


def test_arrays_that_are_no_one_number_stay() -> None:
    b = Builder()
    x, small = argument(b, np.ones((2, 3), np.float32)), argument(b, np.ones(3, np.float32))
    for data in (np.full(3, np.nan), np.array([1.0, 2.0, 1.0]), np.array([0.0, -0.0, 0.0])):
        found = b.ufunc("multiply", x, b.constant(data.astype(np.float32)))
        assert isinstance(found.inputs[1], Value)
    wide = b.ufunc("multiply", small, b.constant(np.full((2, 3), 2.0, np.float32)))
    assert isinstance(wide.inputs[1], Value)  # it gives the result its shape
    double = b.ufunc("multiply", x, b.constant(np.full((2, 3), 2.0)))
    assert double.dtype == np.float64  # and here its dtype


@pytest.mark.parametrize(
    ("index", "op"),
    [
        ((0,), "slice"),
        ((slice(None, None, -1), None), "slice"),
        ((..., 1), "slice"),
        ((np.array([0, 0, 1]),), "take"),
        ((True,), "take"),
        ((np.array([True, False]),), "take"),
        ((slice(1), np.array([[2], [0]])), "take"),
    ],
)
def test_an_index_is_a_view_or_a_copy(index: tuple[Any, ...], op: str) -> None:
    b = Builder()
    x = np.arange(6.0).reshape(2, 3)
    value = b.index(argument(b, x), index)
    expected = x[tuple(np.asarray(e) if e is True else e for e in index)]
    assert value.op == op
    assert value.shape == expected.shape
    np.testing.assert_array_equal(interpret(b.values, [x])[value], expected)


def test_checks_that_were_made_are_known() -> None:
    b = Builder()
    x = argument(b, np.ones(3, np.int64))
    assert not b.known_within(x, 0, 5)
    b.checks.append((b.make("within", (x,), {"low": 0, "high": 5}, (), np.bool_), "x"))
    assert b.known_within(x, 0, 5)
    assert not b.known_within(x, 0, 4)
    assert not b.known_within(x + 1, 0, 5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: ad.matmul(ad.broadcast_to(x[:1], (3,)), y),
        lambda x, y: ad.matmul(ad.broadcast_to(x[0], (4, 3)), y[0, 0]),
        lambda x, y: ad.matmul(x, ad.broadcast_to(y[:, :, :1], (2, 1, 3, 1))),
        lambda x, y: ad.matmul(ad.reshape(ad.broadcast_to(x[1], (6,)), (2, 3)), y),
    ],
)
def test_products_of_what_was_broadcast_have_the_bits_of_eager_ones(f: Any) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        x, y = random.normal(size=3), random.normal(size=(2, 1, 3, 1))
        np.testing.assert_array_equal(ad.function(f)(x, y).numpy(), f(*map(ad.asarray, (x, y))))
