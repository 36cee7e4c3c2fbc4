"""Tapes inside tapes, beside tapes and on several threads; values, aliasing, Jacobians."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import GradientTape, Variable


def value(x: Any) -> Any:
    return None if x is None else x.numpy().tolist()


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_nested_tapes_give_every_order(order: int) -> None:
    x = Variable(np.float64(1.5))

    def derivative(k: int) -> Any:
        if k == 0:
            return x**5
        with GradientTape() as tape:
            y = derivative(k - 1)
        return tape.gradient(y, x)

    expected = np.prod([5 - k for k in range(order)]) * 1.5 ** (5 - order)
    assert float(derivative(order)) == pytest.approx(expected, rel=1e-14)


def test_an_inner_tape_knows_only_what_it_watched() -> None:
    x = Variable(2.0)
    with GradientTape(persistent=True) as outer:
        y = x * x
        with GradientTape() as inner:
            z = y * 3
        assert inner.gradient(z, x) is None  # y was made before it recorded
        with GradientTape() as inner:
            inner.watch(y)
            z = y * y
        assert value(inner.gradient(z, y)) == 8.0
    assert value(outer.gradient(z, x)) == 32.0


def test_an_inner_tape_that_watches_nothing_by_itself() -> None:
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape(watch_accessed_variables=False) as inner:
            y = x * x
        assert inner.watched_variables() == ()
        assert inner.gradient(y, x) is None
    assert value(outer.gradient(y, x)) == 4.0


def test_tapes_one_after_the_other_on_the_same_tensor() -> None:
    x = ad.asarray(2.0)
    with GradientTape() as first:
        first.watch(x)
        y = x * x
    with GradientTape() as second:
        second.watch([x, y])
        z = x * y
    assert [value(g) for g in second.gradient(z, [x, y])] == [4.0, 2.0]
    assert value(first.gradient(y, x)) == 4.0
    with GradientTape() as third:
        w = x * x  # watched by earlier tapes only
    assert third.gradient(w, x) is None


def test_results_of_an_ended_tape_are_constants() -> None:
    x = Variable(2.0)
    with GradientTape():
        y = x * x
    with GradientTape() as tape:
        z = x * y
    assert value(tape.gradient(z, x)) == 4.0


def test_exceptions_leave_no_tape_behind() -> None:
    x = Variable(2.0)
    tape = GradientTape()
    recorded = []

    def fail() -> None:
        with tape, GradientTape():
            recorded.append(x * x)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    z = x * x
    assert z._token is None
    assert value(tape.gradient(recorded, x)) == 4.0


def test_threads_have_their_own_graphs() -> None:
    shared = Variable(np.arange(3.0))
    foreign: dict[str, Any] = {}
    results: list[float] = []
    errors: list[BaseException] = []

    def work(k: int) -> None:
        try:
            for _ in range(200):
                with GradientTape() as tape:
                    y = ad.sum(shared * shared * float(k))
                    z = foreign["y"] * shared
                g = tape.gradient([y, ad.sum(z)], shared)
                np.testing.assert_allclose(g.numpy(), 2.0 * k * np.arange(3.0))
            results.append(k)
        except BaseException as error:
            errors.append(error)

    with GradientTape() as tape:
        foreign["y"] = shared * 2.0
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not errors
    assert sorted(results) == [0, 1, 2, 3]
    assert value(tape.gradient(foreign["y"], shared)) == [2.0, 2.0, 2.0]


def test_values_at_record_time_count_after_an_assign() -> None:
    x = Variable(np.array([2.0, 3.0]))
    with GradientTape(persistent=True) as tape:
        y = x * x
        x.assign([10.0, 20.0])
        z = x * x
    assert value(tape.gradient(y, x)) == [4.0, 6.0]
    assert value(tape.gradient(z, x)) == [20.0, 40.0]
    assert value(tape.gradient([y, z], x)) == [24.0, 46.0]  # one Variable, two reads


def test_callers_may_change_their_arrays() -> None:
    x, data = Variable(np.ones(3)), np.arange(3.0)
    with GradientTape() as tape:
        y = x * data
        w = ad.asarray(data) * x
        data[:] = 100.0
    assert value(tape.gradient([y, w], x)) == [0.0, 2.0, 4.0]


@pytest.mark.host
def test_gradients_have_memory_of_their_own() -> None:
    a, b = Variable(np.ones(3)), Variable(np.ones(3))
    upstream = np.ones(3)
    with GradientTape(persistent=True) as tape:
        y = a + b
        z = ad.broadcast_to(ad.sum(a), (3,)) + b.reshape((3,))
    for target in (y, z):
        ga, gb = (g._data for g in tape.gradient(target, [a, b], output_gradients=upstream))
        assert not np.shares_memory(ga, gb)
        assert not np.shares_memory(ga, upstream)
        assert ga.flags.owndata
        assert ga.flags.writeable


def test_jacobians() -> None:
    w = Variable(np.array([1.0, 2.0, 3.0]))
    with GradientTape(persistent=True) as tape:
        y = ad.stack([w[0] * w[1], w[0] ** 2 + w[2] ** 3])
        s = ad.sum(y)
    assert value(tape.jacobian(y, w)) == [[2.0, 1.0, 0.0], [2.0, 0.0, 27.0]]
    assert value(tape.jacobian(s, w)) == [4.0, 1.0, 27.0]
    assert tape.jacobian(s, Variable(1.0)) is None
    assert tape.jacobian(y, Variable(1.0), unconnected_gradients="zero").shape == (2,)


def test_batch_jacobian_is_the_diagonal_of_the_jacobian() -> None:
    rng = np.random.default_rng(0)
    x, w = Variable(rng.normal(size=(4, 3))), rng.normal(size=(3, 2))
    with GradientTape(persistent=True) as tape:
        y = ad.tanh(x @ w)
    full, rows = tape.jacobian(y, x).numpy(), tape.batch_jacobian(y, x).numpy()
    assert rows.shape == (4, 2, 3)
    np.testing.assert_array_equal(rows, np.stack([full[k, :, k] for k in range(4)]))


def test_dictionaries_of_variables_by_identity() -> None:
    x, y = Variable(1.0), Variable(1.0)
    found = {x: "x", y: "y"}
    assert (found[x], found[y]) == ("x", "y")
