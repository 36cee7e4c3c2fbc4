"""Every declared op: its gradients to second order, its dtypes, its NumPy namesake."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import registry
from autodiff.testing import Call, check_gradients, sample_call
from autodiff.testing.strategies import axes, calls, shapes

#: what Hypothesis draws for one op of many; `make long` draws twenty times as much
SOME, FEW = (settings(max_examples=settings().max_examples * part // 25) for part in (14, 10))
OPS = [name for name, op in registry.items() if op.rules]
#: ops that solve equations: what LAPACK rounds is more than the last bits
DECOMPOSED = {
    *("inv", "solve", "det", "cofactors", "slogdet", "pinv", "cholesky", "qr", "eigh", "svd"),
    "eig",
}
NUMPY = [name for name, op in registry.items() if op.numpy]


@pytest.mark.parametrize("op", OPS)
@SOME
@given(data=st.data())
def test_first_and_second_order(
    op: str, data: st.DataObject, request: pytest.FixtureRequest
) -> None:
    call = data.draw(calls(registry[op]))
    check_gradients(call, *call.arrays)
    request.node.user_properties.append(("second order", op))  # for the closing line


def kinds(call: Call) -> set[str]:
    """What is special about the shapes of a call's inputs."""
    found = [a.shape for a in call.arrays]
    return {
        name
        for name, holds in {
            "0-d": () in found,
            "empty": any(0 in shape for shape in found),
            "size 1": any(np.prod(shape) == 1 for shape in found),
            "broadcast": len(set(found)) > 1,
        }.items()
        if holds
    }


@pytest.mark.parametrize("op", OPS)
def test_special_shapes(op: str) -> None:
    seen: set[str] = set()
    for seed in range(100):
        call = sample_call(registry[op], seed)
        if not kinds(call) <= seen:
            seen |= kinds(call)
            check_gradients(call, *call.arrays)
    assert "size 1" in seen
    if registry[op].undo is registry["add"].undo and len(registry[op].inputs) > 1:
        assert seen == {"0-d", "empty", "size 1", "broadcast"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("op", OPS)
@FEW
@given(data=st.data())
def test_dtypes(op: str, dtype: type[np.floating], data: st.DataObject) -> None:
    call = data.draw(calls(registry[op]))
    low = [a.astype(dtype) if a.dtype.kind == "f" else a for a in call.arrays]
    high = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in low]
    values, gradients = value_and_gradients(call, low)
    expected_values, expected = value_and_gradients(call, high)
    for value, other in zip(values, expected_values, strict=True):
        single = np.complex64 if other.dtype.kind == "c" else dtype
        assert value.dtype == call.statics.get("dtype", single)
    assert all(g.dtype == dtype for g in gradients)
    tolerance = (128 if op in DECOMPOSED else 16) * float(np.finfo(dtype).eps)
    for a, b in zip([*values, *gradients], [*expected_values, *expected], strict=True):
        size = max(1.0, np.max(np.abs(b), initial=0.0))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * size)


def value_and_gradients(
    call: Call, arrays: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    xs = [ad.Tensor(a) for a in arrays]
    floats = [x for x in xs if x.dtype.kind == "f"]
    with ad.GradientTape() as tape:
        tape.watch(floats)
        ys = _nest.flatten(call(*xs))
    return [y.numpy() for y in ys], [g.numpy() for g in tape.gradient(ys, floats)]


@pytest.mark.parametrize("op", NUMPY)
@FEW
@given(data=st.data())
def test_numpy_namesakes(op: str, data: st.DataObject) -> None:
    declared = registry[op]
    call = data.draw(calls(declared))
    several = declared.variadic
    for function in declared.numpy:
        given_inputs = [list(call.inputs[0])] if several else list(call.inputs)
        as_tensors = [[ad.Tensor(a) for a in x] if several else ad.Tensor(x) for x in given_inputs]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # empty means
            expected = call_numpy(function, given_inputs, call.statics)
            through_numpy = call_numpy(function, as_tensors, call.statics)
            direct = call(*call.arrays)
        for result in (direct, through_numpy):
            for y, other in zip(_nest.flatten(result), _nest.flatten(expected), strict=True):
                assert isinstance(y, ad.Tensor)
                assert y.dtype == other.dtype
                assert y.shape == np.shape(other)
                np.testing.assert_allclose(y.numpy(), other, rtol=1e-14, atol=1e-15)


def call_numpy(function, inputs, statics):
    """By position where NumPy has other names for the arguments, or had."""
    if "keepdims" in statics:
        return function(*inputs, **statics)
    return function(*inputs, *statics.values())


@pytest.mark.long
@pytest.mark.parametrize("op", OPS)
@given(data=st.data())
def test_third_order(op: str, data: st.DataObject, request: pytest.FixtureRequest) -> None:
    call = data.draw(calls(registry[op]))
    check_gradients(call, *call.arrays, order=3)
    request.node.user_properties.append(("second order", op))


@given(data=st.data(), shape=shapes(min_side=1))
def test_compositions(data: st.DataObject, shape: tuple[int, ...]) -> None:
    """Ops after each other, with an input that is used twice."""
    smooth = [ad.tanh, ad.sin, ad.exp, ad.sigmoid, ad.square, ad.cos]
    first, second = data.draw(st.tuples(st.sampled_from(smooth), st.sampled_from(smooth)))
    axis = data.draw(axes(len(shape)))
    x = np.random.default_rng(data.draw(st.integers(0, 99))).uniform(-1, 1, shape)

    def f(x):
        y = first(x) * x
        return ad.sum(second(y) + y, axis=axis) * ad.mean(x)

    check_gradients(f, x, order=3)
