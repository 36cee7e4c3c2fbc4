"""Twenty-five steps of every optimizer, beside the same in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
import optim
from optim import Optimizer

from .reference import NAMES, slopes, starts, trajectory

#: optimizer, its own arguments, and a learning rate that moves the parameters
CASES: list[tuple[str, dict[str, Any], float]] = [
    ("SGD", {}, 0.1),
    ("SGD", {"momentum": 0.9}, 0.02),
    ("SGD", {"momentum": 0.5, "nesterov": True}, 0.05),
    ("Adagrad", {}, 0.3),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}, 0.1),
    ("RMSprop", {}, 0.05),
    ("RMSprop", {"rho": 0.5, "momentum": 0.8, "epsilon": 1e-2}, 0.02),
    ("RMSprop", {"centered": True, "epsilon": 1e-2}, 0.05),
    ("RMSprop", {"centered": True, "momentum": 0.5, "epsilon": 1e-2}, 0.02),
    ("Adam", {}, 0.05),
    ("Adam", {"beta_1": 0.0, "beta_2": 0.5, "epsilon": 0.1}, 0.05),
    ("Adam", {"beta_2": 0.6, "amsgrad": True}, 0.05),
    ("AdamW", {"weight_decay": 0.1}, 0.05),
    ("Adamax", {}, 0.05),
    ("Adamax", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}, 0.05),
    ("Nadam", {}, 0.05),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}, 0.05),
    ("Adadelta", {}, 1.0),
    ("Adadelta", {"rho": 0.5, "epsilon": 0.01}, 1.0),
    ("Lion", {}, 0.01),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.3}, 0.02),
]
#: what all optimizers take
OPTIONS: dict[str, dict[str, Any]] = {
    "decay": {"weight_decay": 0.2},
    "clipvalue": {"clipvalue": 0.5},
    "clipnorm": {"clipnorm": 0.8},
    "global_clipnorm": {"global_clipnorm": 0.8},
    "means": {"use_ema": True, "ema_momentum": 0.8},
    "means taken": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
    "gathered": {"gradient_accumulation_steps": 3},
    "gathered, all": {
        "gradient_accumulation_steps": 4,
        "weight_decay": 0.2,
        "clipnorm": 0.8,
        "use_ema": True,
        "ema_momentum": 0.8,
        "ema_overwrite_frequency": 2,
    },
    "all": {"weight_decay": 0.2, "global_clipnorm": 1.0, "use_ema": True, "ema_momentum": 0.5},
}
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
TITLES = [f"{name} {arguments}" for name, arguments, _ in CASES]


def run(optimizer: Optimizer, dtype: str) -> tuple[list[list[Any]], list[Any]]:
    """What `trajectory` gives, from the optimizer."""
    variables = [ad.Variable(w, dtype, name=n) for w, n in zip(starts(), NAMES, strict=True)]
    path = []
    for slope in slopes():
        gradients = [slope(k, v.numpy()) for k, v in enumerate(variables)]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        path.append([v.numpy() for v in variables])
    assert {str(v.dtype) for v in [*variables, *optimizer.state.variables()]} == {dtype}
    return path, [v.numpy() for v in optimizer.state.means.values()]


def without_switch(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != "use_ema"}


def assert_close(got: Any, expected: Any, dtype: str) -> None:
    for g, e in zip(got, expected, strict=True):
        for x, y in zip(g, e, strict=True):
            assert x == pytest.approx(y, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "rate"), CASES, ids=TITLES)
def test_its_path_is_that_of_its_formula(
    name: str, arguments: dict[str, Any], rate: float, dtype: str
) -> None:
    path, _ = run(getattr(optim, name)(rate, **arguments), dtype)
    assert_close(path, trajectory(name, lambda t: rate, **arguments)[0], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(
    ("name", "arguments", "rate"),
    [("SGD", {}, 0.1), ("SGD", {"momentum": 0.8}, 0.05), ("Adam", {}, 0.05), ("Nadam", {}, 0.05)],
)
def test_so_it_is_with_what_all_take(
    name: str, arguments: dict[str, Any], rate: float, options: dict[str, Any], dtype: str
) -> None:
    path, means = run(getattr(optim, name)(rate, **arguments, **options), dtype)
    expected, averages = trajectory(name, lambda t: rate, **arguments, **without_switch(options))
    assert_close(path, expected, dtype)
    assert_close([means], [averages], dtype)


@pytest.mark.parametrize(("name", "arguments", "rate"), CASES, ids=TITLES)
def test_so_it_is_with_rates_of_their_own_and_a_schedule(
    name: str, arguments: dict[str, Any], rate: float
) -> None:
    """Weight 1, bias 2; no decay for biases; the rate falls."""
    schedule = optim.schedules.InverseTimeDecay(rate, 5, 0.5)
    optimizer = getattr(optim, name)(schedule, **{"weight_decay": 0.1, **arguments})
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.multiply_learning_rate(2.0, var_names=["bias"])
    path, _ = run(optimizer, "float64")
    expected, _ = trajectory(
        name,
        lambda t: rate / (1 + 0.5 * t / 5),
        undecayed=(1,),
        multipliers=(1.0, 2.0, 1.0),
        **{"weight_decay": 0.1, **arguments},
    )
    assert_close(path, expected, "float64")


@pytest.mark.parametrize(
    "options", [{}, OPTIONS["means taken"], OPTIONS["all"], OPTIONS["gathered, all"]]
)
@pytest.mark.parametrize(("name", "arguments", "rate"), CASES, ids=TITLES)
def test_one_flat_training_step_takes_the_same_path(
    name: str, arguments: dict[str, Any], rate: float, options: dict[str, Any]
) -> None:
    """Joined to a user's own flat program, where updates are grouped and written in place."""

    def make() -> Optimizer:
        return getattr(optim, name)(rate, **{**arguments, **options})

    eager, means = run(make(), "float32")
    optimizer = make()
    variables = [ad.Variable(w, "float32", name=n) for w, n in zip(starts(), NAMES, strict=True)]

    @ad.function
    def step(gradients: list[Any]) -> None:
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    for slope, expected in zip(slopes(), eager, strict=True):
        step([slope(k, v.numpy()) for k, v in enumerate(variables)])
        for v, e in zip(variables, expected, strict=True):
            assert np.array_equal(v.numpy(), e)
    for v, e in zip(optimizer.state.means.values(), means, strict=True):
        assert np.array_equal(v.numpy(), e)
