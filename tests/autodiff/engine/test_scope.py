"""name_scope: what records are called, and that it costs and changes nothing else."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import GradientTape, Variable, name_scope
from autodiff.engine._graph import thread
from autodiff.engine._scope import inside, scope_of
from nn import layers, models

NAMES = st.text("abcXYZ019_-.σ", min_size=1, max_size=8)


def scopes(tape: GradientTape) -> list[str]:
    """The scope of every record."""
    graph = tape._graph
    assert graph is not None
    return [scope_of(graph, node) for node in range(len(graph.records))]


def gates(tape: GradientTape) -> list[tuple[str, str]]:
    """The ops recorded, each with its scope."""
    graph = tape._graph
    assert graph is not None
    found = zip(graph.records, scopes(tape), strict=True)
    return [(record[0].name, scope) for record, scope in found if record[0].name != "input"]


def test_records_know_their_innermost_scope() -> None:
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = ad.exp(x)
        with name_scope("block"):
            y = ad.sin(y)
            with name_scope("dense"):
                y = ad.cos(y)
            y = ad.tanh(y)
        ad.sqrt(y)
    assert gates(tape) == [
        ("exp", ""),
        ("sin", "block"),
        ("cos", "block/dense"),
        ("tanh", "block"),
        ("sqrt", ""),
    ]


@given(st.recursive(st.none(), lambda inner: st.lists(st.tuples(NAMES, inner), max_size=3)))
def test_any_nesting(program: Any) -> None:
    """An op at the beginning and at the end of every scope, whatever the nesting."""
    expected: list[str] = []
    x = Variable(1.0)

    def run(body: Any, scope: str) -> None:
        expected.append(scope)
        ad.exp(x)
        for name, inner in body or ():
            with name_scope(name) as full:
                assert full == (f"{scope}/{name}" if scope else name)
                run(inner, full)
            expected.append(scope)
            ad.exp(x)

    with GradientTape(persistent=True) as tape:
        run(program, "")
    assert [scope for _, scope in gates(tape)] == expected


def test_a_tape_entered_inside_a_scope_is_in_it() -> None:
    x = Variable(2.0)
    with name_scope("step"), GradientTape(persistent=True) as tape:
        ad.exp(x)
    assert gates(tape) == [("exp", "step")]


def test_a_tape_that_pauses_follows() -> None:
    x = Variable(2.0)
    with ExitStack() as stack:
        with GradientTape(persistent=True) as tape:
            with tape.stop_recording():
                stack.enter_context(name_scope("late"))
            ad.exp(x)
        stack.close()
        with tape:
            ad.sin(x)
        with name_scope("again"), tape:
            ad.cos(x)
    assert gates(tape) == [("exp", "late"), ("sin", ""), ("cos", "again")]


def test_a_scope_is_left_when_an_error_passes() -> None:
    x = Variable(2.0)

    def fail(x: Any) -> None:
        raise KeyError(x)

    with GradientTape(persistent=True) as tape:
        with pytest.raises(KeyError), name_scope("a"), name_scope("b"):
            raise KeyError
        with pytest.raises(KeyError):
            inside("layer", fail, x)
        ad.exp(x)
    assert gates(tape) == [("exp", "")]
    assert thread.scopes == [""]


def test_as_a_decorator_and_again_inside_itself() -> None:
    scope = name_scope("f")

    @scope
    def f(x: Any, depth: int = 2) -> Any:
        """What f says."""
        return f(ad.exp(x), depth - 1) if depth else ad.sin(x)

    with GradientTape(persistent=True) as tape:
        f(Variable(0.5), depth=1)
        with scope:
            f(Variable(0.5), 0)
    assert gates(tape) == [("exp", "f"), ("sin", "f/f"), ("sin", "f/f")]
    assert (f.__name__, f.__doc__) == ("f", "What f says.")


def test_threads_have_scopes_of_their_own() -> None:
    both_inside = threading.Barrier(2, timeout=10)
    shared = name_scope("shared")
    found: dict[str, list[tuple[str, str]]] = {}

    def run(name: str) -> None:
        x = Variable(2.0)
        with name_scope(name), shared, GradientTape(persistent=True) as tape:
            both_inside.wait()
            ad.exp(x)
            both_inside.wait()
        found[name] = gates(tape)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    with name_scope("elsewhere"):
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert found == {name: [("exp", f"{name}/shared")] for name in ("a", "b")}


def test_values_and_gradients_are_the_same() -> None:
    x = Variable([1.0, 2.0])
    found = []
    for name in ("", "scope"):
        with GradientTape() as tape:
            y = ad.sum(name_scope(name)(ad.exp)(x) if name else ad.exp(x))
        found.append((float(y), tape.gradient(y, x).numpy().tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "a b", "a\n", "a#", "a\\b", "'"])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match="expected letters, digits"):
        name_scope(name)


@pytest.mark.parametrize("name", [None, 3, b"a", ["a"]])
def test_names_are_strings(name: Any) -> None:
    with pytest.raises(TypeError, match="expected str"):
        name_scope(name)


def test_layers_are_scopes_while_a_graph_records() -> None:
    model = models.Sequential(
        [layers.Dense(3, "relu", name="my layer"), layers.Dense(2)], name="net"
    )
    x = np.ones((4, 5), np.float32)
    model(x)
    with name_scope("step"), GradientTape(persistent=True) as tape:
        ad.sum(model(x))
    assert list(dict.fromkeys(gates(tape))) == [
        ("matmul", "step/net/my_layer"),
        ("add", "step/net/my_layer"),
        ("relu", "step/net/my_layer"),
        ("matmul", "step/net/dense"),
        ("add", "step/net/dense"),
        ("sum", "step"),
    ]
    assert thread.scopes == [""]
