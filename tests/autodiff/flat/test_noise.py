"""What is allowed for rounding: as much as operations may cost, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

from .agreement import Program, assert_same, limit, limits, within_limits
from .noise import nudged, spread

LARGE = 2.0**24
X = np.array([0.25, 1.0, -0.5])


def cancelling() -> Program:
    """2**24 comes up and cancels; the argument is exact in it."""
    v = ad.Variable(np.zeros(3))

    def f(x: Any) -> Any:
        v.assign_add(ad.tanh(x + LARGE * ad.cos(0 * x)))
        return (x / 3 + LARGE * ad.cos(0 * x)) - LARGE, x * 1j

    return f, [v]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_numbers_are_off_by_one_unit_in_the_last_place(dtype: str) -> None:
    random = np.random.default_rng(0)
    x = np.asarray(random.normal(size=300), dtype)
    x[:2] = 0, np.inf
    y = nudged(x, random)
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    assert y[0] == 0
    assert np.isinf(y[1])
    old, new = x.real[2:], y.real[2:]
    units = np.abs(new - old) / np.spacing(np.abs(old))
    assert {0.0, 1.0} <= {*units.tolist()} <= {0.0, 0.5, 1.0}
    assert np.array_equal(nudged(np.arange(3), random), np.arange(3))


def test_what_cancels_on_the_way_is_seen() -> None:
    calls, starts = [[X]], [[np.zeros(3)]]
    by_arguments = limits(cancelling, calls, starts, 16)[0]
    by_operations = [limit(y, others) for y, *others in spread(cancelling, calls, starts, 16)]
    unit = np.spacing(LARGE)
    assert by_arguments.max() < unit / 1000
    assert by_operations[0].min() > unit / 2
    assert by_operations[0].max() < 1000 * unit
    assert by_operations[1].shape == (2, 3)  # real and imaginary parts
    assert len(by_operations) == 3


@pytest.mark.parametrize(("error", "right"), [(1.0, True), (1e6, False)])
def test_errors_of_more_than_that_are_found(error: float, right: bool) -> None:
    calls, starts = [[X]], [[np.zeros(3)]]
    f, variables = cancelling()
    expected = [f(ad.asarray(X)), variables]
    found = [(expected[0][0] + error * np.spacing(LARGE), expected[0][1]), variables]

    def check(limits: Any) -> None:
        assert_same(found, expected, limits=limits)

    if right:
        return within_limits(check, cancelling, calls, starts)
    with pytest.raises(AssertionError, match="off by"):
        within_limits(check, cancelling, calls, starts)
