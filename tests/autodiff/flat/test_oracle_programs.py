"""Random programs as flat programs, as eager runs and in PyTorch: values, gradients, Variables.

All ops of the registry but those in `oracle_torch.LEFT_OUT`, in float64, in which both compute. Ops
get floats, and integers or truths where they ask for them: what sums of integers, or floats with
complex numbers, give in PyTorch has other dtypes. Steps that only this library has (functions in
functions, methods, scopes, custom gradients, draws) are compared flat and eager in `test_programs`,
optimizers with other libraries in `test_oracle_steps`.

Results agree within the `limits` of sums in another order: 64 times what a few ulps in the
arguments do. In 1,000 programs PyTorch's were off by 0.06 of that, but for three that cancel
(`FLOOR`).

pip install 'autodiff-tape[oracles,testing]' && python -m pytest -m oracle
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import Op, registry
from autodiff.testing import Call
from tests.autodiff.ops import test_mutations as mutations
from tests.autodiff.scratch import other_rule

from .agreement import Program, assert_near, leaves, within_limits
from .library import Ours
from .programs import Run, Step, common, forms, returns, seeds
from .run import OTHERS

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

torch = pytest.importorskip("torch", reason="pip install 'autodiff-tape[oracles]'")
from .oracle_torch import LEFT_OUT, TORCH, Variable, known  # noqa: E402

#: what cancels to nothing is off by so much of the largest result, or of 1
FLOOR = 1e-13
#: nothing larger: squares of it would hide everything else
LARGEST = 1e6
CALLS = 2


class InFloat64(Ours):
    """This library, with floats of one dtype; complex numbers as two of them."""

    def call(self, call: Call, inputs: list[Any]) -> Any:
        dtypes = {name: np.float64 for name in call.statics if name == "dtype"}
        found = replace(call, statics=call.statics | dtypes)(*inputs)
        ys = found if isinstance(found, tuple) else (found,)
        parts = [(ad.real(y), ad.imag(y)) if y.dtype.kind == "c" else (y,) for y in ys]
        return [part for pair in parts for part in pair]


def allowed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Without ops that PyTorch lacks, and on floats alone."""
    return tuple(
        (name, a, b - (b % 4 == OTHERS and name[:3] == "op "), c, allowed(body))
        for name, a, b, c, body in steps
        if name[:3] != "op " or known(name[3:])
    )


def in_torch(
    steps: tuple[Step, ...],
    first: list[np.ndarray],
    calls: list[list[np.ndarray]],
    every: int,
    largest: int,
) -> list[Any]:
    """What the last call gives, and the Variables after it."""
    variables = [Variable(x) for x in first]
    for arrays in calls:
        tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
        run = Run(tensors, variables, TORCH, largest=largest, pooled=False)
        run.steps(steps)
    found = _nest.flatten([run.results(len(arrays), every), [v.value for v in variables]])
    return [x.detach().numpy() if isinstance(x, torch.Tensor) else x for x in found]


def assert_agrees(
    steps: tuple[Step, ...], form: Any, seed: int, every: int = 1, largest: int = 48
) -> None:
    """A flat program, eager runs and PyTorch, after two calls; within what rounding may do."""
    steps = allowed(steps)
    random = np.random.default_rng(seed)
    first = [random.uniform(-2, 2, shape) for shape in form[:2]]
    calls = [[random.uniform(-2, 2, shape) for shape in form] for _ in range(CALLS)]

    def build() -> Program:
        variables = [ad.Variable(x) for x in first]

        def f(*arrays: Any) -> Any:
            run = Run([*arrays], variables, InFloat64(), largest=largest, pooled=False)
            run.steps(steps)
            return run.results(len(arrays), every)

        return f, variables

    def result(function: Any) -> list[Any]:
        f, variables = build()
        g = function(f)
        with np.errstate(all="ignore"):
            return leaves([*[g(*map(ad.Tensor, x)) for x in calls][-1:], variables])

    try:
        flat, eager = result(ad.function), result(lambda f: f)
        others = in_torch(steps, first, calls, every, largest)
    except (np.linalg.LinAlgError, torch.linalg.LinAlgError):  # NaN, or no inverse
        reject()
    sizes = [np.abs(x).max(initial=0) for x in eager if isinstance(x, np.ndarray)]
    assume(all(np.isfinite(size) and size < LARGEST for size in sizes))
    floor = FLOOR * max([1.0, *map(float, sizes)])

    def check(limits: Any) -> None:
        for mine in (flat, eager):
            for x, y, limit in zip(mine, others, limits, strict=True):
                assert np.shape(x) == np.shape(y)
                if isinstance(x, np.ndarray):
                    assert x.dtype == y.dtype
                    assert_near(x, y, limit + floor * (x.dtype.kind == "f"))
                else:
                    assert x == y

    within_limits(check, build, calls, [first])


PROGRAMS = given(steps=common, form=forms, seed=seeds, every=returns)


@PROGRAMS
@settings(max_examples=200)
def test_programs_agree(**program: Any) -> None:
    assert_agrees(**program)


@pytest.mark.long
@PROGRAMS
@settings(max_examples=2000)
def test_two_thousand_programs_agree(**program: Any) -> None:
    assert_agrees(**program)


FORM = ((2, 2), (2,), (2, 3))


def around(op: str, a: int, b: int, c: int) -> tuple[Step, ...]:
    """Gradients of a gradient of the op by the first of three values, and the op assigned."""
    step: Step = (f"op {op}", a, b, c, ())
    gradient: Step = (
        "tape",
        0,
        b,
        0,
        (step, ("unary", -1, 6, 0, ())),
    )  # of a function of its value
    squared: Step = ("unary", -3, 2, 0, ())  # the last values are that and gradients by Variables
    return (("tape", 0, b, c, (gradient, squared)), step, ("assign", a, 40, c, ()))


@pytest.mark.parametrize("op", [name for name in registry if known(name)])
@given(numbers=st.tuples(*[st.integers(0, 40)] * 3), seed=seeds)
@settings(max_examples=8)
def test_programs_of_an_op_agree(op: str, numbers: tuple[int, int, int], seed: int) -> None:
    assert_agrees(around(op, *numbers), FORM, seed, largest=1000)


def test_few_ops_are_left_out() -> None:
    assert {name for name in registry if not known(name)} == LEFT_OUT.keys()


# -- a rule that is wrong --------------------------------------------------------------------------


def notices(op: Op, name: str, tries: int) -> bool:
    """Whether one of some programs, with gradients by this input, differs from PyTorch's."""
    first = 0 if op.variadic else -op.inputs.index(name) % len(FORM)
    for k in range(tries):
        try:
            assert_agrees(around(op.name, first, 1 - k % 2, k // 2), FORM, k, largest=1000)
        except AssertionError:
            return True
        except UnsatisfiedAssumption:
            pass
    return False


#: derivative rules that are not zero, of ops that PyTorch has
RULES = [
    (op, name)
    for op, name in mutations.RULES
    if known(op.name) and (op.name, name) not in mutations.ZERO
]


@pytest.mark.parametrize("mutation", mutations.ALWAYS_WRONG)
@mutations.every(RULES)
def test_wrong_rules_are_noticed(op: Op, name: str, mutation: str) -> None:
    """Also what is off by a thousandth, or right but for gradients of gradients."""
    rule = op.rules[name]
    with other_rule(op, name, functools.wraps(rule)(mutations.ALWAYS_WRONG[mutation](rule))):
        assert notices(op, name, 20)
    assert not notices(op, name, 2)
