"""GradientTape: TensorFlow's semantics, one by one."""

from __future__ import annotations

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
