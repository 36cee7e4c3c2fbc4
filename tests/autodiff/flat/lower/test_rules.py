"""The rules in comments tell the truth: evaluated as Python, they give what the rules give."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.arrays._backend import numpy_namespace as xp
from autodiff.engine._broadcast import plan
from autodiff.engine._op import Op, registry
from autodiff.flat.lower._rules import Form, Rule
from autodiff.testing import sample_call

RULES = [
    (op, name)
    for op in registry.values()
    if not op.variadic and not op.outputs
    for name in op.rules
]


class Space(dict[str, Any]):
    """Names of a rule's text: what is given, and `xp`'s functions."""

    def __missing__(self, name: str) -> Any:
        return slice if name == "slice" else getattr(xp, name)


def form(x: Any) -> Any:
    return Form(x.shape, x.dtype) if hasattr(x, "dtype") else x


def sampled(op: Op, seed: int) -> tuple[list[Any], Any, dict[str, Any]]:
    """Inputs, output and statics of a call."""
    call = sample_call(op, seed)
    tensors = [ad.asarray(a) for a in call.arrays]
    with ad.GradientTape(persistent=True) as tape:
        tape.watch([x for x in tensors if x.dtype.kind == "f"])
        out = call(*tensors)
    assert tape._graph is not None
    statics = op.static_values(tape._graph.records[out._node])
    return [x._data for x in tensors], out._data, statics


@pytest.mark.parametrize(
    ("op", "name"), [pytest.param(*r, id=f"{r[0].name}-{r[1]}") for r in RULES]
)
def test_a_rules_text_is_what_it_computes(op: Op, name: str) -> None:
    for seed in range(8):
        arrays, out, statics = sampled(op, seed)
        place = op.inputs.index(name)
        text = Rule(op, place, [form(a) for a in arrays], form(out), statics, None).text()
        if not text.startswith(f"d{name} = "):
            assert text == op.role
            continue
        g = np.random.default_rng(seed).normal(size=out.shape)
        known = {"g": g, "out": out, **statics, **dict(zip(op.inputs, arrays, strict=True))}
        shapes = {f"{x}_shape": a.shape for x, a in zip(op.inputs, arrays, strict=True)}
        rule = op.rules[name]
        wanted = inspect.signature(rule).parameters
        with np.errstate(all="ignore"):
            expected = rule(*({"xp": xp, **shapes, **known}[x] for x in wanted))
            found = eval(text.removeprefix(f"d{name} = "), {}, Space(known))
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-5, atol=1e-12)


def test_most_rules_have_a_text() -> None:
    silent = []
    for op, name in RULES:
        arrays, out, statics = sampled(op, 1)
        rule = Rule(op, op.inputs.index(name), list(map(form, arrays)), form(out), statics, None)
        if not rule.text():
            silent.append(f"{op.name} by {name}")
    assert len(silent) <= len(RULES) // 10, silent


@pytest.mark.parametrize(
    ("op", "place", "shapes", "text"),
    [
        ("multiply", 0, [(2,), (2,)], "dx = g * y"),
        ("relu", 0, [(2, 3)], "dx = g * sign(out)"),
        ("sigmoid", 0, [(2, 3)], "dx = g * (out - out * out)"),
        ("matmul", 0, [(2, 3), (3, 4)], "dx = g @ y.T"),
        ("matmul", 1, [(2, 3), (3, 4)], "dy = x.T @ g"),
        ("matmul", 1, [(5, 2, 3), (5, 3, 4)], "dy = x.mT @ g"),
        ("matmul", 0, [(3,), (3,)], "dx = g[..., None] * y"),
    ],
)
def test_as_one_would_write_it(op: str, place: int, shapes: Any, text: str) -> None:
    inputs = [np.ones(shape) for shape in shapes]
    declared = registry[op]
    with ad.GradientTape(persistent=True) as tape:
        tensors = [ad.asarray(x) for x in inputs]
        tape.watch(tensors)
        out = declared.function(*tensors)
    assert tape._graph is not None
    statics = declared.static_values(tape._graph.records[out._node])
    rule = Rule(declared, place, list(map(form, inputs)), form(out), statics, None)
    assert rule.text() == text


def test_broadcasting_is_undone_by_a_sum() -> None:
    op = registry["add"]
    inputs = [Form((4, 3), np.dtype("f4")), Form((3,), np.dtype("f4"))]
    rule = Rule(op, 1, inputs, inputs[0], {}, plan((4, 3), (3,), None))
    assert rule.text() == "dy = sum(g, axis=0)"
    rule = Rule(op, 1, inputs, inputs[0], {}, plan((4, 3), (), None))
    assert rule.text() == "dy = sum(g)"


def test_a_rule_that_looks_at_values_says_what_the_gate_does() -> None:
    def looks(g: Any, x: Any) -> Any:
        return g if x else -g

    op = registry["maximum"]
    rule = Rule(op, 0, [Form((), np.dtype("f4"))] * 2, Form((), np.dtype("f4")), {}, None)
    before = dict(op.rules)
    op.rules["x"] = looks
    try:
        assert rule.text() == "gradient router"
    finally:
        op.rules.update(before)
