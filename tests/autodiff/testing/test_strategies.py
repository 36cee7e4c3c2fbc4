"""The Hypothesis strategies: what they promise to draw, and that they draw all of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients, sample_call, strategies

Shape = tuple[int, ...]


@given(strategies.broadcastable_shapes(3, max_dims=4))
def test_broadcastable_shapes_broadcast(shapes: tuple[Shape, ...]) -> None:
    assert len(shapes) == 3
    assert len(np.broadcast_shapes(*shapes)) <= 4


@pytest.mark.parametrize(
    "wanted",
    [
        lambda a, b: a == () and b != (),
        lambda a, b: 0 in a,
        lambda a, b: len(a) == len(b) and 1 in a and 1 in b and a != b,
        lambda a, b: a == b and len(a) == 3,
    ],
)
def test_broadcastable_shapes_reach_every_kind(wanted: Any) -> None:
    found = find(strategies.broadcastable_shapes(), lambda shapes: wanted(*shapes))
    assert wanted(*found)


@given(strategies.shapes(min_dims=1, max_dims=2, min_side=2, max_side=3))
def test_shapes_keep_their_bounds(shape: Shape) -> None:
    assert 1 <= len(shape) <= 2
    assert set(shape) <= {2, 3}


@given(st.data(), st.integers(0, 4), st.integers(0, 1))
def test_axes_are_what_reductions_take(data: st.DataObject, ndim: int, min_size: int) -> None:
    axis = data.draw(strategies.axes(ndim, min_size))
    x = np.ones((2,) * ndim)
    assert ad.sum(x, axis=axis).shape == np.sum(x, axis=axis).shape
    assert not isinstance(axis, tuple) or len(axis) >= min_size


@given(st.data(), st.sampled_from([np.float16, np.float32, np.float64]))
def test_tensors_are_finite_and_within_bounds(data: st.DataObject, dtype: Any) -> None:
    x = data.draw(strategies.tensors(dtype=dtype, low=-0.5, high=3.0))
    assert isinstance(x, ad.Tensor)
    assert x.dtype == dtype
    assert ((x.numpy() >= -0.5) & (x.numpy() <= 3)).all()


@given(strategies.tensors((5,), unique=True))
def test_tensors_may_have_no_ties(x: ad.Tensor) -> None:
    assert len(set(x.tolist())) == 5
    assert x.shape == (5,)


@given(strategies.tensors(strategies.shapes(max_dims=2)))
def test_tensors_go_into_check_gradients(x: ad.Tensor) -> None:
    check_gradients(lambda x: ad.tanh(x) * x, x)


def test_calls_are_drawn_by_the_ops_own_sample() -> None:
    call = find(strategies.calls(ad.matmul), lambda c: c.inputs[0].ndim == c.inputs[1].ndim == 3)
    assert call.op.name == "matmul"
    np.testing.assert_array_equal(call(*call.arrays).numpy(), np.matmul(*call.inputs))
    assert "matmul" in repr(call)


def test_seeded_calls_repeat_themselves_and_differ() -> None:
    a, b = (sample_call(ad.concat, seed=3) for _ in range(2))
    assert all(np.array_equal(x, y) for x, y in zip(a.arrays, b.arrays, strict=True))
    assert len({tuple(a.shape for a in sample_call(ad.add, k).arrays) for k in range(30)}) > 5


@pytest.mark.parametrize("wrong", [np.add, ad.arange, ad.zeros, "add"])
def test_what_is_no_op_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is no op with samples; expected one such as"):
        sample_call(wrong, 0)
    with pytest.raises(TypeError, match="is no op with samples; expected one such as"):
        strategies.calls(wrong)


def test_only_the_strategies_need_hypothesis() -> None:
    program = (
        "import sys; import autodiff.testing as t; import autodiff.testing.strategies; "
        "t.check_gradients(lambda x: x * x, [1.0]); assert 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
