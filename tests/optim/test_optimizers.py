"""The update formulas, against the same written in NumPy, and what they must do by definition."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autodiff as ad
from optim import SGD, Adam, Optimizer

Floats = NDArray[np.float64]


def run(optimizer: Optimizer, gradients: list[Floats], start: Floats) -> Floats:
    w = ad.Variable(start)
    for g in gradients:
        optimizer.apply_gradients([(ad.asarray(g), w)])
    return w.numpy()


def sgd(w: Floats, gradients: list[Floats], eta: float, mu: float, nesterov: bool) -> Floats:
    v = np.zeros_like(w)
    for g in gradients:
        v = mu * v - eta * g
        w = w + (mu * v - eta * g if nesterov else v)
    return w


def adam(w: Floats, gradients: list[Floats], eta: float, b1: float, b2: float) -> Floats:
    """The paper's first form, whose epsilon is that of the second times √(1 − β₂ᵗ)."""
    m = v = np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        w = w - eta * m_hat / (np.sqrt(v_hat) + 1e-7 / math.sqrt(1 - b2**t))
    return w


@pytest.fixture
def gradients() -> list[Floats]:
    return list(np.random.default_rng(5).normal(size=(6, 2, 3)))


@pytest.fixture
def start() -> Floats:
    return np.random.default_rng(6).normal(size=(2, 3))


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_formula(
    mu: float, nesterov: bool, gradients: list[Floats], start: Floats
) -> None:
    got = run(SGD(0.1, momentum=mu, nesterov=nesterov), gradients, start)
    assert got == pytest.approx(sgd(start, gradients, 0.1, mu, nesterov), rel=1e-14)


@pytest.mark.parametrize(("b1", "b2"), [(0.9, 0.999), (0.0, 0.5)])
def test_adam_is_its_formula(b1: float, b2: float, gradients: list[Floats], start: Floats) -> None:
    got = run(Adam(0.01, beta_1=b1, beta_2=b2), gradients, start)
    assert got == pytest.approx(adam(start, gradients, 0.01, b1, b2), rel=1e-12)


@given(mu=st.floats(0.0, 0.99), steps=st.integers(1, 30))
def test_momentum_on_a_constant_gradient_has_a_closed_form(mu: float, steps: int) -> None:
    """w after n steps: −η Σ (1 − µᵏ) / (1 − µ), k = 1 … n."""
    got = run(SGD(0.1, momentum=mu), [np.ones(1)] * steps, np.zeros(1))
    expected = -0.1 * sum((1 - mu**k) / (1 - mu) for k in range(1, steps + 1))
    assert got == pytest.approx(expected, rel=1e-10)


@given(g=st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1.0))
def test_adams_first_step_is_the_learning_rate_against_the_sign(g: float) -> None:
    got = run(Adam(0.25), [np.array([g])], np.zeros(1))
    assert got == pytest.approx(-0.25 * np.sign(g), rel=1e-5)


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.02, 0.9), SGD(0.02, 0.9, True), Adam(0.1)])
def test_minimize_finds_the_bottom_of_a_bowl(optimizer: Optimizer) -> None:
    w = ad.Variable([3.0, -2.0])
    losses = [
        float(optimizer.minimize(lambda: ad.sum((w - [1.0, 0.5]) ** 2), [w])) for _ in range(300)
    ]
    assert w.numpy() == pytest.approx([1.0, 0.5], abs=1e-2)
    assert losses[0] == pytest.approx(4 + 6.25)
    assert losses[-1] < 1e-3
    assert int(optimizer.iterations) == 300


def test_defaults_are_those_of_keras() -> None:
    sgd, adam = SGD(), Adam()
    assert (float(sgd.learning_rate), sgd.momentum, sgd.nesterov) == (0.01, 0.0, False)
    assert float(adam.learning_rate) == 0.001
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.999, 1e-7)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_parameters_and_state_keep_their_dtype(kind: Any, dtype: str) -> None:
    w = ad.Variable([1.0, 2.0], dtype=dtype, name="w")
    optimizer = kind(0.5)
    optimizer.apply_gradients([(ad.asarray([4.0, 4.0], dtype=dtype), w)])
    assert {str(v.dtype) for v in [w, *optimizer.variables[2:]]} == {dtype}
    assert w.numpy().tolist() == ([-1.0, 0.0] if kind is SGD else pytest.approx([0.5, 1.5], 1e-3))


def test_the_learning_rate_can_change_between_steps() -> None:
    w, optimizer = ad.Variable(0.0), SGD(1.0)
    optimizer.apply_gradients([(ad.asarray(1.0), w)])
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients([(ad.asarray(1.0), w)])
    optimizer.learning_rate.assign(0.25)
    optimizer.apply_gradients([(ad.asarray(1.0), w)])
    assert float(w) == -1.75
    assert float(optimizer.learning_rate) == 0.25


