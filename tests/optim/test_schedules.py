"""Schedules: their formulas, at their corners, and the optimizers that follow them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from optim import SGD, Adam
from optim import schedules as s
from optim.schedules import LearningRateSchedule

rates = st.floats(1e-4, 1.0)
steps = st.integers(0, 10_000)
lengths = st.integers(1, 1000)


def value(schedule: Callable[[Any], Any], step: int) -> float:
    """The rate, computed alike for a number and for the Variable that counts steps."""
    counter = ad.Variable(step)
    rate = schedule(counter)
    assert rate.dtype == ad.float64
    assert rate.shape == ()
    assert float(schedule(step)) == float(rate) == float(ad.function(schedule)(np.int64(step)))
    return float(rate)


@given(eta=rates, n=lengths, r=rates, t=steps)
def test_decays_by_powers_and_inversely(eta: float, n: int, r: float, t: int) -> None:
    assert value(s.ExponentialDecay(eta, n, r), t) == pytest.approx(eta * r ** (t / n))
    assert value(s.ExponentialDecay(eta, n, r, True), t) == pytest.approx(eta * r ** (t // n))
    assert value(s.StepDecay(eta, n, r), t) == pytest.approx(eta * r ** (t // n))
    assert value(s.InverseTimeDecay(eta, n, r), t) == pytest.approx(eta / (1 + r * t / n))
    assert value(s.InverseTimeDecay(eta, n, r, True), t) == pytest.approx(eta / (1 + r * (t // n)))
    assert value(s.InverseSqrtDecay(eta, n), t) == pytest.approx(eta / math.sqrt(t / n + 1))
    assert value(s.InverseSqrtDecay(eta), t) == pytest.approx(eta / math.sqrt(t + 1))


@given(
    boundaries=st.lists(st.integers(0, 100), unique=True, min_size=0, max_size=4).map(sorted),
    t=st.integers(0, 110),
)
def test_pieces_end_with_their_boundary(boundaries: list[int], t: int) -> None:
    values = [1.0 / (k + 1) for k in range(len(boundaries) + 1)]
    expected = values[sum(t > b for b in boundaries)]
    assert value(s.PiecewiseConstantDecay(boundaries, values), t) == expected


@given(a=rates, b=rates, n=lengths, k=st.floats(0.5, 3.0), t=steps)
def test_polynomials_reach_the_end_and_begin_again(
    a: float, b: float, n: int, k: float, t: int
) -> None:
    once = value(s.PolynomialDecay(a, n, b, k), t)
    assert once == pytest.approx((a - b) * (1 - min(t / n, 1)) ** k + b)
    again = value(s.PolynomialDecay(a, n, b, k, cycle=True), t)
    length = n * max(1, math.ceil(t / n))
    assert again == pytest.approx((a - b) * (1 - t / length) ** k + b)


@given(eta=rates, n=lengths, alpha=st.floats(0, 1), t=steps)
def test_cosines_fall_once(eta: float, n: int, alpha: float, t: int) -> None:
    wave = (1 + math.cos(math.pi * min(t / n, 1))) / 2
    got = value(s.CosineDecay(eta, n, alpha), t)
    assert got == pytest.approx(eta * ((1 - alpha) * wave + alpha))


@given(start=st.floats(0, 1), top=rates, warmup=st.integers(0, 50), n=lengths, t=steps)
def test_cosines_warm_up(start: float, top: float, warmup: int, n: int, t: int) -> None:
    schedule = s.CosineDecay(start, n, warmup_target=top, warmup_steps=warmup)
    if t < warmup:
        assert value(schedule, t) == pytest.approx(start + (top - start) * t / warmup)
    else:
        assert value(schedule, t) == value(s.CosineDecay(top, n), t - warmup)


@given(
    n=st.integers(1, 50),
    k=st.sampled_from([1, 2, 3, 10]),
    m=st.floats(0.1, 1.0),
    alpha=st.floats(0, 1),
    t=steps,
)
def test_cosines_restart_where_a_period_is_over(
    n: int, k: int, m: float, alpha: float, t: int
) -> None:
    """The period is found by counting; logarithms must not miss the step at which one begins."""
    begin, length, period = 0, n, 0
    while begin + length <= t:
        begin, length, period = begin + length, length * k, period + 1
    wave = (1 + math.cos(math.pi * (t - begin) / length)) / 2
    got = value(s.CosineDecayRestarts(0.5, n, float(k), m, alpha), t)
    assert got == pytest.approx(0.5 * ((1 - alpha) * m**period * wave + alpha), abs=1e-9)


@pytest.mark.parametrize("k", [2.0, 3.0, 10.0])
def test_every_restart_is_met_exactly(k: float) -> None:
    schedule, begin, length = s.CosineDecayRestarts(0.5, 1, k), 0.0, 1.0
    for _ in range(15):
        assert value(schedule, int(begin)) == 0.5
        begin, length = begin + length, length * k


EVERY: list[LearningRateSchedule] = [
    s.ExponentialDecay(0.1, 10, 0.9, staircase=True),
    s.StepDecay(0.1, 10, 0.5),
    s.InverseTimeDecay(0.1, 10, 0.5),
    s.InverseSqrtDecay(0.1, 2),
    s.PiecewiseConstantDecay([3, 7], [0.1, 0.05, 0.01]),
    s.PolynomialDecay(0.1, 10, power=2.0, cycle=True),
    s.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=3),
    s.CosineDecayRestarts(0.1, 4, t_mul=1.5, alpha=0.1),
]
NAMES = [type(schedule).__name__ for schedule in EVERY]


def test_all_of_them_are_here() -> None:
    classes = {name for name in s.__all__ if isinstance(getattr(s, name), type)}
    assert set(NAMES) == classes - {"LearningRateSchedule"}


@pytest.mark.parametrize("schedule", EVERY, ids=NAMES)
def test_they_can_be_written_down(schedule: LearningRateSchedule) -> None:
    twin = s.deserialize(json.loads(json.dumps(s.serialize(schedule))))
    assert type(twin) is type(schedule)
    assert repr(twin) == repr(schedule)
    assert [float(twin(t)) for t in range(20)] == [float(schedule(t)) for t in range(20)]


@pytest.mark.host
@pytest.mark.parametrize("schedule", [*EVERY, lambda t: 0.1 / (t + 1)], ids=[*NAMES, "a function"])
def test_optimizers_follow_them_without_being_traced_again(schedule: Any) -> None:
    a, b = ad.Variable(0.0, dtype="float64"), ad.Variable(0.0, dtype="float64")
    eager, joined, traces = SGD(schedule), SGD(schedule), []

    @ad.function
    def step(g: Any) -> None:
        traces.append(g)
        joined.apply_gradients([(g, b)])

    total = 0.0
    for t in range(12):
        assert float(eager.learning_rate) == pytest.approx(float(schedule(t)), rel=1e-12)
        eager.apply_gradients([(1.0, a)])
        step(np.float64(1.0))
        total -= float(schedule(t))
    assert float(a) == float(b) == pytest.approx(total, rel=1e-12)
    assert len(traces) == 1


def test_a_schedule_sees_the_counter_that_a_checkpoint_restored() -> None:
    w, optimizer = ad.Variable(0.0), SGD(s.PiecewiseConstantDecay([9], [1.0, 0.25]))
    optimizer.apply_gradients([(1.0, w)])
    optimizer.iterations.assign(10)
    optimizer.apply_gradients([(1.0, w)])
    assert float(w) == -1.25
    assert [v.name for v in optimizer.variables] == ["iterations"]


def test_a_schedule_cannot_be_overruled() -> None:
    optimizer = Adam(s.InverseSqrtDecay(0.1))
    with pytest.raises(TypeError, match=r"follows InverseSqrtDecay.* cannot be set"):
        optimizer.learning_rate = 0.5
    with pytest.raises(TypeError, match="learning_rate must be a number, got InverseSqrtDecay"):
        Adam(0.1).learning_rate = s.InverseSqrtDecay(0.1)  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: s.ExponentialDecay(-1, 1, 1), ValueError, "initial_learning_rate must be"),
        (lambda: s.ExponentialDecay(1, 0, 1), ValueError, "decay_steps must be .* above 0, got 0"),
        (lambda: s.InverseTimeDecay(1, 1, math.nan), ValueError, "decay_rate must be a finite"),
        (lambda: s.StepDecay(1, -3), ValueError, "decay_steps must be"),
        (lambda: s.PiecewiseConstantDecay([1], [1.0]), ValueError, "need 2 values, got 1"),
        (
            lambda: s.PiecewiseConstantDecay([2, 1], [1.0] * 3),
            ValueError,
            r"boundaries must increase, got \[2, 1\]",
        ),
        (lambda: s.CosineDecayRestarts(1, 1, t_mul=0.5), ValueError, "t_mul must be .* from 1 up"),
        (lambda: s.PolynomialDecay(1, 1, power=True), TypeError, "power must be a number"),
        (lambda: s.LearningRateSchedule()(1), NotImplementedError, "define at"),
        (lambda: s.serialize(abs), TypeError, "expected a LearningRateSchedule"),
        (lambda: s.deserialize({"class_name": "os.system", "config": {}}), ValueError, "unknown"),
        (lambda: s.deserialize({"class_name": "StepDecay"}), TypeError, "expected a dictionary"),
        (
            lambda: s.deserialize({"class_name": "StepDecy", "config": {}}),
            ValueError,
            "unknown schedule 'StepDecy'; did you mean 'stepdecay'",
        ),
    ],
)
def test_wrong_arguments_are_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
