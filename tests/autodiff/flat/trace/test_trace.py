"""What a run of a function did, noted beside the records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._graph import thread
from autodiff.flat.trace._trace import Trace, run

A = np.arange(6, dtype=np.float32).reshape(2, 3)


def traced(f: Any, *arrays: Any) -> Trace:
    return run(f, lambda tensors: (tuple(tensors), {}), arrays)[0]


def names(trace: Trace) -> list[str]:
    return [record[0].name for record in trace.graph.records]


def test_sections() -> None:
    v = ad.Variable(A)

    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            y = ad.sum(v * x)
        g = tape.gradient(y, v)
        v.assign(v - g)

    trace = traced(f, A)
    sections = [trace.section(node) for node in range(len(trace.graph.records))]
    assert sections == sorted(sections, key=["forward", "backward", "update"].index)
    assert {"forward", "backward", "update"} == {*sections}
    assert trace.graph.records[trace.assigned[v]][0].name == "stop_gradient"


def test_pulls_know_their_gate_and_input() -> None:
    def f(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch([x, y])
            z = x * y
            h = ad.tanh(z)
        return tape.gradient(h, [x, y])

    trace = traced(f, A, A + 1)
    made = names(trace)
    product, tanh = made.index("multiply"), made.index("tanh")
    pulls = [trace.through[node] for node in sorted(trace.through)]
    assert {gate for gate, _ in pulls} == {product, tanh}
    places = [place for gate, place in pulls if gate == product]
    assert places == [0, 1]  # g * y, then g * x
    assert {place for gate, place in pulls if gate == tanh} == {0}
    of = {node: trace.gradients[node] for node in trace.gradients}
    assert {product, *trace.arguments} <= set(of.values())
    assert trace.differentiated == {tanh: (2, 3)}


def test_broadcasting_undone_belongs_to_the_input_that_was_broadcast() -> None:
    def f(x: Any, b: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch([x, b])
            z = x + b
            y = ad.sum(z * z)
        return tape.gradient(y, [x, b])

    trace = traced(f, A, A[0])
    made = names(trace)
    add = made.index("add")
    assert [made[n] for n, pull in trace.through.items() if pull == (add, 1)] == ["sum"]
    assert not [n for n, pull in trace.through.items() if pull == (add, 0)]


def test_places_are_lines_of_the_function() -> None:
    def f(x: Any) -> Any:
        return ad.tanh(x)

    trace = traced(f, A)
    place = trace.places[names(trace).index("tanh")]
    assert place == (__file__, f.__code__.co_firstlineno + 1)


def test_undo_puts_back_variables_and_generators() -> None:
    v, rng = ad.Variable(A), ad.random.default_rng(3)

    def f(x: Any) -> Any:
        v.assign_add(x)
        v.assign(v * rng.normal(size=(2, 3)))

    state = rng.state
    trace = traced(f, A)
    assert not np.array_equal(v.numpy(), A)
    assert rng.state != state
    trace.undo()
    np.testing.assert_array_equal(v.numpy(), A)
    assert rng.state == state


def test_what_is_created_inside() -> None:
    kept: list[ad.Variable] = []

    def f(x: Any) -> Any:
        kept.append(ad.Variable(A))
        return kept[0] * x

    trace = traced(f, A)
    assert list(map(id, trace.created)) == list(map(id, kept))
    assert trace.created[kept[0]] == (__file__, f.__code__.co_firstlineno + 1)


def test_an_error_ends_the_trace() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        traced(f, A)
    assert thread.graph is None
