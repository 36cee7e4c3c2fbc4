"""GradientTape: TensorFlow's semantics, one by one."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import GradientTape, Variable


def value(x: Any) -> Any:
    return None if x is None else x.numpy().tolist()


def test_variables_are_watched_when_they_are_read() -> None:
    x, y = Variable(3.0, name="x"), Variable(2.0, name="y")
    with GradientTape() as tape:
        z = x * x
    assert tape.watched_variables() == (x,)
    assert value(tape.gradient(z, x)) == 6.0
    with GradientTape() as tape:
        z = x * y + x
    assert [v.name for v in tape.watched_variables() if isinstance(v, Variable)] == ["x", "y"]
    assert [value(g) for g in tape.gradient(z, [x, y])] == [3.0, 3.0]


def test_tensors_are_watched_on_demand() -> None:
    x, c = ad.asarray(3.0), ad.asarray(5.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = c * x * x
    gx, gc = tape.gradient(y, [x, c])
    assert value(gx) == 30.0
    assert gc is None


def test_watching_only_what_is_said() -> None:
    x, y = Variable(2.0), Variable(3.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        z = x * y
    assert tape.watched_variables() == (x,)
    gx, gy = tape.gradient(z, [x, y])
    assert value(gx) == 3.0
    assert gy is None


def test_untrainable_and_integer_variables_are_not_watched() -> None:
    frozen, steps = Variable(2.0, trainable=False), Variable(3)
    with GradientTape(persistent=True) as tape:
        z = frozen * 1.0
        tape.watch(frozen)
        w = frozen * frozen
    assert tape.gradient(z, frozen) is None
    assert value(tape.gradient(w, frozen)) == 4.0
    assert not steps.trainable


class Pair(NamedTuple):
    a: Any
    b: Any


def test_sources_and_targets_may_be_nested() -> None:
    a, b, c = Variable(1.0), Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = a * b
        z = b * c
    sources = {"first": [a, (b,)], "rest": Pair(c, a)}
    found = tape.gradient({"y": y, "z": [z]}, sources)
    assert value(found["first"][0]) == 2.0
    assert value(found["first"][1][0]) == 4.0  # both targets depend on b
    assert isinstance(found["rest"], Pair)
    assert value(found["rest"].a) == 2.0
    assert value(tape.gradient(y, [[a], [b]])[1][0]) == 1.0
    assert tape.gradient([], [a]) == [None]


def test_several_targets_add_up() -> None:
    x = Variable(2.0)
    with GradientTape() as tape:
        y = [x * x, 3 * x, x]
    assert value(tape.gradient(y, x)) == 8.0


def test_the_same_target_twice_counts_twice() -> None:
    x = Variable(2.0)
    with GradientTape() as tape:
        y = x * x
    assert value(tape.gradient([y, y], x)) == 8.0


@pytest.mark.parametrize("persistent", [False, True])
def test_a_target_that_is_a_source(persistent: bool) -> None:
    x = Variable([1.0, 2.0])
    with GradientTape(persistent=persistent) as tape:
        y = x * 3
    gx, gy = tape.gradient([x, y], [x, y])
    assert value(gx) == [4.0, 4.0]
    assert value(gy) == [1.0, 1.0]


@pytest.mark.parametrize("persistent", [False, True])
def test_gradient_through_and_by_intermediates(persistent: bool) -> None:
    x = Variable(2.0)
    with GradientTape(persistent=persistent) as tape:
        y = x * x
        z = y * y
    gx, gy = tape.gradient(z, [x, y])
    assert (value(gx), value(gy)) == (32.0, 8.0)


def test_spent_tapes_say_so() -> None:
    x = Variable(2.0)
    with GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.diagram(y)
    with pytest.raises(RuntimeError, match="persistent=True"), tape:
        pass


def test_persistent_tapes_give_gradients_again() -> None:
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = x * x
        z = y * x
    assert [value(tape.gradient(t, x)) for t in (y, z, y)] == [4.0, 12.0, 4.0]


def test_a_tape_that_was_never_entered() -> None:
    with pytest.raises(RuntimeError, match="recorded nothing"):
        GradientTape().gradient(ad.asarray(1.0), Variable(1.0))
    with pytest.raises(RuntimeError, match="not recording"):
        GradientTape().watch(ad.asarray(1.0))


def test_entering_twice_is_refused() -> None:
    with GradientTape() as tape, pytest.raises(RuntimeError, match="recording already"):
        tape.__enter__()


def test_a_tape_may_be_entered_again_later() -> None:
    x = Variable(3.0)
    tape = GradientTape(persistent=True)
    with tape:
        y = x * x
    w = y * x  # not recorded
    with tape:
        z = y * 5
    assert value(tape.gradient(z, x)) == 30.0
    assert tape.gradient(w, x) is None


def test_output_gradients() -> None:
    x = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = x * x, 3 * x
    assert value(tape.gradient(y, x, output_gradients=[1.0, 10.0])) == [2.0, 40.0]
    two = tape.gradient([y, z], x, output_gradients=[[1.0, 1.0], None])
    assert value(two) == [5.0, 7.0]
    upstream = np.array([1.0, 10.0])
    tape.gradient(z, x, output_gradients=upstream)
    assert upstream.tolist() == [1.0, 10.0]
    with pytest.raises(ValueError, match=r"shape \(3,\) for a target of shape \(2,\)"):
        tape.gradient(y, x, output_gradients=[1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="expected 2 entries in a list"):
        tape.gradient([y, z], x, output_gradients=[[1.0, 1.0]])


def test_unconnected_gradients() -> None:
    x, other = Variable([1.0, 2.0], name="x"), Variable(np.ones((2, 2)), name="other")
    with GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, other) is None
    zero = tape.gradient(y, other, unconnected_gradients="zero")
    assert value(zero) == [[0.0, 0.0], [0.0, 0.0]]
    assert zero.dtype == np.float64
    with pytest.raises(ValueError, match="other"):
        tape.gradient(y, [x, other], unconnected_gradients="raise")
    with pytest.raises(ValueError, match="'nothing'"):
        tape.gradient(y, x, unconnected_gradients="nothing")  # type: ignore[arg-type]


def test_integer_sources_raise_by_name() -> None:
    steps, x = Variable([1, 2]), Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = x * steps
        with pytest.raises(TypeError, match="int64"):
            tape.watch(ad.asarray([True]).astype("int64"))
    with pytest.raises(TypeError, match="int64"):
        tape.gradient(y, steps)
    with pytest.raises(TypeError, match="ndarray"):
        tape.gradient(y, np.ones(2))
    with pytest.raises(TypeError, match="float"):
        tape.gradient(2.0, x)
    assert value(tape.gradient(y, x)) == [1.0, 2.0]


def test_stop_recording() -> None:
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            z = x * x * x
        w = y * z
    assert tape.gradient(z, x) is None
    assert value(tape.gradient(w, x)) == 4.0 * 8.0  # z is a constant
    with pytest.raises(RuntimeError, match="not recording"), tape.stop_recording():
        pass


def test_stop_recording_of_an_inner_tape_leaves_the_outer_one() -> None:
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x * x
            with inner.stop_recording():
                z = y * x
        assert inner.gradient(z, x) is None
    assert value(outer.gradient(z, x)) == 12.0


def test_gradient_inside_the_with() -> None:
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
        g = tape.gradient(y, x)
    assert value(g) == 6.0
    with GradientTape(persistent=True) as tape:
        y = x * x * x
        g = tape.gradient(y, x)  # recorded too
    assert value(tape.gradient(g, x)) == 18.0


def test_reset() -> None:
    x, y = Variable(3.0), Variable(4.0)
    with GradientTape() as tape:
        z = x * x
        tape.reset()
        w = y * y
    assert tape.watched_variables() == (y,)
    assert tape.gradient([z, w], [x, y])[0] is None
    tape.reset()
    with tape:
        z = x * x
    assert value(tape.gradient(z, x)) == 6.0


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
    with pytest.raises(ZeroDivisionError), GradientTape() as tape, GradientTape():
        y = x * x
        raise ZeroDivisionError
    z = x * x
    assert z._token is None
    assert value(tape.gradient(y, x)) == 4.0


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
