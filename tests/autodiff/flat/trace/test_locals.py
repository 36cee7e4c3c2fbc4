"""What code calls its values, as the frames that make them tell."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.flat.trace._locals import Locals
from autodiff.flat.trace._trace import run

A = np.ones((2, 3), np.float32)


class Thing:
    """A value that knows its place."""

    def __init__(self, place: int) -> None:
        self.place = place


class Maker:
    """Makes Things, and looks at who calls."""

    def __init__(self) -> None:
        self.count = 0
        self.locals: Locals

    def __call__(self) -> Thing:
        self.locals.look(sys._getframe(1), self.count)
        self.count += 1
        return Thing(self.count - 1)

    def run(self, f: Any) -> dict[int, str]:
        self.locals = Locals(sys._getframe(), lambda x: x.place if isinstance(x, Thing) else None)
        f(self)
        self.locals.finish()
        return self.locals.names()


def test_a_name_that_is_given_anew_counts_each_time() -> None:
    def f(make: Any) -> None:
        h = make()
        for _ in range(2):
            h = make()
        del h

    assert Maker().run(f) == {0: "h", 1: "h"}  # the last was let go before anything else was made


def test_the_last_value_is_seen_when_the_function_has_ended() -> None:
    def f(make: Any) -> Any:
        x = make()
        y = make()
        return x, y

    assert Maker().run(f) == {0: "x", 1: "y"}


def test_outer_names_count_more() -> None:
    def inner(make: Any) -> Any:
        y = make()
        z = make()
        return y, z, make()

    def f(make: Any) -> None:
        _, b, c = inner(make)
        make()
        del _, b, c

    maker = Maker()
    assert maker.run(f) == {0: "y", 1: "b", 2: "c"}
    assert maker.locals.names(depth=0) == {1: "b", 2: "c"}
    assert Maker().run(lambda make: inner(make)) == {0: "y", 1: "z"}


def test_what_is_given_to_a_function_has_its_name_already() -> None:
    def layer(make: Any, x: Any, *, w: Any, **rest: Any) -> Any:
        again, x = x, make()
        make()
        return again

    def f(make: Any) -> None:
        first = make()
        layer(make, first, w=first, v=first)
        make()

    assert Maker().run(f) == {0: "first"}  # x is a parameter: it says nothing of what it becomes


def test_frames_outside_are_left_alone() -> None:
    outside = Thing(0)
    names = Maker().run(lambda make: make())
    assert not names
    assert outside.place == 0


def test_a_trace_knows_what_the_function_says() -> None:
    def f(x: Any) -> Any:
        with ad.name_scope("hidden"):
            z = x * 2.0
        h = ad.relu(z + 1.0)
        loss = ad.sum(h)
        return loss

    trace, _ = run(f, lambda tensors: (tuple(tensors), {}), [A])
    told = {trace.graph.records[node][0].name: name for node, name in trace.names.items()}
    assert told == {"multiply": "z", "relu": "h", "sum": "loss"}


def test_frames_are_let_go() -> None:
    made: list[Any] = []

    class Held:
        pass

    def f(x: Any) -> Any:
        held = Held()
        made.append(sys.getrefcount(held))
        made.append(held)
        return x * 2.0

    run(f, lambda tensors: (tuple(tensors), {}), [A])
    before, held = made
    made.clear()
    assert sys.getrefcount(held) <= before
