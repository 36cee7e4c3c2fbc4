"""Tensors are values: attempts to reach what a tape recorded through memory that is shared."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import GradientTape, Variable

N = 3


class Dual:
    """A value and its derivative in one direction, in plain NumPy: what a program should give."""

    def __init__(self, value: Any, slope: Any) -> None:
        self.value, self.slope = np.array(value, float), np.array(slope, float)

    def times(self, other: Dual) -> Dual:
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)


STEPS = ("times v", "times array", "times view", "assign", "add", "change", "item", "square")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)), max_size=14
    ),
    persistent=st.booleans(),
    nested=st.booleans(),
)
def test_any_program_that_assigns_and_changes_arrays(
    steps: Sequence[tuple[str, int, int]], persistent: bool, nested: bool
) -> None:
    """Reads of a Variable see its value then; its gradient is the sum over all the reads."""
    rng = np.random.default_rng(len(steps))
    start, along = rng.normal(size=(2, N)), rng.normal(size=(2, N))
    array = rng.normal(size=2 * N)
    v, x = Variable(start[0]), ad.Tensor(start[1])
    now = start[0].copy()
    with GradientTape() as outer, GradientTape(persistent=persistent) as tape:
        tape.watch(x)
        ours = [ad.copy(x)]
        duals = [Dual(start[1], along[1])]
        for what, i, k in steps:
            y, d = ours[i % len(ours)], duals[i % len(duals)]
            view: Any = array[N - 1 :: -1] if k % 2 else array.reshape(N, 2)[:, 0]
            if what == "times v":
                ours.append(y * v)
                duals.append(d.times(Dual(now, along[0])))
            elif what == "times array":
                ours.append(y * array[:N])
                duals.append(d.times(Dual(array[:N], 0)))
            elif what == "times view":
                ours.append(view * y)
                duals.append(d.times(Dual(view, 0)))
            elif what == "assign":
                now = array[:N] * 0.5
                v.assign(now)
                now = now.copy()
            elif what == "add":
                v.assign_add(view)
                now = now + view
            elif what == "change":
                array[k % 6 :] *= -0.9
            elif what == "item":
                ours[i % len(ours)][k % N] = ours[k % len(ours)][0] * v[1]
                product = duals[k % len(duals)].times(Dual(now[1], along[0][1]))
                d.value[k % N], d.slope[k % N] = product.value[0], product.slope[0]
            else:
                ours.append(y * y * 0.1)
                duals.append(d.times(d).times(Dual(0.1, 0)))
        total = ad.sum(ad.stack(ours))
        if nested:
            found = tape.gradient(total, [v, x], unconnected_gradients="zero")
    array[:] = np.nan
    v.assign(np.full(N, np.nan))
    if not nested:
        del outer
        found = tape.gradient(total, [v, x], unconnected_gradients="zero")
    slope = sum(float(np.sum(g.numpy() * a)) for g, a in zip(found, along, strict=True))
    expected = sum(d.slope.sum() for d in duals)
    scale = sum(np.abs(d.slope).sum() for d in duals)
    assert float(total) == pytest.approx(sum(d.value.sum() for d in duals), rel=1e-9, abs=1e-9)
    assert slope == pytest.approx(expected, rel=1e-9, abs=1e-9 * (1 + scale))


# -- what comes in ---------------------------------------------------------------------------------

INTO: dict[str, Callable[[Any], Any]] = {
    "Tensor": ad.Tensor,
    "asarray": ad.asarray,
    "Variable": Variable,
    "assign": lambda a: Variable(np.zeros_like(a)).assign(a),
    "positive": ad.positive,
    "reshape": lambda a: ad.reshape(a, (-1,)),
    "index": lambda a: ad.asarray(a)[...],
    "stack": lambda a: ad.stack([a])[0],
    "where": lambda a: ad.where(a > 0, a, a),
    "broadcast_to": lambda a: ad.broadcast_to(a, a.shape),
    "stop_gradient": ad.stop_gradient,
    "astype": lambda a: ad.astype(a, a.dtype),
    "permute_dims": lambda a: ad.permute_dims(ad.permute_dims(a)),
    "item": lambda a: _with_items(a),
    "upstream": lambda a: _pulled(a),
}


def _with_items(a: Any) -> Any:
    x = ad.zeros(a.shape, dtype=a.dtype)
    x[:] = a
    return x


def _pulled(a: Any) -> Any:
    x = Variable(np.zeros_like(a))
    with GradientTape() as tape:
        y = ad.positive(x)
    return tape.gradient(y, x, a)


def laid_out(kind: str) -> np.ndarray:
    """Arrays of the same four values, as callers may have them."""
    base = np.array([1.0, 2.0, 3.0, 4.0])
    if kind == "strided":
        return np.stack([base, base], axis=1)[:, 0]
    if kind == "reversed":
        return base[::-1].copy()[::-1]
    if kind == "offset":
        return np.concatenate([base, base])[4:]
    if kind == "subclass":
        return np.ma.masked_array(base).view(np.ndarray)
    return base


@pytest.mark.parametrize("kind", ["plain", "strided", "reversed", "offset", "subclass"])
@pytest.mark.parametrize("way", INTO)
def test_what_comes_in_is_a_copy(way: str, kind: str) -> None:
    array = laid_out(kind)
    x = INTO[way](array)
    array[...] = 9.0
    assert x.tolist() == [1, 2, 3, 4]


def test_what_is_read_only_may_change_all_the_same() -> None:
    base = np.ones(3)
    view = base.view()
    view.flags.writeable = False
    x, v = ad.asarray(view), Variable(np.ones(3))
    with GradientTape() as tape:
        y = v * view * np.broadcast_to(base[:1], (3,)) * x
    base[...] = 9.0
    assert tape.gradient(y, v).tolist() == [1, 1, 1]


# -- what goes out ---------------------------------------------------------------------------------

OUT: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda x: x.numpy(),
    "asarray": np.asarray,
    "array": np.array,
    "__array__": lambda x: x.__array__(copy=False),
    "ravel": lambda x: np.asarray(np.ravel(x)),
    "dlpack": np.from_dlpack,
    "buffer": lambda x: np.asarray(memoryview(x.numpy())),
}


@pytest.mark.host
@pytest.mark.parametrize("way", OUT)
@pytest.mark.parametrize("make", [ad.Tensor, Variable, lambda a: Variable(a) * 1.0])
def test_what_goes_out_cannot_be_written_through(way: str, make: Callable[[Any], Any]) -> None:
    v = Variable(np.ones(3))
    with GradientTape() as tape:
        x = make(np.array([1.0, 2.0, 3.0]))
        y = v * x
    try:
        array = OUT[way](x)
    except (BufferError, TypeError):
        pytest.skip(f"no {way}")
    try:
        array[...] = 9.0
    except ValueError as error:  # a view that nobody may write to
        assert "read-only" in str(error)  # noqa: PT017
    assert x.tolist() == [1, 2, 3]
    assert tape.gradient(y, v).tolist() == [1, 2, 3]


def test_copies_of_tensors_go_their_own_ways() -> None:
    x = Variable(np.array([1.0, 2.0]))
    with GradientTape(persistent=True) as tape:
        y = x * 3.0
        twins = [copy.copy(y), copy.deepcopy(y), ad.copy(y), y[:], ad.reshape(y, (2,))]
        for twin in twins:
            twin[0] = 0.0
        z = y * 1.0
    assert y.tolist() == [3, 6]
    assert tape.gradient(z, x).tolist() == [3, 3]
    for twin in twins:
        assert twin.tolist() == [0, 6]
        assert tape.gradient(twin, x).tolist() == [0, 3]


# -- items assigned --------------------------------------------------------------------------------


def test_values_before_and_after_an_item_was_assigned() -> None:
    x = Variable(np.array([1.0, 2.0, 3.0]))
    with GradientTape(persistent=True) as tape:
        y = x * x
        before = y * 1.0
        part = y[1:]
        y[1] = y[0] * 10.0
        after = y * 1.0
        y[1:] += 1.0
        y *= 2.0
    assert tape.gradient(before, x).tolist() == [2, 4, 6]
    assert tape.gradient(part, x).tolist() == [0, 4, 6]
    assert tape.gradient(after, x).tolist() == [2 + 20, 0, 6]
    assert tape.gradient(y, x).tolist() == [2 * (2 + 20), 0, 2 * 6]
    assert y.tolist() == [2, 22, 20]


def test_a_value_that_was_replaced_is_no_source_or_target_of_what_was_before() -> None:
    """Never a silently wrong number: a gradient by what replaced it is None, or an error."""
    x = Variable(np.array([1.0, 2.0]))
    with GradientTape(persistent=True) as tape:
        h = x * 2.0
        y = h * h
        h[0] = 5.0
    assert tape.gradient(y, h) is None
    with pytest.raises(ValueError, match="no target depends on source 0"):
        tape.gradient(y, h, unconnected_gradients="raise")
    y[0] = 1.0  # outside of all tapes: a constant from here on
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("change", [lambda x: x.__setitem__(0, 1.0), lambda x: x[1:], None])
def test_what_is_watched_or_a_variable_takes_no_items(change: Any) -> None:
    def assign(x: Any) -> None:
        with pytest.raises(TypeError, match=r"assign|ad\.copy"):
            x[0] = 1.0

    assign(Variable([1.0, 2.0]))
    assign(Variable([1.0, 2.0], trainable=False))
    x = ad.asarray([1.0, 2.0])
    with GradientTape(), GradientTape() as tape:
        tape.watch(x)
        assign(x)
        h = x * 2.0
        h[1] = 0.0
        with GradientTape() as inner:
            inner.watch(h)
            assign(h)  # watched, though it is no leaf
            y = h * h
        assert inner.gradient(y, h).tolist() == [4, 0]
        h[0] = 3.0  # which nobody watches any more
    assert x.tolist() == [1, 2]


# -- Variables -------------------------------------------------------------------------------------


def test_a_variable_read_twice_in_one_op_and_across_assignments() -> None:
    v = Variable(np.array([2.0, 3.0]))
    with GradientTape(persistent=True) as tape:
        square = v * v
        v.assign_add([1.0, 1.0])
        cube = v * v * v
        both = square + cube
        v.assign_sub(v)
    assert tape.gradient(square, v).tolist() == [4, 6]
    assert tape.gradient(cube, v).tolist() == [27, 48]
    assert tape.gradient(both, v).tolist() == [31, 54]
    assert tape.jacobian(both, v).tolist() == [[31, 0], [0, 54]]


def test_what_a_variable_gave_or_was_given_is_not_written_over() -> None:
    v, w = Variable(np.ones(3)), Variable(np.zeros(3))
    with GradientTape() as tape:
        value = ad.copy(v)
        w.assign(value)
        y = value * w * v
        w.assign_add(np.ones(3))
        v.assign(w)
        w.assign(np.full(3, 9.0))
    assert (value.tolist(), v.tolist()) == ([1] * 3, [2] * 3)
    assert tape.gradient(y, v).tolist() == [2, 2, 2]


@pytest.mark.parametrize("in_place", [operator.iadd, operator.imul])
def test_operators_in_place_make_another_tensor(in_place: Callable[[Any, Any], Any]) -> None:
    v = Variable(np.array([1.0, 2.0]))
    with GradientTape() as tape:
        h = v * 1.0
        y = h * h
        other = h
        h = in_place(h, 3.0)
        z = y + other
    assert other.tolist() == [1, 2]
    assert h is not other
    assert tape.gradient(z, v).tolist() == [3, 5]


def test_programs_that_write_in_place_leave_what_a_tape_holds() -> None:
    """A flat program updates a Variable in its own memory, unless somebody still needs that."""
    v = Variable(np.linspace(1.0, 2.0, 5000))
    before = v.numpy()

    @ad.function
    def update() -> None:
        v.assign_sub(0.5 * v)

    update()
    v.assign(before)
    with GradientTape(persistent=True) as tape:
        y = v * v
    kept = v.numpy()
    first = tape.gradient(y, v).numpy()
    for _ in range(3):
        update()
    np.testing.assert_array_equal(first, 2 * kept)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), first)
    np.testing.assert_array_equal(tape.batch_jacobian(y, v).numpy(), first)
    np.testing.assert_allclose(v.numpy(), before / 8, rtol=1e-15)
