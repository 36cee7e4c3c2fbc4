"""What the lectures say of gradient descent: forms of momentum, and how fast it converges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autodiff as ad
from optim import SGD
from optim.schedules import InverseSqrtDecay

Floats = NDArray[np.float64]
mus = st.floats(0.0, 0.99)
etas = st.floats(1e-3, 0.3)
seeds = st.integers(0, 2**32 - 1)
STEPS = 12


def slope(w: Floats) -> Floats:
    """The gradient of a bowl, curved differently along its two axes."""
    return w * np.array([1.0, 0.2])


def path(momentum: float, rates: Any, start: Floats, nesterov: bool = False) -> Floats:
    """Where SGD goes; `rates` is a learning rate, or one for each step."""
    w, optimizer = ad.Variable(start), SGD(0.0, momentum, nesterov)
    way = []
    for rate in np.broadcast_to(rates, STEPS):
        optimizer.learning_rate = float(rate)
        optimizer.apply_gradients([(slope(w.numpy()), w)])
        way.append(w.numpy())
    return np.array(way)


def velocity_with_rate(mu: float, eta: float, w: Floats) -> Iterator[Floats]:
    """v ← µv − ηg, w ← w + v: the form of Sutskever, Keras and our SGD."""
    v = np.zeros_like(w)
    while True:
        v = mu * v - eta * slope(w)
        w = w + v
        yield w


def velocity_of_gradients(mu: float, eta: float, w: Floats) -> Iterator[Floats]:
    """v ← µv + g, w ← w − ηv: the form of PyTorch."""
    v = np.zeros_like(w)
    while True:
        v = mu * v + slope(w)
        w = w - eta * v
        yield w


def mean_of_gradients(mu: float, eta: float, w: Floats) -> Iterator[Floats]:
    """v ← µv + (1−µ)g, w ← w − ηv: a running mean of gradients."""
    v = np.zeros_like(w)
    while True:
        v = mu * v + (1 - mu) * slope(w)
        w = w - eta * v
        yield w


def take(form: Iterator[Floats]) -> Floats:
    return np.array([next(form) for _ in range(STEPS)])


def starts(seed: int) -> Floats:
    return np.random.default_rng(seed).uniform(0.5, 2.0, 2)


@given(mu=mus, eta=etas, seed=seeds)
def test_at_one_rate_the_first_two_forms_of_momentum_are_equal(
    mu: float, eta: float, seed: int
) -> None:
    start = starts(seed)
    ours = path(mu, eta, start)
    assert ours == pytest.approx(take(velocity_with_rate(mu, eta, start)), rel=1e-12)
    assert ours == pytest.approx(take(velocity_of_gradients(mu, eta, start)), rel=1e-9)


@given(mu=mus, eta=etas, seed=seeds)
def test_the_mean_of_gradients_is_momentum_with_a_rate_smaller_by_one_minus_mu(
    mu: float, eta: float, seed: int
) -> None:
    start = starts(seed)
    third = take(mean_of_gradients(mu, eta, start))
    assert path(mu, eta * (1 - mu), start) == pytest.approx(third, rel=1e-9)


@given(mu=st.floats(0.1, 0.99), seed=seeds)
def test_at_its_own_rate_the_mean_of_gradients_is_another_path(mu: float, seed: int) -> None:
    start = starts(seed)
    third = take(mean_of_gradients(mu, 0.1, start))
    assert np.abs(path(mu, 0.1, start)[-1] - third[-1]).max() > 1e-3


def test_where_the_rate_falls_the_first_two_forms_differ() -> None:
    """v holds rates of their time in the one, and takes today's rate in the other."""
    mu, start = 0.9, np.array([1.0, 2.0])
    rates = 0.1 / (1 + np.arange(STEPS))
    v, w, second = np.zeros(2), start, []
    for eta in rates:
        v = mu * v + slope(w)
        w = w - eta * v
        second.append(w)
    ours = path(mu, rates, start)
    assert ours[0] == pytest.approx(second[0], rel=1e-12)
    assert np.abs(ours[-1] - second[-1]).max() > 0.05


@given(mu=mus, eta=etas, seed=seeds)
def test_nesterovs_momentum_takes_the_gradient_where_momentum_leads(
    mu: float, eta: float, seed: int
) -> None:
    """v ← µv − η∇f(x + µv), x ← x + v; what SGD moves is w = x + µv, as in Keras and PyTorch."""
    x = starts(seed)
    v, ahead = np.zeros(2), []
    for _ in range(STEPS):
        v = mu * v - eta * slope(x + mu * v)
        x = x + v
        ahead.append(x + mu * v)
    assert path(mu, eta, starts(seed), nesterov=True) == pytest.approx(
        np.array(ahead), rel=1e-8, abs=1e-12
    )


