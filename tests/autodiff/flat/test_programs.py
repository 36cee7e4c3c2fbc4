"""Random programs run flat as they run eagerly: bits, Variables, arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad

from .agreement import Program, assert_agree
from .programs import Run, Step, programs, shapes, transposing

Shape = tuple[int, ...]
#: where sums are in another order: of the largest element
ULPS = 64


def values(shape: Shape, dtype: Any, random: np.random.Generator, coarse: bool) -> np.ndarray:
    """Floats between -2 and 2; coarse ones are quarters, with ties and zeros."""
    x = random.uniform(-2, 2, shape)
    return np.asarray(np.round(4 * x) / 4 if coarse else x, dtype)


def laid_out(x: np.ndarray, kind: int) -> Any:
    """The same array as a Tensor, reversed in memory, transposed in memory, with gaps, or plain."""
    if kind == 0 or not x.ndim:
        return ad.Tensor(x)
    if kind == 1:
        return x[::-1].copy()[::-1]
    if kind == 2:
        return np.asfortranarray(x)
    if kind == 3:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return x


def assert_runs_alike(
    steps: tuple[Step, ...],
    form: tuple[Shape, ...],
    dtype: str,
    seed: int,
    layouts: bool = False,
) -> None:
    """The program on three draws of arrays, eager and flat; Variables of the first two shapes.

    Bit for bit; where arguments do not lie in order, eager values do not either, and sums over
    them add up in another order.
    """
    random = np.random.default_rng(seed)
    coarse = seed % 2 == 0 and not layouts
    first = [values(shape, dtype, random, coarse) for shape in form[:2]]

    def build() -> Program:
        variables = [ad.Variable(x) for x in first]

        def f(*arrays: Any) -> Any:
            run = Run([*arrays, *variables], variables)
            run.steps(steps)
            return {"values": run.pool[len(arrays) :], "some": (run.gradients, run.pool[0], 3)}

        return f, variables

    calls = []
    for k in range(3):
        arrays = [values(shape, dtype, random, coarse) for shape in form]
        calls.append([laid_out(x, (seed + k) % 4 if layouts else -(k % 2)) for x in arrays])
    assert_agree(build, calls, ulps=ULPS if layouts else 0)


EVERYTHING = given(steps=programs, form=st.tuples(shapes, shapes, shapes), seed=st.integers(0, 999))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@EVERYTHING
@settings(max_examples=70)
def test_flat_is_eager(
    steps: tuple[Step, ...], form: tuple[Shape, ...], dtype: str, seed: int
) -> None:
    assert_runs_alike(steps, form, dtype, seed)


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@EVERYTHING
@settings(max_examples=1000)
def test_flat_is_eager_a_thousand_times(
    steps: tuple[Step, ...], form: tuple[Shape, ...], dtype: str, seed: int
) -> None:
    assert_runs_alike(steps, form, dtype, seed)


@given(steps=transposing, form=st.tuples(shapes, shapes, shapes), seed=st.integers(0, 999))
@settings(max_examples=40)
def test_other_memory_orders(steps: tuple[Step, ...], form: tuple[Shape, ...], seed: int) -> None:
    assert_runs_alike(steps, form, "float64", seed, layouts=True)
