"""Activations against their formulas in NumPy, at their kinks, far out, and in flat programs."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import autodiff as ad
from autodiff.testing import check_gradients
from nn import activations
from tests.autodiff.flat.agreement import Program, assert_agree


def phi(x: Any) -> Any:
    return np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[float])(x)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def shrink(x: Any) -> Any:
    return np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)


def softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

#: name and options -> formula, the derivative at 0 or None where there is a jump or no such thing
FORMULAS: list[tuple[str, dict[str, Any], Any, float | None]] = [
    ("celu", {}, lambda x: np.where(x > 0, x, np.exp(x) - 1), 1.0),
    ("celu", {"alpha": 2.0}, lambda x: np.where(x > 0, x, 2 * (np.exp(x / 2) - 1)), 1.0),
    ("elu", {}, lambda x: np.where(x > 0, x, np.exp(x) - 1), 1.0),
    ("elu", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * (np.exp(x) - 1)), 0.5),
    ("exponential", {}, np.exp, 1.0),
    ("gelu", {}, lambda x: x * phi(x), 0.5),
    (
        "gelu",
        {"approximate": True},
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        0.5,
    ),
    ("hard_shrink", {}, lambda x: x * (np.abs(x) > 0.5), 0.0),
    ("hard_sigmoid", {}, lambda x: np.clip(x / 6 + 0.5, 0, 1), 1 / 6),
    ("hard_silu", {}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1), 0.5),
    ("hard_swish", {}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1), 0.5),
    ("hard_tanh", {}, lambda x: np.clip(x, -1, 1), 1.0),
    ("leaky_relu", {}, lambda x: np.where(x > 0, x, 0.2 * x), 1.0),
    ("leaky_relu", {"negative_slope": 0.3}, lambda x: np.where(x > 0, x, 0.3 * x), 1.0),
    ("linear", {}, lambda x: x, 1.0),
    ("log_sigmoid", {}, lambda x: np.log(sigmoid(x)), 0.5),
    ("log_softmax", {}, lambda x: np.log(softmax(x)), None),
    ("log_softmax", {"axis": 0}, lambda x: np.log(softmax(x, 0)), None),
    ("mish", {}, lambda x: x * np.tanh(np.log(1 + np.exp(x))), 0.6),
    ("relu", {}, lambda x: np.maximum(x, 0), 0.0),
    ("relu", {"max_value": 2.0}, lambda x: np.clip(x, 0, 2), 0.0),
    ("relu", {"negative_slope": 0.1}, lambda x: np.where(x > 0, x, 0.1 * x), 1.0),
    ("relu", {"threshold": 0.7}, lambda x: x * (x > 0.7), 0.0),
    (
        "relu",
        {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.7},
        lambda x: np.where(x > 0.7, np.minimum(x, 2), 0.1 * (x - 0.7)),
        0.1,
    ),
    ("relu6", {}, lambda x: np.clip(x, 0, 6), 0.0),
    ("selu", {}, lambda x: SCALE * np.where(x > 0, x, ALPHA * (np.exp(x) - 1)), SCALE * ALPHA),
    ("sigmoid", {}, sigmoid, 0.25),
    ("silu", {}, lambda x: x * sigmoid(x), 0.5),
    ("soft_shrink", {}, shrink, 0.0),
    ("softmax", {}, softmax, None),
    ("softmax", {"axis": 0}, lambda x: softmax(x, 0), None),
    ("softplus", {}, lambda x: np.log(1 + np.exp(x)), 0.5),
    ("softsign", {}, lambda x: x / (1 + np.abs(x)), 1.0),
    ("squareplus", {}, lambda x: (x + np.sqrt(x**2 + 4)) / 2, 0.5),
    ("swish", {}, lambda x: x * sigmoid(x), 0.5),
    ("tanh", {}, np.tanh, 1.0),
    ("tanh_shrink", {}, lambda x: x - np.tanh(x), 0.0),
    (
        "threshold",
        {"threshold": 0.7, "default_value": -2.0},
        lambda x: np.where(x > 0.7, x, -2),
        0.0,
    ),
]

IDS = [f"{name}({','.join(options)})" for name, options, _, _ in FORMULAS]
every_one = pytest.mark.parametrize(("name", "options", "formula", "at_0"), FORMULAS, ids=IDS)
KINKS = (-3.0, -1.0, -0.5, 0.0, 0.5, 0.7, 1.0, 2.0, 3.0, 6.0)


@every_one
@given(x=arrays(np.float64, array_shapes(min_dims=1, max_dims=3), elements=st.floats(-8, 8)))
def test_the_formula(name: str, options: Any, formula: Any, at_0: Any, x: Any) -> None:
    found = getattr(activations, name)(ad.asarray(x), **options)
    assert found.numpy() == pytest.approx(formula(x), rel=1e-9, abs=1e-12)


@every_one
def test_gradients_off_the_kinks(name: str, options: Any, formula: Any, at_0: Any) -> None:
    reach = 4 if name == "gelu" else 8  # further out 1 + tanh has lost its digits
    x = np.random.default_rng(0).uniform(-reach, reach, (4, 5))
    for kink in KINKS:
        x = np.where(np.abs(x - kink) < 0.05, kink + 0.1, x)
    check_gradients(lambda x: getattr(activations, name)(x, **options), x)


@pytest.mark.parametrize(
    ("name", "options", "formula", "at_0"), [case for case in FORMULAS if case[-1] is not None]
)
def test_the_derivative_at_0(name: str, options: Any, formula: Any, at_0: Any) -> None:
    x = ad.Variable(0.0, dtype="float64")
    with ad.GradientTape() as tape:
        y = getattr(activations, name)(ad.copy(x), **options)
    assert float(tape.gradient(y, x)) == pytest.approx(at_0, rel=1e-12)


@every_one
def test_far_out_it_is_finite_in_single_precision(
    name: str, options: Any, formula: Any, at_0: Any
) -> None:
    """But for exp of what is large: neither value nor gradient overflows, without a warning."""
    x = ad.Variable(
        np.array([-1e4, -90.0, 0.0, 90.0, 1e4] if name != "exponential" else [-1e4], "f4")
    )
    with ad.GradientTape() as tape:
        y = getattr(activations, name)(ad.copy(x), **options)
    assert y.dtype == np.float32
    assert np.isfinite(y.numpy()).all()
    slope = tape.gradient(y, x)
    assert slope.dtype == np.float32
    assert np.isfinite(slope.numpy()).all()


@every_one
def test_flat_programs_agree(name: str, options: Any, formula: Any, at_0: Any) -> None:
    def build() -> Program:
        def f(x: Any) -> Any:
            with ad.GradientTape() as tape:
                tape.watch(x)
                y = getattr(activations, name)(ad.copy(x), **options)
            return y, tape.gradient(y, x)

        return f, []

    random = np.random.default_rng(0)
    special = np.array([KINKS])
    for dtype in ("f4", "f8"):
        calls = [(special.astype(dtype),), (random.normal(size=(1, 10)).astype(dtype),)]
        assert_agree(build, calls, ulps=4)


def test_glu_gates_the_first_half_by_the_second() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    for axis in (0, 1, -1):
        first, second = np.split(x, 2, axis)
        expected = first * sigmoid(second)
        assert activations.glu(x, axis).numpy() == pytest.approx(expected)
        check_gradients(lambda x, axis=axis: activations.glu(x, axis), x)
    with pytest.raises(ValueError, match=r"glu: axis 0 of shape \(3, 2\) has no two halves"):
        activations.glu(np.ones((3, 2)), axis=0)


def test_selu_keeps_mean_and_variance() -> None:
    """Of standard normal inputs: what its two constants are for."""
    x = np.linspace(-9, 9, 200_001)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    y = activations.selu(x).numpy()
    assert (y * density).sum() == pytest.approx(0, abs=1e-9)
    assert (y**2 * density).sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", sorted({name for name, *_ in FORMULAS} - {"threshold"} | {"glu"}))
def test_a_name_gives_the_function(name: str) -> None:
    assert activations.get(name) is getattr(activations, name)


def test_all_have_a_formula() -> None:
    assert {name for name, *_ in FORMULAS} | {"get", "glu"} == set(activations.__all__)


def test_the_lectures_softmax() -> None:
    found = activations.softmax(np.array([3.2, 5.1, -1.7])).numpy()
    assert found == pytest.approx([0.13, 0.87, 0.00], abs=5e-3)


def test_none_is_linear_and_a_function_is_itself() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get(abs) is abs


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("rellu", ValueError, r"unknown activation 'rellu'; did you mean 'relu'\? Known are celu"),
        ("step", ValueError, r"unknown activation 'step'\. Known are celu, elu, exponential, gelu"),
        (3, TypeError, "an activation is a name, a function or None; got 3"),
    ],
)
def test_what_is_no_activation(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        activations.get(cast(Any, given))
