"""Jacobians on the tape: all rows at once, in chunks, of any ranks, and in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import GradientTape, Variable
from autodiff.derivatives import _jacobian
from autodiff.engine._op import registry
from autodiff.testing.strategies import shapes, tensors

from ..smooth import functions


def row_by_row(f: Callable[[Any], Any], x: ad.Tensor) -> np.ndarray:
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
    rows = np.zeros((y.size, *x.shape))
    for k, row in enumerate(np.eye(y.size)):
        rows[k] = tape.gradient(y, x, row.reshape(y.shape), "zero").numpy()
    return rows.reshape(y.shape + x.shape)


@given(f=functions(), x=tensors(shapes(0, 2, 1)), data=st.data())
def test_a_jacobian_is_its_rows_in_chunks_of_any_size(
    f: Any, x: ad.Tensor, data: st.DataObject
) -> None:
    expected = row_by_row(f, x)
    chunk = data.draw(st.one_of(st.none(), st.integers(1, 9)))
    recording = data.draw(st.booleans())
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape(persistent=data.draw(st.booleans())) as tape:
            tape.watch(x)
            y = f(x)
        if recording:
            j = tape.jacobian(y, x, "zero", chunk)
    if not recording:
        j = tape.jacobian(y, x, "zero", chunk)
    assert j.shape == y.shape + x.shape
    np.testing.assert_allclose(j.numpy(), expected, rtol=1e-12, atol=1e-12)


@given(f=functions(), x=tensors(shapes(1, 2, 1)), data=st.data())
def test_a_batch_jacobian_has_the_jacobian_of_each_row(
    f: Any, x: ad.Tensor, data: st.DataObject
) -> None:
    chunk = data.draw(st.one_of(st.none(), st.integers(1, 9)))
    with GradientTape() as tape:
        tape.watch(x)
        y = ad.stack([f(row) for row in x])
    j = tape.batch_jacobian(y, x, "zero", chunk)
    expected = np.stack([row_by_row(f, ad.Tensor(row)) for row in x.numpy()])
    np.testing.assert_allclose(j.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("chunk", [None, 1, 3])
def test_jacobians_have_jacobians(chunk: int | None) -> None:
    """Third derivatives of x0²·x1³ + sin x0, rows of every order taken in chunks."""
    x = Variable(np.array([0.5, -2.0]))
    with GradientTape() as outer:
        with GradientTape() as middle:
            with GradientTape() as tape:
                y = x[0] ** 2 * x[1] ** 3 + ad.sin(x[0])
            gradient = tape.gradient(y, x)
        hessian = middle.jacobian(gradient, x, chunk_size=chunk)
    third = outer.jacobian(hessian, x, chunk_size=chunk).numpy()
    a, b = 0.5, -2.0
    expected = np.zeros((2, 2, 2))
    expected[0, 0] = [-np.cos(a), 6 * b**2]
    expected[0, 1] = expected[1, 0] = [6 * b**2, 12 * a * b]
    expected[1, 1] = [12 * a * b, 6 * a**2]
    np.testing.assert_allclose(third, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("chunk", [None, 2])
def test_sources_are_nested_and_some_unconnected(chunk: int | None) -> None:
    w, b, other = Variable(np.ones((3, 2))), Variable(np.ones(2)), Variable(1.0, name="other")
    sources = {"layer": [w, (b,)], "other": other}
    with GradientTape(persistent=True) as tape:
        y = ad.asarray(np.arange(12.0).reshape(4, 3)) @ w + b
    found = tape.jacobian(y, sources, chunk_size=chunk)
    assert found["other"] is None
    assert found["layer"][0].shape == (4, 2, 3, 2)
    np.testing.assert_array_equal(found["layer"][1][0].numpy(), np.tile(np.eye(2), (4, 1, 1)))
    zeros = tape.jacobian(y, [other], "zero", chunk)[0]
    assert (zeros.shape, zeros.dtype) == ((4, 2), np.float32)
    with pytest.raises(ValueError, match=r"no target depends on other of shape \(\)"):
        tape.jacobian(y, sources, "raise", chunk)


def test_a_variable_that_was_assigned_between_two_reads_has_the_sum() -> None:
    x = Variable(np.array([2.0, 3.0]))
    for chunk in (None, 1):
        x.assign([2.0, 3.0])
        with GradientTape() as tape:
            y = x * x
            x.assign([10.0, 20.0])
            y = y + x
        x.assign([0.0, 0.0])
        np.testing.assert_array_equal(
            tape.jacobian(y, x, chunk_size=chunk).numpy(), np.diag([5.0, 7.0])
        )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("chunk", [None, 2])
def test_jacobians_have_the_sources_dtype(dtype: Any, chunk: int | None) -> None:
    x = Variable(np.arange(3.0).astype(dtype))
    with GradientTape() as tape:
        y = ad.astype(x, np.float64) * 2.0
    j = tape.jacobian(y, x, chunk_size=chunk)
    assert j.dtype == dtype
    np.testing.assert_array_equal(j.numpy(), 2 * np.eye(3))


def test_a_tape_gives_one_jacobian_unless_it_is_persistent() -> None:
    x = Variable(np.ones(3))
    for chunk in (None, 1):
        with GradientTape() as tape:
            y = x * x
        tape.jacobian(y, x, chunk_size=chunk)
        with pytest.raises(RuntimeError, match="spent"):
            tape.jacobian(y, x)
        with GradientTape(persistent=True) as tape:
            y = x * x
        first = tape.jacobian(y, x, chunk_size=chunk)
        first.numpy()[...] = 9
        assert tape.jacobian(y, x).tolist() == first.tolist() == np.diag([2.0, 2.0, 2.0]).tolist()


@pytest.mark.parametrize("chunk", [0, -1, 1.5, True, "all"])
def test_wrong_chunks_are_told(chunk: Any) -> None:
    x = Variable(np.ones(3))
    with GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="expected None, or an integer from 1"):
        tape.jacobian(y, x, chunk_size=chunk)


def test_what_has_no_jacobian_is_told() -> None:
    x = Variable(np.ones(3))
    with GradientTape(persistent=True) as tape:
        y = x * x
        n = ad.argmax(x)
    with pytest.raises(TypeError, match="the target is list"):
        tape.jacobian([y], x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the target has dtype int64"):
        tape.jacobian(n, x)
    with pytest.raises(ValueError, match=r"target \(3,\) and source \(\) must have the same first"):
        tape.batch_jacobian(y, [x, Variable(1.0)])


K = np.array([1, 0, 1])


@pytest.mark.parametrize(
    "index",
    [
        (K,),
        (slice(None), K),
        (K, slice(None), K),
        (0, slice(None), K),
        (K, Ellipsis, 1),
        (K, None, K),
        (slice(None), K[:, None], K),
        (None, K, K[:, None], 0),
        (slice(None), np.int64(1), slice(0, 1)),
        (np.arange(12).reshape(2, 3, 2) % 3 > 0,),
        (slice(None), np.array([True, False, True]), K[:2]),
        (K[:2], slice(None), np.array([True, True])),
        (True, slice(None), K),
        (np.array(1), slice(None), np.array(0)),
        (K[:0], Ellipsis),
    ],
)
def test_elements_that_arrays_pick(index: Any) -> None:
    """NumPy puts what arrays pick where it likes; below a Jacobian's rows it is in its place."""
    weights = np.arange(1.0, 13.0).reshape(2, 3, 2)

    def f(x: Any) -> Any:
        return (x * x)[index] * 2.0

    def g(x: Any) -> Any:  # the adjoint, pulled through too
        with GradientTape() as tape:
            tape.watch(x)
            y = ad.sum(f(x) ** 2)
        return tape.gradient(y, x)

    x = ad.Tensor(weights)
    for h in (f, g):
        expected = row_by_row(h, x)
        flat = ad.function(ad.jacobian(h))
        for j in (ad.jacobian(h)(x), ad.jacobian(h, chunk_size=5)(x), flat(x)):
            np.testing.assert_allclose(j.numpy(), expected, rtol=1e-12)
    with GradientTape() as outer:
        outer.watch(x)
        j = ad.jacobian(f)(x)
    assert outer.gradient(j, x, unconnected_gradients="zero").shape == x.shape


