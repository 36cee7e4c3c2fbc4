"""Nothing that was handed out changes later: results, arguments, what was taken from a Variable."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from optim import SGD, Adam

A = np.arange(6, dtype=np.float32).reshape(2, 3)
B = A + 1


def adder() -> tuple[ad.Variable, Callable[[], Any]]:
    """A Variable and a flat step that changes it in place."""
    v = ad.Variable(A)
    step = ad.function(lambda: v.assign_add(ad.cos(v)))
    step(), step()
    return v, step


HOLDS: dict[str, Callable[[ad.Variable], Any]] = {
    "numpy": lambda v: v.numpy(),
    "array": lambda v: np.asarray(v),
    "array without a copy": lambda v: v.__array__(copy=False),
    "memory": lambda v: memoryview(v.__array__(copy=False).data),
    "copy": ad.copy,
    "positive": ad.positive,
    "stop_gradient": ad.stop_gradient,
    "sum with 0": lambda v: v + 0,
    "cast to itself": lambda v: ad.astype(v, v.dtype),
    "transposed": lambda v: v.T,
    "mT": lambda v: v.mT,
    "row": lambda v: v[0],
    "row of a view": lambda v: v.T[1:][0],
    "reshaped": lambda v: ad.reshape(v, (6,)),
    "expanded": lambda v: ad.expand_dims(v, axis=0),
    "broadcast": lambda v: ad.broadcast_to(v, (2, 2, 3)),
    "clipped by nothing": lambda v: ad.clip(v),
    "another Variable": lambda v: ad.Variable(v),
    "assigned": lambda v: ad.Variable(A).assign(v),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("hold", HOLDS)
def test_what_was_taken_from_a_variable_stays(hold: str) -> None:
    v, step = adder()
    held = HOLDS[hold](v)
    before = np.array(held)
    for _ in range(3):
        step()
    np.testing.assert_array_equal(np.asarray(held), before)
    assert not np.array_equal(v.numpy(), A)


@pytest.mark.parametrize("hold", HOLDS)
def test_what_was_taken_stays_where_many_variables_are_one_vector(hold: str) -> None:
    vs = [ad.Variable(A + k) for k in range(4)]
    optimizer = SGD(0.1, momentum=0.5)

    @ad.function
    def step() -> None:
        optimizer.apply_gradients([(ad.sin(v), v) for v in vs])

    step(), step()
    held = [HOLDS[hold](v) for v in vs]
    before = [np.array(x) for x in held]
    for _ in range(2):
        step()
    for x, old in zip(held, before, strict=True):
        np.testing.assert_array_equal(np.asarray(x), old)


def test_a_tape_recorded_before_keeps_the_values_of_then() -> None:
    v, step = adder()
    w = v.numpy()
    with ad.GradientTape() as tape:
        y = ad.sum(v * v * v)
    step()
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), (2 * w * w + w * w))


def test_a_step_while_a_tape_does_not_record() -> None:
    v, step = adder()
    w = v.numpy()
    with ad.GradientTape() as tape:
        y = ad.sum(v * v)
        with tape.stop_recording():
            step()
        z = y + ad.sum(v)
    np.testing.assert_allclose(tape.gradient(z, v).numpy(), 2 * w + 1, rtol=1e-6)


def test_slots_of_an_optimizer_taken_out_stay() -> None:
    v = ad.Variable(A)
    optimizer = Adam(0.1)
    step = ad.function(lambda g: optimizer.apply_gradients([(g, v)]))
    step(B), step(B)
    held = [ad.copy(slot) for slot in optimizer.variables]
    before = [x.numpy() for x in held]
    assert len(held) >= 2
    step(B)
    for x, old in zip(held, before, strict=True):
        np.testing.assert_array_equal(x.numpy(), old)


def test_results_are_never_overwritten() -> None:
    @ad.function
    def f(x: Any) -> Any:
        h = ad.tanh(x)
        return h, h.T, h[..., ::-1], ad.reshape(h[:, :2], (4,)), h * 2, x, x[0], ad.exp(h).sum()

    held = [f(A + k) for k in range(4)]
    for k, results in enumerate(held):
        h = np.tanh(A + k)
        want = (h, h.T, h[..., ::-1], h[:, :2].reshape(4), h * 2, A + k, (A + k)[0])
        for result, expected in zip(results, want, strict=False):
            np.testing.assert_array_equal(result.numpy(), expected)


@pytest.mark.parametrize("value", [A, np.float64(3.0), np.array(3), np.array([True])])
def test_an_argument_that_is_returned_or_assigned_is_copied(value: Any) -> None:
    v = ad.Variable(value)

    @ad.function
    def f(x: Any) -> Any:
        v.assign(x)
        return x, ad.asarray(x).T, ad.reshape(x, x.shape)

    want = np.asarray(value)
    for _ in range(3):
        x = np.array(value)
        results = f(x)
        x[...] = 0
        for y, expected in zip((*results, v), (want, want.T, want, want), strict=True):
            np.testing.assert_array_equal(y.numpy(), expected)


def test_a_variable_given_an_argument_is_its_own() -> None:
    v, w = ad.Variable(A), ad.Variable(A)
    take = ad.function(lambda x: (v.assign(x), w.assign(v)))
    add = ad.function(lambda: v.assign_add(1.0))
    x = ad.Tensor(B)
    for _ in range(3):
        take(x), add()
        np.testing.assert_array_equal(x.numpy(), B)
        np.testing.assert_array_equal(w.numpy(), B)
        np.testing.assert_array_equal(v.numpy(), B + 1)


def test_two_functions_share_variables() -> None:
    vs = [ad.Variable(A + k) for k in range(3)]
    first = SGD(0.5)
    add = ad.function(lambda: first.apply_gradients([(ad.ones_like(v), v) for v in vs]))
    double = ad.function(lambda: [v.assign(v * 2) for v in vs[::-1]])
    want = [v.numpy() for v in vs]
    for k in range(4):
        add(), double()
        vs[k % 3].assign_add(1.0)
        want = [(w - np.float32(0.5)) * 2 for w in want]
        want[k % 3] = want[k % 3] + 1
        for v, w in zip(vs, want, strict=True):
            np.testing.assert_array_equal(v.numpy(), w)
