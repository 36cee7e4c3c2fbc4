"""Equal updates made one: which are equal, and what becomes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat._buffers import PIECE
from autodiff.flat._group import group_updates
from optim import SGD, Adam, RMSprop

from .machine import interpret
from .test_lower import lowered

A = np.arange(6, dtype=np.float32).reshape(2, 3)


def grouped(rule: Any, *values: Any) -> tuple[Any, list[Any], list[ad.Variable]]:
    """The program and groups of `v.assign(rule(k, v, gradient))` for each of some Variables."""
    vs = [ad.Variable(x, name=f"v{k}") for k, x in enumerate(values)]

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            y = ad.sum(x)
            for v in vs:
                y = y + ad.sum(v * v * v)
        for k, (v, g) in enumerate(zip(vs, tape.gradient(y, vs), strict=True)):
            v.assign(rule(k, v, g))

    program = lowered(f, A)
    program.groups = group_updates(program)
    return program, program.groups, vs


def descent(k: int, v: Any, g: Any) -> Any:
    return v - 0.5 * g


def test_a_group_is_what_its_members_were() -> None:
    values = (A, A[0] + 1, A + 7)
    program, (group,), vs = grouped(descent, *values)
    assert group.variables == tuple(vs)
    assert group.old.op == "flat"
    assert group.old.attrs["home"]
    assert not program.assigned
    found = interpret(program.builder.values, [A])
    expected = [v - np.float32(0.5) * 3 * v * v for v in values]
    flat = np.concatenate([x.reshape(-1) for x in expected])
    np.testing.assert_allclose(found[group.new], flat, rtol=1e-6)
    new = [v for v in program.builder.values if v.number > group.old.number]
    assert [v.op for v in new if v.shape == group.new.shape] == ["flat", "multiply", "subtract"]


@pytest.mark.parametrize(
    ("rule", "values", "sizes"),
    [
        (descent, (A, A + 1), [2]),
        (lambda k, v, g: v - (0.5, 0.25)[k] * g, (A, A + 1), []),  # other numbers
        (lambda k, v, g: v - 0.5 * g if k else v + 0.5 * g, (A, A + 1), []),  # another op
        (lambda k, v, g: (v - 0.5 * g, 0.5 * g - v)[k], (A, A + 1), []),  # another order
        (descent, (A, A.astype("f8")), []),  # another dtype
        (descent, (A, A + 1, A.astype("f8"), A.astype("f8") + 1), [2, 2]),
        (descent, (A, np.float32(2)), []),  # numbers are no arrays
        (descent, (A,), []),  # alone
        (lambda k, v, g: v - g.sum() * g, (A, A + 1), []),  # each has a number of its own
        (lambda k, v, g: v.T.T - 0.5 * g, (A, A + 1), [2]),
        (lambda k, v, g: g, (A, A + 1), []),  # nothing is computed
    ],
)
def test_what_is_equal(rule: Any, values: Any, sizes: list[int]) -> None:
    program, groups, vs = grouped(rule, *values)
    assert [len(group.variables) for group in groups] == sizes
    assert len(program.assigned) == len(vs) - sum(sizes)


def test_a_number_that_all_share() -> None:
    rate = ad.Variable(0.5)
    _, (group,), _ = grouped(lambda k, v, g: v - rate * g, A, A + 1)
    assert len(group.variables) == 2


def test_one_long_vector_is_worth_a_group() -> None:
    _, (group,), _ = grouped(descent, np.zeros(2 * PIECE + 1, np.float32))
    assert len(group.variables) == 1


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (lambda: SGD(0.1), {"parameters"}),
        (lambda: SGD(0.1, momentum=0.9), {"parameters", "momentum"}),
        (lambda: RMSprop(0.1), {"parameters", "velocity"}),
        (lambda: Adam(0.1), {"parameters", "momentum", "velocity"}),
    ],
)
def test_optimizers_take_a_few_lines(make: Any, kinds: set[str]) -> None:
    vs = [ad.Variable(A + k, name=f"v{k}") for k in range(5)]
    optimizer = make()

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            y = sum(ad.sum(v * v * x) for v in vs)
        optimizer.apply_gradients(zip(tape.gradient(y, vs), vs, strict=True))

    program = lowered(f, A)
    groups = group_updates(program)
    assert {group.old.name for group in groups} == kinds
    assert all(len(group.variables) == 5 for group in groups)
    assert all(not v.shape for v in program.assigned)  # the step counter
