"""Random programs run flat as they run eagerly: bits, Variables, arguments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autodiff as ad
from optim import SGD, Adam, Optimizer, RMSprop

from .agreement import Program, assert_agree
from .library import OURS
from .programs import (
    Run,
    Step,
    everything,
    forms,
    jumbled,
    mixed,
    plain,
    returns,
    seeds,
    smooth,
)
from .sizes import as_if_large

Shape = tuple[int, ...]


def values(shape: Shape, dtype: str, random: np.random.Generator, coarse: bool) -> np.ndarray:
    """Floats between -2 and 2; coarse ones are quarters, with ties and zeros."""
    x = random.uniform(-2, 2, shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * np.round(x)
    if np.dtype(dtype).kind in "biu":
        x = np.abs(np.round(x))
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


def optimizers_of(variables: list[ad.Variable]) -> list[Optimizer]:
    """Optimizers that have their state already."""
    made = [SGD(0.1), SGD(0.1, momentum=0.5), Adam(0.01), RMSprop(0.01, centered=True)]
    with ad.GradientTape():  # where a tape records, formulas run as they stand
        for optimizer in made:
            optimizer.apply_gradients([(ad.zeros_like(v), v) for v in variables])
    return made


def assert_runs_alike(
    steps: tuple[Step, ...],
    form: tuple[Shape, ...],
    dtypes: tuple[str, ...],
    seed: int,
    every: int = 1,
    layouts: bool = False,
    largest: int = 48,
    function: Callable[..., Any] = ad.function,
) -> None:
    """The program on three draws of arrays, eager and flat; Variables of the first two shapes.

    Of every third seed it runs as if the arrays were large. Bit for bit; where arrays do not lie in
    order, eager values do not either, and sums over them add up in another order.
    """
    random = np.random.default_rng(seed)
    coarse = seed % 2 == 0 and not layouts
    first = [values(shape, dtypes[0], random, coarse) for shape in form[:2]]

    def build() -> Program:
        variables = [ad.Variable(x) for x in first]
        optimizers = optimizers_of(variables) if "update" in repr(steps) else []
        generator = ad.random.default_rng(seed)

        def f(x: Any, more: Any, flag: bool) -> Any:
            arrays = [x, *more["pair"], more["other"]]
            run = Run(arrays, variables, OURS, generator, optimizers, largest)
            run.steps(steps)
            return run.results(len(form) + len(variables), every)

        return f, [*variables, *(v for o in optimizers for v in o.variables)]

    calls = []
    for k in range(3):
        drawn = [
            values(s, d, random, coarse) for s, d in zip((*form, form[0]), dtypes, strict=True)
        ]
        drawn = [laid_out(x, (seed + k) % 4 if layouts else -(k % 2)) for x in drawn]
        calls.append([drawn[0], {"pair": (drawn[1], drawn[2]), "other": drawn[3]}, True])
    with as_if_large() if seed % 3 == 0 else nullcontext():
        reordered = layouts or jumbled(steps) or function is not ad.function
        assert_agree(build, calls, function=function, reordered=reordered)


EVERYTHING = given(dtypes=plain, steps=everything, form=forms, seed=seeds, every=returns)
MIXED = given(dtypes=mixed, steps=everything, form=forms, seed=seeds, every=returns)
TRANSPOSED = given(dtypes=plain, steps=smooth, form=forms, seed=seeds, every=returns)


@EVERYTHING
@settings(max_examples=120)
def test_flat_is_eager(**program: Any) -> None:
    assert_runs_alike(**program)


@MIXED
@settings(max_examples=40)
def test_mixed_dtypes(**program: Any) -> None:
    assert_runs_alike(**program)


@TRANSPOSED
@settings(max_examples=30)
def test_other_memory_orders(**program: Any) -> None:
    assert_runs_alike(**program, layouts=True)


@pytest.mark.long
@EVERYTHING
@settings(max_examples=2000)
def test_flat_is_eager_two_thousand_times(**program: Any) -> None:
    assert_runs_alike(**program)


@pytest.mark.long
@MIXED
@settings(max_examples=1000)
def test_mixed_dtypes_a_thousand_times(**program: Any) -> None:
    assert_runs_alike(**program)


@pytest.mark.long
@TRANSPOSED
@settings(max_examples=1000)
def test_other_memory_orders_a_thousand_times(**program: Any) -> None:
    assert_runs_alike(**program, layouts=True)