def test_large_ones_in_flat_programs() -> None:
    """The unit matrices that they begin with are no captured arrays."""
    rng = np.random.default_rng(0)
    w = Variable(rng.normal(size=(80, 80)) / 9)

    @ad.function
    def f(x: Any) -> Any:
        with GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = ad.tanh(x @ w)
            first = y[0]
        return (
            tape.jacobian(first, x, chunk_size=60),
            tape.batch_jacobian(y, x),
            tape.batch_jacobian(y, x, chunk_size=30),
        )

    x = rng.normal(size=(3, 80))
    one, every, chunked = f(x)
    expected = w.numpy().T * (1 - np.tanh(x @ w.numpy()) ** 2)[:, :, None]
    np.testing.assert_allclose(one.numpy()[:, 0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(every.numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(chunked.numpy(), expected, rtol=1e-12)


# -- at what price ---------------------------------------------------------------------------------


def pulls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """The leading lengths of the gradients that are pulled through an op from now on."""
    seen: list[int] = []
    op = registry[name]
    pull = op.pull

    def counted(record: Any, g: Any, grads: Any, sums: Any) -> None:
        seen.append(len(g))
        pull(record, g, grads, sums)

    monkeypatch.setattr(op, "pull", counted)
    return seen


def test_all_rows_take_one_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = pulls(monkeypatch, "tanh")
    x, w = Variable(np.ones(64)), np.eye(64)
    with GradientTape() as tape:
        y = ad.tanh(ad.tanh(x @ w) @ w)
    tape.jacobian(y, x)
    assert seen == [64, 64]
    with GradientTape() as tape:
        y = ad.tanh(x @ w)
    tape.jacobian(y, x, chunk_size=30)
    assert seen[2:] == [30, 30, 4]


def test_large_steps_on_the_way_take_few_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the largest array on the way, wherever the record says how large it was."""
    monkeypatch.setattr(_jacobian, "ROOM", 8 * 5000)
    x = Variable(np.ones(10))
    for wide in (
        lambda x: ad.tanh(ad.expand_dims(x, -1) * np.ones(100)),
        lambda x: ad.tanh(ad.broadcast_to(ad.expand_dims(x, -1), (10, 100))),
    ):
        seen = pulls(monkeypatch, "tanh")
        with GradientTape() as tape:
            y = ad.sum(wide(x), axis=1)
        tape.jacobian(y, x)
        assert seen == [5, 5]
    small = Variable(np.ones(10))
    seen = pulls(monkeypatch, "tanh")
    with GradientTape(persistent=True) as tape:
        ad.tanh(np.ones(10**5) * x[0])  # recorded, but not on the way
        y = ad.tanh(small)
        ad.tanh(np.ones(10**5) * x[0])
    tape.jacobian(y, small)
    assert len(seen) <= 10
    assert sum(seen) == 10


def test_the_lectures_gradient_tensor_takes_little_more_memory_than_itself() -> None:
    """(10,20,40) by (50,30): 12 million numbers, while the unit matrix alone would have 64."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=s).astype(np.float32) for s in ((10, 20, 50), (30, 40)))
    x = Variable(rng.normal(size=(50, 30)).astype(np.float32))
    with GradientTape() as tape:
        y = ad.asarray(a) @ x @ b
    tracemalloc.start()
    try:
        j = tape.jacobian(y, x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert j.shape == (10, 20, 40, 50, 30)
    assert peak < 1.25 * j.numpy().nbytes
    k, m, n = 3, 17, 31
    np.testing.assert_allclose(j.numpy()[k, m, n], np.outer(a[k, m], b[:, n]), rtol=1e-5)
