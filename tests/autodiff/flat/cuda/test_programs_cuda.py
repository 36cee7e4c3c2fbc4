"""Random programs and all ops on the device that the tests have, against eager runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.testing import Call, sample_call
from tests.autodiff.flat.agreement import Program, assert_agree
from tests.autodiff.flat.programs import everything, forms, mixed, plain, returns, seeds
from tests.autodiff.flat.test_every_op import RULES, SAMPLED, computed, draws
from tests.autodiff.flat.test_programs import assert_runs_alike
from tests.guard.flat import GuardFunction
from tests.guard.machine import COMPILER

pytestmark = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")

#: what rounding makes of 0 is not what it makes of numbers near it
CANCELS = frozenset(("softmax",))
#: programs that fail are not made smaller: each costs a compilation
GENERATED = (Phase.explicit, Phase.generate)
EVERYTHING = given(dtypes=plain, steps=everything, form=forms, seed=seeds, every=returns)
MIXED = given(dtypes=mixed, steps=everything, form=forms, seed=seeds, every=returns)


@EVERYTHING
@settings(max_examples=8, phases=GENERATED)
def test_random_programs(**program: Any) -> None:
    assert_runs_alike(**program, function=GuardFunction)


@pytest.mark.long
@EVERYTHING
@settings(max_examples=300, phases=GENERATED)
def test_three_hundred_random_programs(**program: Any) -> None:
    assert_runs_alike(**program, function=GuardFunction)


@pytest.mark.long
@MIXED
@settings(max_examples=200, phases=GENERATED)
def test_two_hundred_programs_of_mixed_dtypes(**program: Any) -> None:
    assert_runs_alike(**program, function=GuardFunction)


def value_and_gradients(name: str, call: Call) -> Any:
    """A function that computes an op and, where it has rules, its gradients."""

    def f(*xs: Any) -> Any:
        xs = tuple(map(computed, xs))
        floats = [x for x in xs if x.dtype.kind == "f"]
        if name not in RULES or name in CANCELS:
            return call(*xs)
        with ad.GradientTape() as tape:
            tape.watch(floats)
            y = call(*xs)
        return y, tape.gradient(y, floats, unconnected_gradients="zero")

    return f


@cache
def library(name: str) -> bool:
    """Whether an op needs a device's array library: for a function that it calls as it is."""
    call = sample_call(registry[name], 0)
    floats = [x.astype("float32") if x.dtype.kind == "f" else x for x in call.arrays]
    program = GuardFunction(value_and_gradients(name, call)).made(*floats)
    return bool(program.device.others)


def all_ops(dtype: str, other: bool = False) -> tuple[Callable[[], Program], list[list[Any]]]:
    """One program of all ops, or of all others, on their samples; arguments of two calls."""
    calls = {name: sample_call(registry[name], 0) for name in SAMPLED if library(name) is other}
    places: dict[str, slice] = {}
    arguments: list[list[Any]] = [[], []]
    for name, call in calls.items():
        drawn = draws(call, dtype, 2)
        places[name] = slice(len(arguments[0]), len(arguments[0]) + len(drawn[0]))
        for into, more in zip(arguments, drawn, strict=True):
            into += more

    def build() -> Program:
        parts = {name: value_and_gradients(name, call) for name, call in calls.items()}

        def f(*xs: Any) -> Any:
            return {name: part(*xs[places[name]]) for name, part in parts.items()}

        return f, []

    return build, arguments


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_every_op_and_its_gradients_have_kernels(dtype: str) -> None:
    made: list[GuardFunction] = []

    def function(f: Any) -> GuardFunction:
        made.append(GuardFunction(f))
        return made[-1]

    assert_agree(*all_ops(dtype), function=function, reordered=True)
    runner = made[0].runner
    assert runner.captured
    assert not runner.device.others


def test_ops_without_kernels_are_the_librarys_and_it_is_said() -> None:
    made: list[GuardFunction] = []

    def function(f: Any) -> GuardFunction:
        made.append(GuardFunction(f))
        return made[-1]

    assert_agree(*all_ops("float64", other=True), function=function, reordered=True)
    runner = made[0].runner
    assert not runner.captured
    assert "call" in runner.reason


def test_views_of_single_elements() -> None:
    def f(x: Any, y: Any) -> Any:
        return ad.put(x, y[1, 0], index=(0,)) + y[..., -1, 1], ad.stack([y[0, 1], y[1, 1]], axis=0)

    x, y = np.arange(3.0), np.arange(4.0).reshape(2, 2)
    assert_agree(lambda: (f, []), [[x, y], [x + 1, y * 2]], function=GuardFunction)


def test_one_value_for_several_variables() -> None:
    def build() -> Program:
        v, w, u = (ad.Variable(np.full(3, float(k))) for k in range(3))

        def f(x: Any) -> Any:
            w.assign(v)
            v.assign(v)
            u.assign(x * 2)
            v.assign_add(u)
            return w * 1.0

        return f, [v, w, u]

    def same() -> Program:
        v, w = (ad.Variable(np.full(3, float(k))) for k in range(2))

        def f(x: Any) -> None:
            both = x * 2.0
            v.assign(both)
            w.assign(both)

        return f, [v, w]

    calls = [[np.arange(3.0) + k] for k in range(3)]
    for program in (build, same):
        assert_agree(program, calls, function=GuardFunction)


def test_draws_keep_until_they_are_used() -> None:
    body = (("op nextafter", 16, 24, 29, ()), ("op round", 9, 12, 3, ()), ("draw", 9, 20, 15, ()))
    steps = (
        ("descend", 32, 15, 28, ()),
        ("call", 34, 23, 19, body),
        *(("op pow", 28, 7, 2, ()), ("op sum", 13, 30, 27, ()), ("update", 39, 9, 22, ())),
    )
    assert_runs_alike(
        steps,
        ((2, 2, 1), (2, 2, 1), (2, 1)),
        ("float64", "float64", "float64", "complex64"),
        seed=546,
        every=50,
        function=GuardFunction,
    )


def test_nothing_is_launched_for_nothing() -> None:
    def f(x: Any, y: Any) -> Any:
        return ad.concat([x, y], axis=0), ad.sum(x, axis=1), x[:, :0].mT, ad.exp(y[:0])

    x, y = np.zeros((0, 2)), np.ones((3, 2))
    assert_agree(lambda: (f, []), [[x, y], [x, y * 2]], function=GuardFunction, reordered=True)


def test_sums_of_rows_and_of_columns_and_signs_of_integers() -> None:
    def f(x: Any, k: Any) -> Any:
        y = ad.exp(x - ad.max(x, axis=1, keepdims=True))
        rows, columns, more = ad.sum(y, axis=1), ad.sum(y * 2, axis=0), ad.max(y * 3, axis=0)
        return y, rows, columns, more, ad.sum(y * 4), ad.signbit(k)

    x, k = np.random.default_rng(0).normal(size=(5, 3)), np.arange(-1, 2)
    assert_agree(lambda: (f, []), [[x, k], [x + 1, k]], function=GuardFunction, reordered=True)
