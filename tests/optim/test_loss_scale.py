"""Loss scaling: steps on true gradients, left out where one is infinite or nan."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import optim
from optim import SGD, Adam, LossScaleOptimizer, Nadam, Optimizer, RMSprop
from optim.schedules import ExponentialDecay

INNER: list[Callable[[], Optimizer]] = [
    lambda: SGD(0.1, momentum=0.9, nesterov=True),
    lambda: RMSprop(0.1, weight_decay=0.01, clipvalue=0.5),
    lambda: Adam(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
    lambda: Adam(0.1, gradient_accumulation_steps=2, global_clipnorm=1.0),
    lambda: Nadam(ExponentialDecay(0.1, 2, 0.5), clipnorm=1.0),
]
BAD = (np.inf, -np.inf, np.nan)


def pair(dtype: Any = np.float32) -> list[ad.Variable]:
    values = np.array([[1.0, -2.0], [0.5, 4.0]], dtype), np.array([3.0], dtype)
    return [ad.Variable(v, name=name) for v, name in zip(values, "wb", strict=True)]


def gradients(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in ((2, 2), (1,))]


def rule(goods: list[bool], scale: float, growth: int) -> list[tuple[float, int]]:
    """The scale, and the steps since it changed, after each step."""
    found, count = [], 0
    for good in goods:
        if not good:
            scale, count = scale / 2, 0
        elif count == growth - 1:
            scale, count = scale * 2, 0
        else:
            count += 1
        found.append((scale, count))
    return found


@given(
    make=st.sampled_from(INNER),
    bad=st.lists(st.sampled_from([None, None, *BAD]), min_size=1, max_size=9),
    place=st.integers(0, 1),
    growth=st.integers(1, 4),
    inside=st.sampled_from(["program", "function", "tape"]),
)
def test_bad_steps_are_as_if_they_had_not_been(
    make: Any, bad: list[Any], place: int, growth: int, inside: str
) -> None:
    """The others are the inner optimizer's, on gradients divided by the scale."""
    alone, w = make(), pair()
    scaling, v = LossScaleOptimizer(make(), 8.0, growth), pair()
    step: Any = lambda *g: scaling.apply_gradients(zip(g, v, strict=True))  # noqa: E731
    if inside == "function":
        scaling.build(v)
        step = ad.function(step)
    goods, seen = [value is None for value in bad], []
    scale = 8.0
    for k, value in enumerate(bad):
        g = gradients(k)
        if value is None:
            alone.apply_gradients(zip(g, w, strict=True))
        scaled = [x * np.float32(scale) for x in g]
        if value is not None:
            scaled[place].flat[0] = value
        if inside == "tape":
            with ad.GradientTape():
                step(*scaled)
        else:
            step(*scaled)
        scale = float(scaling.dynamic_scale)
        seen.append((scale, int(scaling.step_counter)))
    assert seen == rule(goods, 8.0, growth)
    if not any(goods):
        alone.build(w)
    kept = [*v, *scaling.inner_optimizer.variables]
    for mine, theirs in zip(kept, [*w, *alone.variables], strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=str(mine.name))
    assert int(scaling.iterations) == int(alone.iterations)


@given(dtype=st.sampled_from([np.float16, np.float32, np.float64]), power=st.integers(0, 24))
def test_a_power_of_two_changes_no_bit(dtype: Any, power: int) -> None:
    """Where nothing is lost between, a scaled step is the step itself."""
    plain, scaling = SGD(0.5), LossScaleOptimizer(SGD(0.5), 2.0**power)
    steps = []
    for optimizer in (plain, scaling):
        w = ad.Variable(np.array([1.0, -0.25, 3.0], dtype))

        def loss(w: Any = w) -> Any:
            return ad.sum(ad.astype(w, "float64") ** 3)

        assert optimizer.minimize(loss, [w]).dtype == np.float64
        steps.append(w.numpy())
    if dtype is not np.float16 or power < 11:  # 27 · 2¹¹ is still a float16
        np.testing.assert_array_equal(steps[0], steps[1])


def test_a_loss_of_half_precision_is_scaled_in_single() -> None:
    optimizer = LossScaleOptimizer(SGD())
    scaled = optimizer.scale_loss(ad.asarray(np.float16(100.0)))
    assert (scaled.dtype.name, float(scaled)) == ("float32", 100.0 * 2**15)
    assert float(SGD().scale_loss(ad.asarray(3.0))) == 3.0


