"""Deep and wide graphs: linear time, no recursion, memory freed without the garbage collector."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import GradientTape, Variable
from autodiff.arrays._memory import KEEP, MAPPED


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x: Any, n: int) -> Any:
    y = x
    for _ in range(n // 2):
        y = y * x
        y = y + x
    return y


def fan_out(x: Any, n: int) -> Any:
    return ad.sum(ad.stack([x * 1.0 for _ in range(n)]))


def grown(run: Callable[[], Any]) -> int:
    """Blocks of memory that three more runs leave behind, beyond what the first ones did."""
    for _ in range(3):
        run()  # caches and the interpreter's free lists fill
    before = sys.getallocatedblocks()
    for _ in range(3):
        run()
    return sys.getallocatedblocks() - before


@pytest.mark.host  # it counts blocks of Python's memory, of which a device's arrays have their own
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("graph", [chain, fan_out])
def test_memory_is_back_after_gradient(graph: Callable[..., Any], persistent: bool) -> None:
    x = Variable(np.float64(0.5))

    def run() -> None:
        with GradientTape(persistent=persistent) as tape:
            y = graph(x, 2_000)
        assert tape.gradient(y, x) is not None

    assert grown(run) < 20


def test_memory_is_back_after_an_unused_tape_and_after_an_error() -> None:
    x = Variable(np.float64(0.5))

    def run() -> None:
        with GradientTape():
            chain(x, 2_000)
        try:
            with GradientTape():
                chain(x, 2_000)
                raise KeyError
        except KeyError:
            pass

    assert grown(run) < 20


def test_memory_is_back_after_second_order() -> None:
    x = Variable(np.float64(0.5))

    def run() -> None:
        with GradientTape() as outer:
            with GradientTape() as inner:
                y = chain(x, 1_000)
            g = inner.gradient(y, x)
        assert outer.gradient(g, x) is not None

    assert grown(run) < 20


def test_arrays_are_freed_after_gradient() -> None:
    x = Variable(np.full(100_000, 0.5))
    tracemalloc.start()
    with GradientTape() as tape:
        y = chain(x, 100)
    held = tracemalloc.get_traced_memory()[0]
    g = tape.gradient(y, x)
    del y
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held > 50 * x.numpy().nbytes
    assert after < 1.1 * g.numpy().nbytes


def test_a_million_ops_deep_without_recursion() -> None:
    x = Variable(np.float64(0.5))
    assert sys.getrecursionlimit() <= 10_000
    with GradientTape() as tape:
        y = chain(x, 1_000_000)
    g = tape.gradient(y, x)
    # y = x/(1 - x) in the limit of x + x*x + ...: slope 1/(1 - x)^2
    assert float(g) == pytest.approx(4.0)


def test_fan_out_of_a_hundred_thousand() -> None:
    x = Variable(np.ones((2, 3)))
    with GradientTape() as tape:
        y = x * 0.0
        for _ in range(100_000):
            y = y + x
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.full((2, 3), 100_000.0))
    with GradientTape() as tape:
        z = fan_out(x, 100_000)
    np.testing.assert_array_equal(tape.gradient(z, x).numpy(), np.full((2, 3), 100_000.0))


def test_records_are_freed_as_the_walk_goes() -> None:
    """Peak memory of backward stays near that of forward: arrays go as soon as they are used."""
    x = Variable(np.ones(10_000))
    with GradientTape() as tape:
        y: Any = x
        for _ in range(50):
            y = ad.exp(y * 0.0)
    tracemalloc.start()
    tape.gradient(y, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.numpy().nbytes


def test_what_no_rule_names_is_not_kept() -> None:
    x = Variable(np.ones(1000))
    with GradientTape() as tape:
        y: Any = x
        for _ in range(10):
            y = 2.0 * (y + 1.0)
    graph = tape._graph
    assert graph is not None
    kept = [a for record in graph.records[1:] for a in record if isinstance(a, np.ndarray)]
    assert not kept


def test_sums_are_made_in_place_only_where_the_engine_made_them() -> None:
    x, upstream = Variable(np.ones(4)), np.arange(4.0)
    with GradientTape() as tape:
        a = x + 0.0
        y = a + a + a + a
    g = tape.gradient(y, x, output_gradients=upstream)
    np.testing.assert_array_equal(g.numpy(), 4 * np.arange(4.0))
    np.testing.assert_array_equal(upstream, np.arange(4.0))


def test_thresholds_are_what_glibc_takes() -> None:
    assert MAPPED <= 32 << 20 < KEEP