def test_the_state_has_names_of_its_own() -> None:
    w, optimizer = ad.Variable([1.0], name="dense/kernel"), Adam()
    assert [v.name for v in optimizer.variables] == ["iterations", "learning_rate"]
    optimizer.apply_gradients([([1.0], w)])
    assert [v.name for v in optimizer.variables[2:]] == [
        "dense/kernel/momentum",
        "dense/kernel/velocity",
    ]
    assert not any(v.trainable for v in optimizer.variables)


@pytest.mark.parametrize("optimizer", [SGD(0.5), SGD(0.5, 0.9), Adam(0.5)])
def test_old_values_stay_as_they_were(optimizer: Optimizer) -> None:
    """What a tape recorded before a step still has its gradient after it."""
    w, given = ad.Variable([1.0, 2.0]), np.array([1.0, 1.0], np.float32)
    with ad.GradientTape(persistent=True) as tape:
        y = ad.sum(w * w)
    for _ in range(3):
        optimizer.apply_gradients([(ad.asarray(given), w)])
    assert w.numpy().tolist() != [1.0, 2.0]
    assert tape.gradient(y, w).numpy().tolist() == [2.0, 4.0]
    assert given.tolist() == [1.0, 1.0]


def test_a_missing_gradient_is_named_and_left_out() -> None:
    a, b = ad.Variable(1.0, name="a"), ad.Variable(1.0, name="b")
    with pytest.warns(UserWarning, match="no gradient for 'b': not updated"):
        SGD(0.5).apply_gradients([(ad.asarray(1.0), a), (None, b)])
    assert (float(a), float(b)) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("pairs", "error", "message"),
    [
        (lambda a, b: [(None, a), (None, b)], ValueError, "no gradient for any Variable: 'a', 'b'"),
        (lambda a, b: [], ValueError, "no .gradient, Variable. pairs"),
        (lambda a, b: [(b, ad.asarray(1.0))], TypeError, "got Tensor.* as the Variable"),
        (lambda a, b: [1.0], TypeError, "expected .gradient, Variable. pairs, got 1.0"),
        (
            lambda a, b: [(1.0, a), ([[1.0]], b)],
            ValueError,
            r"the gradient of 'b' has shape \(1, 1\); expected \(\)",
        ),
        (lambda a, b: [(1.0, a), (1.0, a)], ValueError, "'a' comes twice"),
        (lambda a, b: [(1.0, a), (1j, b)], TypeError, "'b' is float32, its gradient complex64"),
        (
            lambda a, b: [(1.0, a), (1, ad.Variable(1, name="n"))],
            TypeError,
            "expected Variables of floats, got Variable.1, dtype=int64",
        ),
    ],
)
def test_wrong_pairs_are_refused_before_anything_changes(
    pairs: Any, error: type[Exception], message: str
) -> None:
    a, b = ad.Variable(1.0, name="a"), ad.Variable(1.0, name="b")
    optimizer = SGD(0.5)
    with pytest.raises(error, match=message):
        optimizer.apply_gradients(pairs(a, b))
    assert (float(a), float(b), int(optimizer.iterations)) == (1.0, 1.0, 0)


def test_gradients_and_variables_may_be_given_apart() -> None:
    a, b = ad.Variable(1.0, name="a"), ad.Variable([1.0], name="b")
    optimizer = SGD(0.5)
    optimizer.apply([1.0, [1.0]], [a, b])
    optimizer.apply([ad.asarray(1.0), ad.asarray([2.0])])
    assert (float(a), b.tolist()) == (0.0, [-0.5])
    with pytest.raises(ValueError, match="1 gradients cannot belong to 2 Variables"):
        optimizer.apply([1.0])


def test_a_formula_that_fails_midway_changes_nothing() -> None:
    class Fails(Optimizer):
        def update(self, w: Any, g: Any, rate: Any, *state: Any) -> tuple[ad.Tensor, ...]:
            if float(g) > 1:
                raise FloatingPointError("too steep")
            return (w - rate * g,)

    a, b = ad.Variable(1.0), ad.Variable(1.0)
    with pytest.raises(FloatingPointError):
        Fails(0.5).apply_gradients([(1.0, a), (2.0, b)])
    assert (float(a), float(b)) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: SGD(learning_rate=cast(Any, "fast")),
            TypeError,
            "learning_rate must be a number, got 'fast'",
        ),
        (
            lambda: SGD(-0.1),
            ValueError,
            "learning_rate must be a finite number from 0 up, got -0.1",
        ),
        (lambda: SGD(float("nan")), ValueError, "learning_rate must be a finite number"),
        (lambda: SGD(momentum=1.5), ValueError, "momentum must be a finite number from 0 to 1"),
        (lambda: Adam(beta_2=-1.0), ValueError, "beta_2 must be"),
        (lambda: Adam(epsilon=True), TypeError, "epsilon must be a number, got True"),
    ],
)
def test_wrong_arguments_are_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
