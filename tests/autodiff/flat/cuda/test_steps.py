"""Whole training steps on the device that the tests have: the tape's numbers, in few launches."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.cuda._program import Launched
from bench.lenet import ours as lenet
from bench.lenet.problems import inputs as lenet_inputs
from bench.steps import ours
from bench.steps.problems import NETS, Net, inputs
from tests.autodiff.flat.agreement import Program, assert_agree
from tests.guard.flat import ON_GPU, GuardFunction
from tests.guard.machine import COMPILER

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")

SMALL = (
    Net("sgd", (40, 16, 16, 10), "relu", "SGD", 0.1, 10),
    Net("rmsprop", (40, 72, 10), "relu", "RMSprop", 0.01, 24),
    Net("adam", (40, 20, 10), "sigmoid", "Adam", 0.01, 20),
)


class Caught:
    """A decorator that remembers the function that it was given."""

    step: Any

    def __call__(self, f: Any) -> Any:
        self.step = f
        return f


def step_of(net: Net) -> tuple[Callable[..., Any], list[ad.Variable], Any, list[Any]]:
    """The function of a step, its Variables, images and labels."""
    parameters, images, labels = inputs(net)
    found = Caught()
    ours.train(found, net, parameters, images, labels)
    return *_variables(found.step), images, labels


def lenet_step(batch: int) -> tuple[Callable[..., Any], list[ad.Variable], Any, list[Any]]:
    """The same of LeNet-5."""
    parameters, images, labels = lenet_inputs(batch)
    found = Caught()
    lenet.eager(batch, parameters, images, labels, found)
    return *_variables(found.step), images, labels


def _variables(step: Any) -> tuple[Callable[..., Any], list[ad.Variable]]:
    around = inspect.getclosurevars(step).nonlocals
    optimizer, variables = around["optimizer"], around["variables"]
    with ad.GradientTape():  # makes the state
        optimizer.apply_gradients([(ad.zeros_like(v), v) for v in variables])
    return step, [*variables, *optimizer.variables]


def launches(step: Any, *args: Any) -> list[str]:
    """What one call launches, without the numbers of names."""
    f = GuardFunction(step)
    runner = f.made(*args)
    assert not runner.reason
    steps = runner.device.steps
    return [s.name.rpartition("_")[0] if isinstance(s, Launched) else "gemm" for s in steps]


@needs_compiler
@pytest.mark.parametrize("net", SMALL, ids=lambda net: net.name)
def test_steps_are_the_tapes(net: Net) -> None:
    def build() -> Program:
        step, variables, _, _ = step_of(net)
        return step, variables

    _, _, images, labels = step_of(net)
    assert_agree(build, [(images, y) for y in labels], function=GuardFunction, reordered=True)


@needs_compiler
@pytest.mark.long
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_the_lectures_steps_are_the_tapes(net: Net) -> None:
    test_steps_are_the_tapes(net)


@needs_compiler
@pytest.mark.parametrize("batch", [2, pytest.param(8, marks=pytest.mark.long)])
def test_lenets_step_is_the_tapes(batch: int) -> None:
    def build() -> Program:
        step, variables, _, _ = lenet_step(batch)
        return step, variables

    _, _, images, labels = lenet_step(batch)
    assert_agree(build, [(images, y) for y in labels[:2]], function=GuardFunction, reordered=True)


@pytest.mark.parametrize(("net", "count"), list(zip(NETS, (15, 10, 10), strict=True)))
def test_steps_are_few_launches(net: Net, count: int) -> None:
    step, _, images, labels = step_of(net)
    found = launches(step, images, labels[0])
    assert len(found) <= count, found
    # the formula, for all parameters at once, and the counter of steps
    assert found.count("update") == 2


def test_lenets_step_is_few_launches() -> None:
    step, _, images, labels = lenet_step(32)
    found = launches(step, images, labels[0])
    assert len(found) <= 56, found
    assert "gemm" in found


@needs_compiler
@pytest.mark.skipif(ON_GPU, reason="the tests' machine counts, a GPU does not")
def test_a_replayed_step_waits_for_nothing() -> None:
    net = SMALL[0]
    step, variables, images, labels = step_of(net)
    f = GuardFunction(step)
    machine = f.machine
    runner = f.made(images, labels[0])
    f.to_device(list(runner.program.variables))
    x, ys = machine.array(images), [machine.array(y) for y in labels]
    runner([x, ys[0]])
    assert runner.captured
    for y in ys:
        before = machine.counts.copy()
        loss = runner([x, y])
        made = machine.counts - before
        # the batch and the loss are copied on the device; the loss gets new memory
        assert made == {"replays": 1, "copies": 3, "allocations": 1}
        assert loss.shape == ()
    assert machine.counts["synchronisations"] == machine.counts["transfers"] == 0
    assert np.isfinite(machine.numpy(variables[0]._data)).all()
