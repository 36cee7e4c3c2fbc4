"""Every rule of every op, made wrong on purpose: the checks notice wherever it matters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import Op, registry
from autodiff.testing import Call, GradientError, check_gradients, sample_call
from tests.autodiff.scratch import other_rule

Rule = Callable[..., Any]

RULES = [(op, name) for op in registry.values() for name in op.rules]
#: ops whose gradient depends on their inputs, smoothly
NONLINEAR = {
    *("multiply", "divide", "pow", "square", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos"),
    *("tanh", "sigmoid", "softmax", "log_softmax", "logsumexp", "softmax_cross_entropy"),
    *("prod", "matmul", "conv2d", "conv2d_transpose", "conv2d_kernel"),
    *("inv", "solve", "slogdet", "pinv", "cholesky", "qr", "eigh", "svd", "eig"),
}
#: rules that say zero
ZERO = {
    ("angle", "x"),
    ("copysign", "y"),
    ("gammasgn", "x"),
    ("imag", "x"),
    ("nextafter", "y"),
    ("sign", "x"),
    ("max_unpool2d", "largest"),
    ("max_take2d", "largest"),
}


def result(change: Callable[[Any], Any]) -> Callable[[Rule], Rule]:
    """The rule with its gradient, or each of its gradients, changed."""

    def mutation(rule: Rule) -> Rule:
        def mutant(*args: Any) -> Any:
            g = rule(*args)
            return [change(part) for part in g] if isinstance(g, list) else change(g)

        return mutant

    return mutation


def detached(upstream: bool) -> Callable[[Rule], Rule]:
    """The rule with what it is given cut off: right at first order, without a second one."""

    def mutation(rule: Rule) -> Rule:
        names = list(inspect.signature(rule).parameters)

        def cut(name: str, x: Any) -> Any:
            if isinstance(x, tuple):
                return tuple(cut(name, part) for part in x)
            if isinstance(x, ad.Tensor) and (name == "g") == upstream:
                return ad.stop_gradient(x)
            return x

        def mutant(*args: Any) -> Any:
            return rule(*[cut(name, x) for name, x in zip(names, args, strict=True)])

        return mutant

    return mutation


#: wrong wherever the gradient is not zero
ALWAYS_WRONG = {
    "sign flipped": result(lambda g: -g),
    "1.001 of it": result(lambda g: g * 1.001),
    "upstream detached": detached(upstream=True),
}


def calls_that_matter(op: Op, name: str, seeds: int) -> Iterator[Call]:
    """Calls on which the gradient by input `name` is not zero."""
    for seed in range(seeds):
        call = sample_call(op, seed)
        xs = [ad.Tensor(a) for a in call.arrays]
        with ad.GradientTape() as tape:
            tape.watch([x for x in xs if x.dtype.kind == "f"])
            ys = _nest.flatten(call(*xs))
        wanted = xs if op.variadic else [xs[op.inputs.index(name)]]
        upstream = [np.random.default_rng(seed).uniform(0.5, 1.5, y.shape) for y in ys]
        if any(np.any(g.numpy()) for g in tape.gradient(ys, wanted, upstream)):
            yield call


def notices(call: Call, name: str, mutation: Callable[[Rule], Rule]) -> bool:
    """Whether the check fails when a rule is changed."""
    rule = call.op.rules[name]
    mutant = functools.wraps(rule)(mutation(rule))  # it asks for the same
    with other_rule(call.op, name, mutant):
        try:
            check_gradients(call, *call.arrays)
        except GradientError:
            return True
    return False


def every(rules: list[tuple[Op, str]]) -> pytest.MarkDecorator:
    ids = [f"{op.name}-{name}" for op, name in rules]
    return pytest.mark.parametrize(("op", "name"), rules, ids=ids)


@pytest.mark.parametrize("mutation", ALWAYS_WRONG)
@every(RULES)
def test_wrong_rules_are_noticed(op: Op, name: str, mutation: str) -> None:
    _assert_noticed(op, name, mutation, seeds=5)


@pytest.mark.long
@pytest.mark.parametrize("mutation", ALWAYS_WRONG)
@every(RULES)
def test_wrong_rules_are_noticed_everywhere(op: Op, name: str, mutation: str) -> None:
    _assert_noticed(op, name, mutation, seeds=100)


def _assert_noticed(op: Op, name: str, mutation: str, seeds: int) -> None:
    found = list(calls_that_matter(op, name, seeds))
    assert bool(found) == ((op.name, name) not in ZERO)
    missed = [call for call in found if not notices(call, name, ALWAYS_WRONG[mutation])]
    assert not missed


@every(RULES)
def test_shifted_rules_are_noticed(op: Op, name: str) -> None:
    shifted = result(lambda g: g + 0.001)
    assert any(notices(sample_call(op, seed), name, shifted) for seed in range(5))


@every([(op, name) for op, name in RULES if op.name in NONLINEAR])
def test_missing_second_order_is_noticed(op: Op, name: str) -> None:
    cut = detached(upstream=False)
    assert any(notices(call, name, cut) for call in calls_that_matter(op, name, seeds=10))


def test_rules_are_put_back() -> None:
    for op in registry.values():
        for name, rule in op.rules.items():
            assert getattr(rule, "__wrapped__", None) is None, (op.name, name)
