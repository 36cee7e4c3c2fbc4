"""Storage: nothing is written over before it was read for the last time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff.flat._run import Runner
from autodiff.flat.plan._arena import LINE
from autodiff.flat.plan._buffers import IN_PLACE, Plan, computed, owner, reachable
from optim import SGD, Adam

from ..machine import Memory, interpret
from ..programs import Run, Step, programs, shapes, transposing

A = np.arange(6, dtype=np.float32).reshape(2, 3)


def planned(f: Any, *arrays: Any) -> Runner:
    runner: Runner = ad.function(f)._runner(arrays, {})
    return runner


def assert_memory_holds(runner: Runner, arrays: Any) -> None:
    """The plan gives what the values mean, in an arena full of rubbish."""
    program = runner.program
    found = interpret(program.builder.values, arrays)
    memory = Memory(program, runner.plan, runner.memory, arrays)
    for value in program.returned():
        np.testing.assert_array_equal(memory.read(value), found[value])
    news = [(program.variables[v], new) for v, new in program.assigned.items()]
    for old, new in (*news, *((group.old, group.new) for group in program.groups)):
        np.testing.assert_array_equal(memory.read(new), found[new])
        if new in runner.plan.over:
            np.testing.assert_array_equal(memory.state[old], found[new])


@pytest.mark.parametrize("kind", ["plain", "transposing"])
@given(data=st.data(), form=st.tuples(shapes, shapes), seed=st.integers(0, 999))
@settings(max_examples=40)
def test_random_programs_in_their_memory(
    kind: str, data: st.DataObject, form: tuple[tuple[int, ...], ...], seed: int
) -> None:
    steps: tuple[Step, ...] = data.draw(programs if kind == "plain" else transposing)
    random = np.random.default_rng(seed)
    v, w = (ad.Variable(random.uniform(-2, 2, s)) for s in form)
    arrays = [random.uniform(-2, 2, s) for s in form]

    def f(*tensors: Any) -> Any:
        state = Run([*tensors, v, w], [v, w])
        state.steps(steps)
        return state.pool[4:], state.gradients

    with np.errstate(all="ignore"):
        runner = planned(f, *arrays)
        assert_memory_holds(runner, arrays)
    assert_storage_is_sound(runner.plan)


def assert_storage_is_sound(plan: Plan) -> None:
    """Every value that a line makes has one place, aligned, and lives while it is needed."""
    for k, value in enumerate(plan.order):
        places = [value in plan.slot, value in plan.fresh, value in plan.part, value in plan.over]
        if not computed(value):
            assert not any(places)
            continue
        assert sum(places) == 1, value
        if value in plan.slot:
            slot = plan.slot[value]
            assert slot.offset % LINE == 0
            assert slot.nbytes >= value.nbytes
            assert slot.start <= k <= slot.end
            assert slot.end >= min(plan.last[value], len(plan.order))


def net(optimizer: Any) -> Any:
    random = np.random.default_rng(0)
    w1, w2 = (
        ad.Variable(random.normal(size=s).astype(np.float32), name=n)
        for n, s in (("w1", (8, 6)), ("w2", (6, 3)))
    )
    b1, b2 = (ad.Variable(np.zeros(n, np.float32), name=f"b{n}") for n in (6, 3))

    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            h = ad.relu(x @ w1 + b1)
            loss = ad.mean(ad.softmax_cross_entropy(h @ w2 + b2, y))
        vs = [w1, b1, w2, b2]
        optimizer.apply_gradients(zip(tape.gradient(loss, vs), vs, strict=True))
        return loss

    arrays = (random.normal(size=(5, 8)).astype(np.float32), np.array([0, 1, 2, 1, 0]))
    return step, arrays


@pytest.mark.parametrize(
    "make", [lambda: SGD(0.1), lambda: SGD(0.1, momentum=0.9), lambda: Adam(0.1)]
)
def test_a_training_step_in_its_memory(make: Any) -> None:
    step, arrays = net(make())
    runner = planned(step, *arrays)
    assert_memory_holds(runner, arrays)
    assert_storage_is_sound(runner.plan)
    assert runner.plan.over, "parameters are written over"
    assert runner.plan.part, "gradients are written into their vector"


def test_a_chain_needs_the_room_of_one_value() -> None:
    def f(x: Any) -> Any:
        for _ in range(5):
            x = ad.tanh(x + 1.0)
        return ad.sum(x)

    plan = planned(f, A).plan
    assert len(set(plan.slot.values())) == 1


def test_what_is_needed_later_is_not_written_over() -> None:
    def f(x: Any) -> Any:
        first = ad.tanh(x)
        second = ad.exp(first)
        return ad.sum(first * second)

    plan = planned(f, A).plan
    slots = {v.op: plan.slot[v] for v in plan.order if v in plan.slot}
    assert slots["tanh"] is not slots["exp"]
    assert slots["multiply"] in (slots["tanh"], slots["exp"])


def test_results_are_made_anew() -> None:
    plan = planned(lambda x: (ad.tanh(x), ad.exp(x).T, ad.sum(x)), A).plan
    assert {v.op for v in plan.fresh} == {"tanh", "exp", "sum"}
    assert not plan.slot


def test_operations_that_write_before_they_have_read_are_not_in_place() -> None:
    assert "matmul" not in IN_PLACE
    square = np.ones((3, 3), np.float32)
    plan = planned(lambda x: ad.sum(ad.tanh(x) @ ad.tanh(x)), square).plan
    slots = {v.op: plan.slot[v] for v in plan.order if v in plan.slot}
    assert slots["matmul"] is not slots["tanh"]


def test_a_variable_is_written_after_it_was_read_and_all_was_checked() -> None:
    v = ad.Variable(A)

    def late(x: Any) -> Any:
        old = ad.copy(v)
        v.assign(x * 2)
        return old * x

    plan = planned(late, A).plan
    assert not plan.over  # the result needs the old value after the new one

    def checked(labels: Any) -> Any:
        v.assign(v * 2)
        return ad.softmax_cross_entropy(v, labels)

    runner = planned(checked, np.array([0, 1]))
    (new,) = runner.program.assigned.values()
    assert new not in runner.plan.over  # a wrong label leaves the Variable as it was


def test_dead_code_is_left_out() -> None:
    def f(x: Any) -> Any:
        ad.exp(x) @ ad.ones((3, 3))
        return x * 2

    runner = planned(f, A)
    assert [v.op for v in runner.plan.order] == ["argument", "multiply"]
    order = reachable(runner.program.roots())
    assert order == sorted(order, key=lambda v: v.number)


def test_owners_of_views() -> None:
    runner = planned(lambda x: (x * 2).T[1:].reshape((-1,)), A)
    (result,) = runner.program.returned()
    assert result.op == "reshape"
    assert owner(result).op in ("multiply", "reshape")  # of a transpose, a reshape is a copy
    assert computed(owner(result))
