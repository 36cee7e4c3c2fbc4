"""RMSprop, against its formula in NumPy and what it must do by definition."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autodiff as ad
from optim import RMSprop

Floats = NDArray[np.float64]


def rmsprop(
    w: Floats,
    gradients: list[Floats],
    eta: float,
    rho: float,
    mu: float,
    eps: float,
    centered: bool,
) -> Floats:
    """The running means as the weighted sums that they are, from all gradients so far."""
    b = np.zeros_like(w)
    for t in range(1, len(gradients) + 1):
        weights = (1 - rho) * rho ** np.arange(t)[::-1]
        g = np.stack(gradients[:t])
        v = np.tensordot(weights, g**2, 1)
        if centered:
            v = v - np.tensordot(weights, g, 1) ** 2
        b = mu * b + eta * g[-1] / (v + eps) ** 0.5
        w = w - b
    return w


def run(optimizer: RMSprop, gradients: list[Floats], start: Floats) -> Floats:
    w = ad.Variable(start)
    for g in gradients:
        optimizer.apply_gradients([(ad.asarray(g), w)])
    return w.numpy()


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("mu", [0.0, 0.5])
@pytest.mark.parametrize(("rho", "eps"), [(0.9, 1e-7), (0.5, 0.1)])
def test_it_is_its_formula(rho: float, eps: float, mu: float, centered: bool) -> None:
    rng = np.random.default_rng(5)
    gradients, start = list(rng.normal(size=(6, 2, 3))), rng.normal(size=(2, 3))
    got = run(RMSprop(0.01, rho, mu, eps, centered), gradients, start)
    expected = rmsprop(start, gradients, 0.01, rho, mu, eps, centered)
    assert got == pytest.approx(expected, rel=1e-12)


@given(g=st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1.0), rho=st.floats(0.0, 0.99))
def test_the_first_step_does_not_depend_on_the_gradients_size(g: float, rho: float) -> None:
    got = run(RMSprop(0.25, rho), [np.array([g])], np.zeros(1))
    assert got == pytest.approx(-0.25 * np.sign(g) / np.sqrt(1 - rho), rel=1e-4)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("mu", [0.0, 0.5])
def test_minimize_finds_the_bottom_of_a_bowl(mu: float, centered: bool) -> None:
    w, optimizer = ad.Variable([3.0, -2.0]), RMSprop(0.01, momentum=mu, epsilon=1e-3)
    for _ in range(800):
        optimizer.minimize(lambda: ad.sum((w - [1.0, 0.5]) ** 2), [w])
    assert w.numpy() == pytest.approx([1.0, 0.5], abs=2e-2)


def test_defaults_are_those_of_keras() -> None:
    o = RMSprop()
    assert float(o.learning_rate) == 0.001
    assert (o.rho, o.momentum, o.epsilon, o.centered) == (0.9, 0.0, 1e-7, False)


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (RMSprop(), ["velocity"]),
        (RMSprop(momentum=0.5), ["velocity", "momentum"]),
        (RMSprop(centered=True), ["velocity", "average_gradient"]),
        (RMSprop(momentum=0.5, centered=True), ["velocity", "average_gradient", "momentum"]),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_it_keeps_the_state_that_it_needs_in_the_parameters_dtype(
    optimizer: RMSprop, slots: list[str], dtype: str
) -> None:
    w = ad.Variable([1.0], dtype=dtype, name=f"w{dtype}")
    before = len(optimizer.variables)
    optimizer.apply_gradients([(ad.asarray([1.0], dtype=dtype), w)])
    state = optimizer.variables[before:]
    assert [v.name for v in state] == [f"w{dtype}/{slot}" for slot in slots]
    assert {str(v.dtype) for v in [w, *state]} == {dtype}


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("mu", [0.0, 0.5])
def test_a_flat_program_takes_the_same_steps(mu: float, centered: bool) -> None:
    rng = np.random.default_rng(7)
    gradients = list(rng.normal(size=(4, 5)))
    start = rng.normal(size=5)
    w, optimizer = ad.Variable(start), RMSprop(0.01, 0.9, mu, 1e-3, centered)

    @ad.function
    def step(g: Any) -> None:
        optimizer.apply_gradients([(g, w)])

    for g in gradients:
        step(g)
    eager = run(RMSprop(0.01, 0.9, mu, 1e-3, centered), gradients, start)
    assert w.numpy() == pytest.approx(eager, rel=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RMSprop(rho=1.5), ValueError, "rho must be a finite number from 0 to 1, got 1.5"),
        (lambda: RMSprop(momentum=-1), ValueError, "momentum must be"),
        (lambda: RMSprop(epsilon=cast(Any, "small")), TypeError, "epsilon must be a number"),
    ],
)
def test_wrong_arguments_are_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
