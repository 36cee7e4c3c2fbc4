"""From records to values: these mean what the ops compute, and know where they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import _nest
from autodiff.flat.lower._lower import Program, identifier, lower
from autodiff.flat.trace._trace import run

from ..agreement import assert_near
from ..machine import interpret
from ..programs import Run, Step, programs, shapes

A = np.arange(6, dtype=np.float32).reshape(2, 3)


def lowered(f: Any, *arrays: Any) -> Program:
    trace, result = run(f, lambda tensors: (tuple(tensors), {}), arrays)
    program = lower(trace, result, [f"x{k}" for k in range(len(arrays))])
    trace.undo()
    return program


@given(steps=programs, form=st.tuples(shapes, shapes), seed=st.integers(0, 999))
@settings(max_examples=60)
def test_values_mean_what_the_ops_compute(
    steps: tuple[Step, ...], form: tuple[tuple[int, ...], ...], seed: int
) -> None:
    random = np.random.default_rng(seed)
    v, w = (ad.Variable(random.uniform(-2, 2, s)) for s in form)
    arrays = [random.uniform(-2, 2, s) for s in form]

    def f(*tensors: Any) -> Any:
        state = Run([*tensors, v, w], [v, w])
        state.steps(steps)
        return state.pool[4:], state.gradients

    with np.errstate(all="ignore"):
        program = lowered(f, *arrays)
        found = interpret(program.builder.values, arrays)
        expected = f(*map(ad.asarray, arrays))
    for value, tensor in zip(_nest.flatten(program.result), _nest.flatten(expected), strict=True):
        if isinstance(tensor, ad.Variable) or not isinstance(tensor, ad.Tensor):
            continue
        assert (value.shape, value.dtype) == (tensor.shape, tensor.dtype)
        assert_near(np.asarray(found[value]), tensor.numpy(), 16)
    for variable, value in program.assigned.items():
        assert_near(np.asarray(found[value]), variable.numpy(), 16)


def test_what_belongs_where() -> None:
    v = ad.Variable(A, name="v")

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            with ad.name_scope("net"):
                hidden = ad.tanh(v * x)
            y = ad.sum(hidden)
        g = tape.gradient(y, v)
        v.assign_sub(0.5 * g)
        return y

    program = lowered(f, A)
    by_op = {(value.section, value.op): value for value in program.builder.values}
    hidden, total = by_op["forward", "tanh"], by_op["forward", "sum"]
    assert (hidden.name, hidden.gate.op, hidden.gate.scope) == ("hidden", "tanh", "net")
    assert (total.name, total.gate.op, total.gate.scope) == ("y", "sum", "")
    assert [x.name for x in program.arguments] == ["x0"]
    assert [x.name for x in program.variables.values()] == ["v"]
    back = [value for value in program.builder.values if value.section == "backward"]
    assert {value.gate.op for value in back if value.gate.back} == {"tanh", "multiply"}
    rules = {value.gate.rule.text() for value in back if value.gate.rule is not None}
    assert {"dx = g * (1 - out * out)", "dx = g * y"} <= rules
    assert {value.op for value in back} >= {"multiply", "subtract"}
    of = {program.gradients[g] for g in program.gradients}
    assert program.variables[v] in of
    assert by_op["update", "subtract"] is program.assigned[v]


def test_the_last_assignment_counts() -> None:
    v = ad.Variable(A)

    def f(x: Any) -> Any:
        v.assign(x)
        first = v * 1.0
        v.assign(x * 2)
        return first

    program = lowered(f, A)
    (value,) = program.assigned.values()
    assert value.op == "multiply"
    assert program.returned() == [program.arguments[0]]


def test_draws_are_never_shared() -> None:
    rng = ad.random.default_rng(0)
    program = lowered(lambda x: x + rng.normal(size=3) + rng.normal(size=3), A)
    assert [value.op for value in program.builder.draws] == ["draw", "draw"]
    assert len(set(program.builder.draws)) == 2


def test_a_function_with_a_gradient_of_its_own() -> None:
    @ad.custom_gradient
    def both(x: Any) -> Any:
        return (x * 2.0, ad.sum(x)), lambda g, h: 3.0 * g

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y, s = both(x)
            z = ad.sum(y) + s
        return y, tape.gradient(z, x)

    program = lowered(f, A)
    found = interpret(program.builder.values, [A])
    y, g = (found[value] for value in program.returned())
    np.testing.assert_array_equal(y, 2 * A)
    np.testing.assert_array_equal(g, np.full((2, 3), 3.0))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dense_1/kernel", "dense_1_kernel"),
        ("a b-c", "a_b_c"),
        ("1st", "_1st"),
        ("lambda", "_lambda"),
        ("<lambda>", "lambda_"),
        ("σ", "σ"),
        ("", "value"),
        ("//", "value"),
    ],
)
def test_identifiers(name: str, expected: str) -> None:
    found = identifier(name)
    assert found.isidentifier()
    if name != "<lambda>":
        assert found == expected
