"""Gradients with numbers and arrays for operands, of mixed dtypes, of Jacobians, of x[i] = v."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import registry
from autodiff.testing import check_gradients
from autodiff.testing.strategies import calls

X = np.array([[0.6, 1.7, 0.9], [1.2, 0.45, 2.2]])  # no remainder of the numbers below jumps
PAIRS = [
    name
    for name, op in registry.items()
    if op.undo is registry["add"].undo and len(op.inputs) == 2 and op.rules
]
#: those by whose inputs there are all derivatives, of numbers of any size
PLAIN = [k for k in PAIRS if ".special_" not in registry[k].forward.__module__]
SEVERAL = [name for name, op in registry.items() if op.rules and (op.variadic or len(op.rules) > 1)]


@pytest.mark.parametrize("number", [2, 2.5, 1, 0, True, np.float64(1.5), np.array(1.5)])
@pytest.mark.parametrize("op", PLAIN)
def test_numbers_on_either_side(op: str, number: Any) -> None:
    f = registry[op].function
    check_gradients(lambda x: f(number, x), X)
    if op not in ("divide", "remainder") or number:
        check_gradients(lambda x: f(x, number), X)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("number", [2, 0.5])
@pytest.mark.parametrize("op", PAIRS)
def test_numbers_have_the_dtype_of_what_is_beside_them(op: str, number: Any, dtype: Any) -> None:
    declared = registry[op]
    x = ad.Variable(np.array([0.5, 0.75], dtype))
    for place in range(2):
        fraction = declared.inputs[place] if number != int(number) else ""
        if "n" in (declared.inputs[1 - place], fraction):  # orders are integers
            continue
        with ad.GradientTape() as tape:
            y = declared.function(*((number, x) if place == 0 else (x, number)))
        assert y.dtype == dtype
        if declared.inputs[1 - place] in declared.rules:
            assert tape.gradient(y, x).dtype == dtype


@pytest.mark.parametrize("other", [3, 0.5, np.float64(1.5), X[0], X])
@pytest.mark.parametrize(
    "f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
def test_operators_with_what_is_no_tensor(f: Any, other: Any) -> None:
    check_gradients(lambda x: f(x, other), X)
    check_gradients(lambda x: f(other, x), X)
    assert isinstance(f(other, ad.Tensor(X)), ad.Tensor)


@pytest.mark.parametrize("exponent", [2, 3, -1, -2, 2.0, -3.0])
def test_powers_of_negative_numbers(exponent: float) -> None:
    check_gradients(lambda x: x**exponent, [-1.5, -0.4, 0.7], order=3)
    check_gradients(lambda x: x ** np.full(3, exponent), [-1.5, -0.4, 0.7], order=3)


def test_matmul_with_what_is_no_tensor() -> None:
    check_gradients(lambda x: x @ X.T, X)
    check_gradients(lambda x: X.T @ x, X)
    check_gradients(lambda x: X.tolist() @ x, X[0])


@pytest.mark.parametrize("op", SEVERAL)
@given(data=st.data())
def test_mixed_dtypes(op: str, data: st.DataObject) -> None:
    """Each gradient comes back in its own input's dtype, whatever the result's is."""
    call = data.draw(calls(registry[op]))
    dtypes = st.sampled_from([np.float16, np.float32, np.float64])
    arrays = [a.astype(data.draw(dtypes)) if a.dtype.kind == "f" else a for a in call.arrays]
    xs = [ad.Tensor(a) for a in arrays]
    floats = [x for x in xs if x.dtype.kind == "f"]
    with ad.GradientTape() as outer:
        outer.watch(floats)
        with ad.GradientTape() as tape:
            tape.watch(floats)
            y = call(*xs)
        recorded = tape.gradient(y, floats)
    for g, again, x in zip(recorded, outer.gradient(y, floats), floats, strict=True):
        assert g.shape == again.shape == x.shape
        assert g.dtype == again.dtype == x.dtype


@pytest.mark.parametrize("op", [name for name, op in registry.items() if op.rules])
@given(data=st.data())
def test_jacobians_have_gradients(op: str, data: st.DataObject) -> None:
    """A Jacobian is one walk with extra leading axes; recorded, it is differentiated again."""
    call = data.draw(calls(registry[op]))
    floats = [k for k, a in enumerate(call.arrays) if a.dtype.kind == "f"]
    if op == "std":  # of two elements it is linear: second derivatives are 0 but for rounding
        assume(call.arrays[0].size != 2 * call(*call.arrays).size)

    def jacobians(*xs: ad.Tensor) -> list[ad.Tensor]:
        wanted = [xs[k] for k in floats]
        with ad.GradientTape(persistent=True) as tape:
            tape.watch(wanted)
            ys = _nest.flatten(call(*xs))
        found = [tape.jacobian(y, wanted, unconnected_gradients="zero") for y in ys]
        return [j for row in found for j in row]

    check_gradients(jacobians, *call.arrays, order=1)


@pytest.mark.parametrize(
    ("index", "value"),
    [
        ((0,), [1.0, 2.0, 3.0]),
        ((slice(None), 1), [1.0, 2.0]),
        ((Ellipsis, slice(None, None, 2)), [[1.0], [2.0]]),
        ((1, 2), 5.0),
        (([0, 1], [2, 0]), [1.0, 2.0]),
        (X > 1, 0.5),
    ],
)
def test_item_assignment(index: Any, value: Any) -> None:
    def f(x: ad.Tensor, v: ad.Tensor) -> ad.Tensor:
        y = x * x
        before = y * 1.0
        y[index] = v * v
        return y * x + before

    check_gradients(f, X, np.array(value))


def test_item_assignments_one_after_another() -> None:
    def f(x: ad.Tensor) -> ad.Tensor:
        y = ad.zeros((5,), dtype=x.dtype)
        y[0] = x[0]
        for k in range(1, 5):
            y[k] = y[k - 1] * x[k % 3] + x[0]
        return y

    check_gradients(f, X[0])


@pytest.mark.parametrize("axes", [None, (1, 0)])
def test_methods_and_properties(axes: Any) -> None:
    check_gradients(lambda x: x.T @ x + x.mT @ x + x.transpose(axes) @ x, X)
    check_gradients(lambda x: [row * row.sum() for row in x], X)
    check_gradients(lambda x: x.reshape((3, 2)).mean(axis=0).max() + abs(-x).prod(), X)
