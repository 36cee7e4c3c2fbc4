"""Every optimizer and schedule beside Keras 3 itself, in float32 and float64.

pip install 'autodiff-tape[oracles,testing]' && KERAS_BACKEND=jax python -m pytest -m oracle
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
import optim

from .reference import NAMES, slopes, starts
from .test_trajectories import CASES, OPTIONS, run

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
#: float32: Keras rounds powers of the betas to float32, of which (1 − β₂ᵗ) keeps four digits
WITHIN = {"float32": 1e-5, "float64": 1e-11}
#: Keras' cosine on JAX is of float32, whatever it is given
COSINE = 1e-7

SCHEDULES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("ExponentialDecay", (0.1, 10, 0.9), {}),
    ("ExponentialDecay", (0.1, 3, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    ("InverseTimeDecay", (0.1, 4, 2.0), {"staircase": True}),
    ("PiecewiseConstantDecay", ([5, 9, 30], [0.1, 0.05, 0.02, 0.01]), {}),
    ("PiecewiseConstantDecay", ([7], [0.1, 0.01]), {}),
    ("PolynomialDecay", (0.1, 20), {}),
    ("PolynomialDecay", (0.1, 8, 0.01), {"power": 0.5}),
    ("PolynomialDecay", (0.1, 7, 0.01), {"power": 2.0, "cycle": True}),
    ("CosineDecay", (0.1, 20), {}),
    ("CosineDecay", (0.1, 15), {"alpha": 0.2}),
    ("CosineDecay", (0.0, 15), {"alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 6}),
    ("CosineDecay", (0.1, 9), {"warmup_target": 0.2, "warmup_steps": 3}),
    ("CosineDecayRestarts", (0.1, 5), {}),
    ("CosineDecayRestarts", (0.1, 7), {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 6), {"t_mul": 1.5, "m_mul": 0.5}),
]


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    found = pytest.importorskip("keras", reason="pip install 'autodiff-tape[oracles]'")
    if found.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    before = found.config.floatx()
    yield found
    found.config.set_floatx(before)


def in_keras(
    keras: Any, optimizer: Any, dtype: str, averages: bool
) -> tuple[list[list[Any]], list[Any]]:
    variables = [
        keras.Variable(w, dtype=dtype, name=name.replace("/", "_"))
        for w, name in zip(starts(), NAMES, strict=True)
    ]
    path = []
    for slope in slopes():
        gradients = [slope(k, np.asarray(v.value)) for k, v in enumerate(variables)]
        gradients = [keras.ops.convert_to_tensor(g, dtype=dtype) for g in gradients]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        path.append([np.asarray(v.value) for v in variables])
    if averages:
        optimizer.finalize_variable_values(variables)
    return path, [np.asarray(v.value) for v in variables] if averages else []


def difference(got: Any, expected: Any) -> float:
    """The largest of any two arrays, relative where they are above 1."""
    worst = 0.0
    for g, e in zip(got, expected, strict=True):
        for x, y in zip(g, e, strict=True):
            assert x.dtype == y.dtype
            worst = max(worst, float(np.max(np.abs(x - y) / np.maximum(1, np.abs(y)))))
    return worst


#: every case plain, and one case of each optimizer with what all of them take
WITH_OPTIONS: list[Any] = [(*case, {}) for case in CASES] + [
    (name, arguments, rate, options)
    for name, (arguments, rate) in {name: (args, rate) for name, args, rate in CASES}.items()
    for options in OPTIONS.values()
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "rate", "options"), WITH_OPTIONS)
def test_optimizers_take_the_steps_of_keras(
    name: str,
    arguments: dict[str, Any],
    rate: float,
    options: dict[str, Any],
    dtype: str,
    keras: Any,
) -> None:
    keras.config.set_floatx(dtype)
    given = {**arguments, **options}
    theirs = getattr(keras.optimizers, name)(rate, **given)
    ours = getattr(optim, name)(rate, **given)
    for optimizer in (theirs, ours):
        if "weight_decay" in given:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
    averages = "use_ema" in given
    path, means = in_keras(keras, theirs, dtype, averages)
    got, got_means = run(ours, dtype)
    assert difference([*got, got_means], [*path, means]) <= WITHIN[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "args", "kwargs"), SCHEDULES)
def test_schedules_are_those_of_keras(
    name: str, args: Any, kwargs: dict[str, Any], dtype: str, keras: Any
) -> None:
    keras.config.set_floatx(dtype)
    theirs = getattr(keras.optimizers.schedules, name)(*args, **kwargs)
    ours = getattr(optim.schedules, name)(*args, **kwargs)
    got = [[np.asarray(ours(step).numpy(), dtype)] for step in range(60)]
    expected = [[np.asarray(theirs(step), dtype)] for step in range(60)]
    assert difference(got, expected) <= (COSINE if "Cosine" in name else WITHIN[dtype])


@pytest.mark.parametrize(("name", "args", "kwargs"), SCHEDULES)
def test_optimizers_follow_schedules_as_in_keras(
    name: str, args: Any, kwargs: dict[str, Any], keras: Any
) -> None:
    keras.config.set_floatx("float64")
    theirs = keras.optimizers.Adam(getattr(keras.optimizers.schedules, name)(*args, **kwargs))
    ours = optim.Adam(getattr(optim.schedules, name)(*args, **kwargs))
    path, _ = in_keras(keras, theirs, "float64", averages=False)
    assert difference(run(ours, "float64")[0], path) <= (
        COSINE if "Cosine" in name else WITHIN["float64"]
    )


def test_arguments_and_defaults_are_those_of_keras(keras: Any) -> None:
    keras.config.set_floatx("float64")
    missing = {"loss_scale_factor"}
    for name in {name for name, _, _ in CASES}:
        theirs = getattr(keras.optimizers, name)().get_config()
        ours = getattr(optim, name)().get_config()
        assert set(ours) == set(theirs) - missing
        for key in set(ours) - {"name"}:
            assert ours[key] == theirs[key], (name, key)
    for name, args, kwargs in SCHEDULES:
        theirs = getattr(keras.optimizers.schedules, name)(*args, **kwargs).get_config()
        assert getattr(optim.schedules, name)(*args, **kwargs).get_config() == theirs


@settings(max_examples=50)
@given(data=st.data(), step=st.integers(0, 10**6))
def test_staircases_leap_where_they_leap_in_keras(data: Any, step: int, keras: Any) -> None:
    keras.config.set_floatx("float64")
    every = data.draw(st.integers(1, 1000))
    args = (0.1, every, 0.999)
    theirs = keras.optimizers.schedules.ExponentialDecay(*args, staircase=True)(step)
    ours = optim.schedules.ExponentialDecay(*args, staircase=True)(step)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-12)
    steps = ad.Variable(step)
    assert float(optim.schedules.StepDecay(*args)(steps)) == float(ours)
