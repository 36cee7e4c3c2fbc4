"""Where whole engines go wrong elsewhere: shapes, shared memory, dtypes, repeated and deep use."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients
from autodiff.testing.strategies import broadcastable_shapes, shapes

ELEMENTWISE = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow),
    *(ad.maximum, ad.minimum, lambda x, y: ad.where(x > y, x, y)),
]


def gradients(f: Callable[..., Any], *inputs: Any, upstream: Any = None) -> list[np.ndarray]:
    xs = [ad.Tensor(np.asarray(x)) for x in inputs]
    with ad.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return [g.numpy() for g in tape.gradient(y, xs, upstream)]


# -- broadcasting and empty arrays ---------------------------------------------------------------


@pytest.mark.parametrize("f", ELEMENTWISE)
@given(shape=broadcastable_shapes(2))
def test_gradients_keep_their_shapes(f: Any, shape: tuple[tuple[int, ...], ...]) -> None:
    x, y = (np.full(s, v) for s, v in zip(shape, (1.5, 2.5), strict=True))
    for g, a in zip(gradients(f, x, y), (x, y), strict=True):
        assert g.shape == a.shape


@given(shape=broadcastable_shapes(3))
def test_gradients_count_how_often_an_element_was_used(shape: tuple[tuple[int, ...], ...]) -> None:
    full = np.broadcast_shapes(*shape)
    arrays = [np.ones(s) for s in shape]
    for g, a in zip(gradients(lambda x, y, z: x + y + z, *arrays), arrays, strict=True):
        assert g.shape == a.shape
        assert a.size * (g.flat[0] if a.size else 0) == np.prod(full)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_empty_arrays_have_empty_gradients(axis: int | None) -> None:
    for shape in ((0, 3), (3, 0), (0,)):
        for f in (ad.sum, ad.prod):
            if axis == 1 and len(shape) == 1:
                continue
            (g,) = gradients(lambda x, f=f: f(x, axis=axis), np.ones(shape))
            assert g.shape == shape


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "mean", "max", "min"])
def test_a_batch_may_be_empty(name: str) -> None:
    f = getattr(ad, name)
    check_gradients(lambda x: f(x, axis=-1), np.ones((0, 3)))
    check_gradients(lambda x, y: x @ y, np.ones((0, 2)), np.ones((2, 3)))
    check_gradients(ad.softmax_cross_entropy, np.ones((0, 3)), np.ones(0, np.int64))


def test_products_over_nothing_are_zero() -> None:
    x, y = gradients(ad.matmul, np.ones((2, 0)), np.ones((0, 3)))
    assert (x.shape, y.shape) == ((2, 0), (0, 3))
    (g,) = gradients(lambda x: ad.sum(x + ad.zeros((0, 3))), np.ones((1, 3), np.float32))
    assert g.tolist() == [[0, 0, 0]]


# -- repeated indices ----------------------------------------------------------------------------


@given(st.lists(st.integers(-4, 3), max_size=8))
def test_repeated_indices_add_up(index: list[int]) -> None:
    k = np.array(index, np.int64)
    (g,) = gradients(lambda x: x[k], np.ones(4))
    np.testing.assert_array_equal(g, np.bincount(k % 4, minlength=4))
    check_gradients(lambda x: x[k] * x[k], np.arange(1.0, 5.0))


def test_repeated_and_masked_indices_in_several_axes() -> None:
    x = np.arange(12.0).reshape(3, 4)
    rows, columns = np.array([[0, 0], [2, 0]]), np.array([1, 1])
    for index in (
        (rows, columns),
        (slice(None), columns),
        (rows, slice(0, 2)),
        x > 4,
        (Ellipsis, columns, None),
        (np.array([], np.int64), columns[:0]),
    ):
        check_gradients(lambda x, index=index: x[index] * 2, x)


# -- memory that others hold ---------------------------------------------------------------------


def test_arrays_that_the_caller_changes_later() -> None:
    """What a tape recorded is the value at that time, wherever an op took an array from."""
    a, condition, index, labels = (
        np.array([2.0, 3.0]),
        np.array([True, False]),
        np.array([0, 0]),
        np.array([1]),
    )
    bound = np.array([0.0, 0.0])
    x = ad.Variable(np.array([5.0, 7.0]))
    with ad.GradientTape(persistent=True) as tape:
        results = {
            "times": x * a,
            "reflected": a * x,
            "matmul": x @ a,
            "power": a**x,
            "where": ad.where(condition, x, 0.0),
            "index": x[index],
            "put": ad.put(x, a[:1], index=index[:1]),
            "clip": ad.clip(x, bound, 10.0),
            "loss": ad.softmax_cross_entropy(ad.expand_dims(x), labels),
            "stack": ad.stack([x, a]),
            "tensor": x * ad.Tensor(a) * ad.asarray(a),
        }
    before = {name: tape.gradient(y, x).tolist() for name, y in results.items()}
    for array in (a, condition, index, labels, bound):
        array[...] = [*array[::-1]] if array.size > 1 else 1 - array
    bound[...] = 6.0
    after = {name: tape.gradient(y, x).tolist() for name, y in results.items()}
    assert after == before
    assert before["times"] == [2, 3]
    assert before["index"] == [2, 0]


def test_views_are_recorded_by_value_too() -> None:
    base = np.arange(6.0)
    x = ad.Variable(np.ones(3))
    with ad.GradientTape() as tape:
        y = x * base[::2] * base.reshape(2, 3)[1] * base.reshape(3, 2).T[0]
    base[...] = 0
    assert tape.gradient(y, x).tolist() == [0, 2 * 4 * 2, 4 * 5 * 4]


def test_values_that_leave_are_copies() -> None:
    source = np.array([1.0, 2.0])
    x, v = ad.Tensor(source), ad.Variable(source)
    source[...] = 9
    with ad.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * v
    for value in (x, v, y):
        value.numpy()[...] = 9
        np.asarray(value)[...] = 9
    g = tape.gradient(y, x)
    g.numpy()[...] = 9
    assert g.tolist() == tape.gradient(y, x).tolist() == [2, 8]
    with pytest.raises(ValueError, match="read-only"):
        x.__array__(copy=False)[...] = 9


def test_upstream_gradients_that_the_caller_changes_later() -> None:
    upstream = np.array([1.0, 2.0])
    x = ad.Variable(np.array([5.0, 7.0]))
    with ad.GradientTape() as tape:
        y = ad.positive(x)
    g = tape.gradient(y, x, upstream)
    upstream[...] = 9
    assert g.tolist() == [1, 2]


LINEAR = {
    "twice": lambda x: x + x,
    "minus": lambda x: -x,
    "positive": ad.positive,
    "copy": ad.copy,
    "flat and back": lambda x: ad.reshape(ad.reshape(x, (-1,)), x.shape),
    "turned": lambda x: ad.permute_dims(ad.permute_dims(x)),
    "stretched": lambda x: ad.sum(ad.broadcast_to(x, (2, *x.shape)), axis=0),
    "split": lambda x: ad.concat([x[..., :1], x[..., 1:]], axis=-1),
    "reversed": lambda x: x[..., ::-1],
    "stacked": lambda x: ad.sum(ad.stack([x, x, -x]), axis=0),
}


@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(LINEAR)), st.integers(0, 9)), max_size=10),
    shape=shapes(min_dims=1, min_side=1),
)
def test_shared_gradients_are_added_up_without_writing_to_them(
    steps: list[tuple[str, int]], shape: tuple[int, ...]
) -> None:
    """Fans of ops whose gradients are the upstream gradient itself, or a view of it."""

    def f(x: ad.Tensor, y: ad.Tensor) -> list[ad.Tensor]:
        values = [x, y, x + y]
        for name, k in steps:
            values.append(LINEAR[name](values[k % len(values)]) + values[-1])
        return values[2:]

    check_gradients(f, np.ones(shape), np.ones(shape))


# -- dtypes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_integers_are_never_dropped_silently(dtype: Any) -> None:
    x = ad.Variable(np.array([0, 1], dtype))
    with ad.GradientTape() as tape:
        y = ad.astype(x, np.float64) * 2.0
        with pytest.raises(TypeError, match="no gradient; expected floats"):
            tape.watch(x)
    with pytest.raises(TypeError, match="no gradient; expected floats"):
        tape.gradient(y, x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_nothing_becomes_float64_by_itself(dtype: Any) -> None:
    """Python numbers are weak; sums of one element, 0-d values and counts are no float64 either."""
    x = ad.Variable(np.array([[1.5, 2.5]], dtype))
    with ad.GradientTape() as tape:
        mean = ad.mean(x)
        y = 2 * x / 3.0 - mean + (x - mean) ** 2 / x.size + ad.max(x) * 0.5
        y = ad.sum(y) ** 0.5 + 1 - ad.prod(x, axis=(0, 1)) / 7
    g = tape.gradient(y, x)
    assert y.dtype == mean.dtype == g.dtype == dtype
    x.assign_sub(np.float64(0.1) * g)
    assert x.dtype == dtype


def test_numpy_scalars_are_strong_and_gradients_come_back_in_the_inputs_dtype() -> None:
    x = ad.Variable(np.array([1.5, 2.5], np.float32))
    for other in (np.float64(2), np.array(2.0), np.array([2.0, 2.0])):
        with ad.GradientTape() as tape:
            y = x * other
        assert y.dtype == np.float64
        assert tape.gradient(y, x).dtype == np.float32


def test_mean_and_standard_deviation_divide_by_n() -> None:
    x = np.array([[1.0, 2.0, 4.0], [7.0, -1.0, 0.5]])

    def std(x: ad.Tensor) -> ad.Tensor:
        return ad.sqrt(ad.mean(ad.square(x - ad.mean(x, axis=1, keepdims=True)), axis=1))

    np.testing.assert_allclose(ad.mean(x, axis=0).numpy(), x.mean(0), rtol=1e-15)
    np.testing.assert_allclose(std(ad.Tensor(x)).numpy(), x.std(1), rtol=1e-14)
    (g,) = gradients(std, x)
    deviation = x - x.mean(1, keepdims=True)
    np.testing.assert_allclose(g, deviation / (3 * x.std(1, keepdims=True)), atol=1e-15)
    check_gradients(std, x)


# -- depth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("persistent", [False, True])
def test_deep_graphs_need_no_recursion(persistent: bool) -> None:
    depth = 20 * sys.getrecursionlimit()
    x = ad.Variable(np.float64(1.0))
    with ad.GradientTape(persistent) as tape:
        y = x + 0.0
        for _ in range(depth):
            y = y * 1.0 + 0.0
    assert tape.gradient(y, x).item() == 1
    del y, tape


def test_deep_graphs_of_second_order_need_no_recursion() -> None:
    depth = 3 * sys.getrecursionlimit()
    x = ad.Variable(np.float64(1.0))
    with ad.GradientTape() as outer:
        with ad.GradientTape() as tape:
            y = x * x
            for _ in range(depth):
                y = y * 1.0
        g = tape.gradient(y, x)
    assert outer.gradient(g, x).item() == 2