def test_small_gradients_survive() -> None:
    """∂(10⁻⁵ w · 10⁻⁴)/∂w is below the smallest float16; scaled it is not."""
    moved = []
    for optimizer in (SGD(1e9), LossScaleOptimizer(SGD(1e9))):
        w = ad.Variable([0.0])

        def loss(w: Any = w) -> Any:
            h = ad.astype(w, "float16") * ad.asarray(np.float16(1e-5))
            return ad.sum(ad.astype(h * ad.asarray(np.float16(1e-4)), "float32"))

        optimizer.minimize(loss, [w])
        moved.append(float(w[0]))
    assert moved[0] == 0.0
    assert moved[1] == pytest.approx(-1.0, rel=1e-2)


def test_the_scale_stays_a_number() -> None:
    w = pair()
    optimizer = LossScaleOptimizer(SGD(0.1), 2.0**126, 1)
    for _ in range(3):
        optimizer.apply_gradients(zip(gradients(0), w, strict=True))
    assert float(optimizer.dynamic_scale) == 2.0**127


def test_it_passes_on_what_the_other_optimizer_has() -> None:
    inner = Adam(0.1, use_ema=True, gradient_accumulation_steps=2, weight_decay=0.1)
    optimizer, w = LossScaleOptimizer(inner), pair()
    optimizer.exclude_from_weight_decay(var_names=["b"])
    optimizer.multiply_learning_rate(2.0, var_names=["b"])
    assert (inner.decays(w[0]), inner.decays(w[1]), inner.multiplier(w[1])) == (True, False, 2.0)
    optimizer.learning_rate = 0.5
    assert float(inner.learning_rate) == float(optimizer.learning_rate) == 0.5
    assert not optimizer.built
    optimizer.build(w)
    assert optimizer.built
    assert inner.built
    with pytest.raises(ValueError, match="too late"):
        optimizer.exclude_from_weight_decay(var_names=["w"])
    optimizer.apply_gradients(zip(gradients(0), w, strict=True))
    optimizer.finalize_variable_values(w)
    assert [v.name for v in optimizer.variables[:3]] == [
        *("dynamic_scale", "step_counter", "iterations")
    ]


def test_a_schedule_goes_by_the_steps_that_were_taken() -> None:
    inner = SGD(lambda t: 1.0 / (1.0 + ad.astype(t, ad.float64)), gradient_accumulation_steps=2)
    optimizer, w = LossScaleOptimizer(inner), pair()
    for k in range(3):
        g = gradients(k)
        if k == 1:
            g[0][0] = np.inf
        optimizer.apply_gradients(zip(g, w, strict=True))
    assert float(optimizer.learning_rate) == pytest.approx(1 / 3)


def test_it_can_be_written_down() -> None:
    optimizer = LossScaleOptimizer(Adam(ExponentialDecay(0.1, 2, 0.5), amsgrad=True), 64.0, 7, "s")
    said = optim.serialize(optimizer)
    again: Any = optim.deserialize(json.loads(json.dumps(said)))
    assert optim.serialize(again) == said
    assert (again.name, again.initial_scale, again.dynamic_growth_steps) == ("s", 64.0, 7)
    assert again.inner_optimizer.amsgrad
    assert isinstance(optim.get(said), LossScaleOptimizer)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("adam",), TypeError, "inner_optimizer must be an optimizer, got 'adam'"),
        ((LossScaleOptimizer(SGD()),), ValueError, "scales losses already"),
        ((SGD(), 0.0), ValueError, "initial_scale must be a finite number above 0, got 0.0"),
        ((SGD(), 1.0, 0), ValueError, "dynamic_growth_steps"),
        ((SGD(), 1.0, 1.5), ValueError, "dynamic_growth_steps must be a whole number"),
    ],
)
def test_what_is_wrong_is_said(arguments: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        LossScaleOptimizer(*arguments)


def test_a_formula_of_another_shape_is_still_an_error() -> None:
    class Scalar(Optimizer):
        def update(self, w: Any, g: Any, rate: Any) -> Any:
            return (ad.sum(g),)

    with pytest.raises(ValueError, match=r"gave 'w' shape \(\); expected \(2, 2\)"):
        LossScaleOptimizer(Scalar(0.1)).apply_gradients(zip(gradients(0), pair(), strict=True))
