"""Results of sigmoid and softmax remember what they were made of, and nothing else does."""

from __future__ import annotations

import copy
import gc
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.engine._origin import made_of

X = np.array([[1000.0, 0.0, -1.0], [0.5, 2.0, -2000.0]])


def test_who_remembers() -> None:
    assert {name for name, op in registry.items() if op.remembers} == {"sigmoid", "softmax"}


def test_the_input_as_it_was() -> None:
    for p in (ad.sigmoid(X), ad.asarray(X).sigmoid(), ad.sigmoid(X.tolist())):
        z = made_of(p, "sigmoid")
        assert z is not None
        assert (z.numpy() == X.astype(z.dtype)).all()
    for p, axis in ((ad.softmax(X), -1), (ad.softmax(X, 0), 0), (ad.softmax(X, axis=1), 1)):
        assert made_of(p, "softmax", axis=axis) is not None
        assert made_of(p, "softmax", axis=axis - 2 if axis >= 0 else 1) is not None  # the same one
        assert made_of(p, "softmax", axis=0 if axis else 1) is None
        assert made_of(p, "sigmoid") is None


def test_it_is_connected_where_the_result_is() -> None:
    w = ad.Variable(X)
    with ad.GradientTape(persistent=True) as tape:
        for leaf in (False, True):
            z = w if leaf else w * 1.0
            inner = made_of(ad.softmax(z), "softmax", axis=-1)
            assert inner is not None
            assert (tape.gradient(inner * 2.0, w) == 2.0).all()
            with tape.stop_recording():
                outside = made_of(ad.softmax(w), "softmax", axis=-1)
            assert outside is not None
            assert tape.gradient(outside * 2.0, w) is None


def test_what_a_variable_held_then() -> None:
    w = ad.Variable(X)
    p = ad.sigmoid(w)
    w.assign(np.zeros_like(X))
    z = made_of(p, "sigmoid")
    assert z is not None
    assert (z.numpy() == X).all()


def other_tensors() -> list[Any]:
    p = ad.softmax(X)
    assigned = ad.softmax(X)
    assigned[0, 0] = 0.5
    with ad.GradientTape() as tape:
        watched = ad.softmax(X)
        tape.watch(watched)
    copies = [copy.copy(p), copy.deepcopy(p), ad.copy(p), ad.Tensor(p.numpy()), p * 1.0, p[:]]
    return [*copies, assigned, watched, ad.Variable(p), ad.asarray(X), ad.relu(X)]


@pytest.mark.parametrize("x", other_tensors())
def test_what_was_made_otherwise(x: Any) -> None:
    assert made_of(x, "softmax", axis=-1) is None


def test_a_result_that_an_inner_tape_watches() -> None:
    w = ad.Variable(X)
    with ad.GradientTape():
        p = ad.sigmoid(w)
        assert made_of(p, "sigmoid") is not None
        with ad.GradientTape() as inner:
            inner.watch(p)
            assert made_of(p, "sigmoid") is None
        assert made_of(p, "sigmoid") is not None


def test_to_a_tape_that_began_later_it_is_a_constant() -> None:
    """The loss of an inner tape must not depend on what the softmax was made of before it began."""
    w = ad.Variable(X)
    with ad.GradientTape():
        p, z = ad.sigmoid(w), w * 1.0
        of_z = ad.sigmoid(z)
        with ad.GradientTape() as inner:
            inner.watch(z)
            w * w
            assert made_of(p, "sigmoid") is None
            assert made_of(of_z, "sigmoid") is None
            assert made_of(ad.sigmoid(z), "sigmoid") is not None
            with inner.stop_recording():
                assert made_of(p, "sigmoid") is not None
                missed = ad.sigmoid(w)
            assert made_of(missed, "sigmoid") is None
        assert made_of(p, "sigmoid") is not None


def test_a_pause_does_not_matter() -> None:
    w = ad.Variable(X)
    with ad.GradientTape() as tape:
        p = ad.sigmoid(w)
        with tape.stop_recording():
            ad.sigmoid(w)
        z = made_of(p, "sigmoid")
        assert z is not None
        value = z * 2.0
    assert (tape.gradient(value, w) == 2.0).all()


def test_a_long_chain_keeps_nothing_alive() -> None:
    """Only the raw array is held, not the Tensor with its own origin."""
    gc.disable()
    try:
        before = sum(isinstance(x, ad.Tensor) for x in gc.get_objects())
        x = ad.asarray(X)
        for _ in range(1000):
            x = ad.sigmoid(x)
        assert sum(isinstance(x, ad.Tensor) for x in gc.get_objects()) <= before + 1
    finally:
        gc.enable()
