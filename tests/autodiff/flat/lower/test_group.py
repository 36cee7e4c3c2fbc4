"""Equal updates made one: which are equal, and what becomes of them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.lower._group import group_updates
from autodiff.flat.plan._buffers import PIECE
from optim import SGD, Adam, RMSprop

from ..agreement import assert_agree
from ..machine import interpret
from ..sizes import as_if_large
from ..test_traps_flat import with_variables
from .test_lower import lowered

A = np.arange(6, dtype=np.float32).reshape(2, 3)
ROW = ad.Variable(A[1], trainable=False)


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
        (lambda k, v, g: v * ROW, (A, A + 1), []),  # a row that both share
        (lambda k, v, g: v - ad.tanh(g * ROW), (A, A + 1), [2]),  # its products are arrays
    ],
)
def test_what_is_equal(rule: Any, values: Any, sizes: list[int]) -> None:
    program, groups, vs = grouped(rule, *values)
    assert [len(group.variables) for group in groups] == sizes
    assert len(program.assigned) == len(vs) - sum(sizes)


def shared_row(v: Any, w: Any, x: Any) -> None:
    row = ad.tanh(x[0])
    with ad.GradientTape() as tape:
        y = ad.sum(v * w * x)
    gradients = tape.gradient(y, [v, w])
    v.assign(v * row - gradients[0])
    w.assign(w * row - gradients[1])


def assigned_and_in_a_vector(v: Any, w: Any, x: Any) -> None:
    moved = v * 2.0 + x
    v.assign(moved)
    with ad.GradientTape() as tape:
        y = ad.sum(w * x)
    w.assign(w - tape.gradient(y, w) + ad.tanh(moved))


@pytest.mark.parametrize("update", [shared_row, assigned_and_in_a_vector])
def test_what_two_updates_share(update: Any) -> None:
    for size in (nullcontext(), as_if_large()):
        with size:
            assert_agree(with_variables(update, A, A + 1), [[A], [A * 2], [A]])


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