@given(mu=st.floats(0.1, 0.99), seed=seeds)
def test_nesterovs_momentum_is_not_plain_momentum(mu: float, seed: int) -> None:
    a, b = (path(mu, 0.2, starts(seed), nesterov) for nesterov in (False, True))
    assert np.abs(a[-1] - b[-1]).max() > 1e-4


@given(eta=etas, seed=seeds)
def test_without_momentum_all_forms_are_gradient_descent(eta: float, seed: int) -> None:
    start = starts(seed)
    w, plain = start, []
    for _ in range(STEPS):
        w = w - eta * slope(w)
        plain.append(w)
    for nesterov in (False, True):
        assert path(0.0, eta, start, nesterov) == pytest.approx(np.array(plain), rel=1e-12)
    assert take(mean_of_gradients(0.0, eta, start)) == pytest.approx(np.array(plain), rel=1e-12)


# -- convergence -------------------------------------------------------------------------------


@given(
    seed=seeds,
    n=st.integers(1, 6),
    m=st.integers(1, 8),
    fraction=st.floats(0.05, 1.0),
    kind=st.sampled_from(["least squares", "logistic"]),
)
def test_convex_functions_are_minimised_at_the_rate_that_theory_promises(
    seed: int, n: int, m: int, fraction: float, kind: str
) -> None:
    """f(x_k) − f* ≤ ‖x_0 − x*‖² / (2tk) for convex f, ∇f L-Lipschitz, and steps of t ≤ 1/L.

    Least squares ‖Ax − b‖²/2 has L = ‖A‖², logistic loss Σ ln(1 + exp(aᵢᵀx)) + ‖x‖²/2 has
    L = ‖A‖²/4 + 1; the minimum of the first is known, that of the second found by Newton's method.
    """
    rng = np.random.default_rng(seed)
    A, b, start = rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n) * 3
    A_t, b_t = ad.asarray(A), ad.asarray(b)
    norm = float(np.linalg.norm(A, 2)) ** 2
    if kind == "least squares":
        lipschitz = norm
        best = start - np.linalg.pinv(A) @ (A @ start - b)  # the minimum nearest to the start

        def f(x: Any) -> Any:
            return ad.sum((A_t @ x - b_t) ** 2) / 2
    else:
        lipschitz = norm / 4 + 1
        best = np.zeros(n)
        for _ in range(100):
            p = 1 / (1 + np.exp(-A @ best))
            newton = np.linalg.solve(A.T * (p * (1 - p)) @ A + np.eye(n), A.T @ p + best)
            best = best - newton / max(1.0, float(np.linalg.norm(newton)))

        def f(x: Any) -> Any:
            z = A_t @ x
            softplus = ad.maximum(z, 0.0) + ad.log1p(ad.exp(-ad.abs(z)))
            return ad.sum(softplus) + ad.sum(x * x) / 2

    t = fraction / lipschitz
    x, optimizer = ad.Variable(start), SGD(t)
    least = float(f(ad.asarray(best)))
    distance = float(((start - best) ** 2).sum())
    for k in range(1, 31):
        optimizer.minimize(lambda: f(x), [x])
        assert float(f(x)) - least <= distance / (2 * t * k) + 1e-9 * (1 + abs(least))


def test_steps_beyond_the_bound_diverge() -> None:
    """The bound is no formality: past 2/L, gradient descent climbs out of a bowl."""
    x, optimizer = ad.Variable(1.0), SGD(2.1)
    losses = [float(optimizer.minimize(lambda: x * x / 2, [x])) for _ in range(20)]
    assert losses == sorted(losses)
    assert losses[-1] > 10 * losses[0]


@given(seed=seeds)
def test_rates_that_fall_like_one_over_the_root_keep_online_regret_below_its_bound(
    seed: int,
) -> None:
    """Zinkevich: ηₜ = 1/√t gives at most D²√T/2 + (√T − 1/2)G²; for costs gw, |w| ≤ 1, |g| ≤ G = 1.

    D is how far apart two values of w can be.
    """
    rng = np.random.default_rng(seed)
    costs, total = rng.uniform(-1, 1, 60), 0.0
    w, optimizer = ad.Variable(0.0, dtype="float64"), SGD(InverseSqrtDecay(1.0))
    for g in costs:
        total += float(g) * float(w)
        optimizer.apply_gradients([(np.float64(g), w)])
        w.assign(ad.clip(w, -1.0, 1.0))
    regret = total + abs(float(costs.sum()))  # the best fixed w is at −1 or 1
    root = np.sqrt(len(costs))
    assert regret <= 2**2 * root / 2 + (root - 0.5)
