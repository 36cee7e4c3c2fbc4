"""Every op alone in a flat program: its value and its gradients, on its own samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.testing import Call, sample_call

from .agreement import Program, assert_agree

SAMPLED = [name for name, op in registry.items() if op.sample is not None]
RULES = [name for name in SAMPLED if registry[name].rules]
DTYPES = ("float64", "float32", "float16")
SAMPLES = 4


def draws(call: Call, dtype: str, count: int = 3) -> list[list[Any]]:
    """The arrays of the sample, and others: floats close to them, the rest in another order."""
    random = np.random.default_rng(0)

    def other(x: Any) -> Any:
        if x.dtype.kind == "f":
            return x * x.dtype.type(random.uniform(0.9, 1.1))
        return random.permutation(x.ravel()).reshape(x.shape)

    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in call.arrays]
    return [arrays, *([other(a) for a in arrays] for _ in range(count - 1))]


def computed(x: Any) -> Any:
    """The same values as a result of an op, whatever the dtype."""
    x = ad.asarray(x)
    return ~~x if x.dtype == np.bool_ else x + 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", SAMPLED)
def test_value(op: str, dtype: str) -> None:
    for seed in range(SAMPLES):
        call = sample_call(registry[op], seed)
        program: Program = (call, [])
        assert_agree(lambda program=program: program, draws(call, dtype))  # type: ignore[misc]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", RULES)
def test_gradient(op: str, dtype: str) -> None:
    for seed in range(SAMPLES):
        call = sample_call(registry[op], seed)

        def build(call: Call = call) -> Program:
            def f(*xs: Any) -> Any:
                xs = tuple(map(computed, xs))
                floats = [x for x in xs if x.dtype.kind == "f"]
                with ad.GradientTape() as tape:
                    tape.watch(floats)
                    y = call(*xs)
                return y, tape.gradient(y, floats, unconnected_gradients="zero")

            return f, []

        assert_agree(build, draws(call, dtype))
