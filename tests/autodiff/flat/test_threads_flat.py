"""Many threads call flat functions at once; functions call functions, and themselves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from optim import SGD, Adam

THREADS, CALLS = 4, 60
A = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*jobs: Callable[[], Any], calls: int = CALLS) -> list[list[Any]]:
    """What each job gives, called again and again in a thread of its own."""
    gate = threading.Barrier(len(jobs))
    found: list[list[Any]] = [[] for _ in jobs]
    errors: list[BaseException] = []

    def work(k: int) -> None:
        try:
            gate.wait(10)
            for _ in range(calls):
                found[k].append(jobs[k]())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(jobs))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
        assert not t.is_alive(), "a thread waits for ever"
    if errors:
        raise errors[0]
    return found


def test_results_belong_to_their_calls() -> None:
    f = ad.function(lambda x: (ad.tanh(x) @ x.mT, ad.sum(ad.exp(ad.tanh(x)), axis=0)))
    jobs = [lambda k=k: f(A / 10 + k) for k in range(THREADS)]
    for k, results in enumerate(at_once(*jobs)):
        expected = f(A / 10 + k)
        for result in results:
            for x, y in zip(result, expected, strict=True):
                np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_signatures_do_not_meet() -> None:
    f = ad.function(lambda *xs: sum(ad.sum(x) for x in xs))
    inputs = [(np.ones(3),), (np.ones(5),), (np.ones(3), np.ones(5)), (np.ones((2, 2)),)]
    for results, n in zip(at_once(*(lambda x=x: f(*x) for x in inputs)), (3, 5, 8, 4), strict=True):
        assert {float(x) for x in results} == {n}


def test_a_function_is_traced_once() -> None:
    traces = []

    @ad.function
    def f(x: Any) -> Any:
        traces.append(threading.get_ident())
        return x * 2

    at_once(*[lambda: f(A)] * THREADS, calls=1)
    assert len(traces) == 1


def test_every_assignment_counts() -> None:
    v, n, s = ad.Variable(np.zeros(800)), ad.Variable(0), ad.Variable(0.5)
    step = ad.function(lambda x: (v.assign_add(x), n.assign_add(1), s.assign_add(1.0)))
    double = ad.function(lambda: v.assign_add(ad.ones_like(v) * 2.0))
    at_once(*[lambda: step(np.ones(800))] * THREADS, *[double] * 2)
    assert {*v.numpy()} == {CALLS * (THREADS + 4)}
    assert int(n) == CALLS * THREADS
    assert float(s) == CALLS * THREADS + 0.5


@pytest.mark.parametrize("make", [lambda: SGD(1.0), lambda: Adam(0.01)])
def test_steps_of_an_optimizer_take_turns(make: Any) -> None:
    def trained(run: Callable[..., Any]) -> list[np.ndarray]:
        vs, optimizer = [ad.Variable(A + k) for k in range(3)], make()
        g = ad.Tensor(np.ones_like(A))
        step = ad.function(lambda g: optimizer.apply_gradients([(g * 0.5, v) for v in vs]))
        run(lambda: step(g))
        return [v.numpy() for v in (*vs, *optimizer.variables)]

    def one_after_the_other(step: Callable[[], Any]) -> None:
        for _ in range(CALLS * THREADS):
            step()

    for x, y in zip(
        trained(lambda step: at_once(*[step] * THREADS)), trained(one_after_the_other), strict=True
    ):
        np.testing.assert_array_equal(x, y)


def test_readers_see_whole_assignments() -> None:
    v = ad.Variable(np.zeros(20_000))
    w = ad.Variable(np.zeros(20_000))
    add = ad.function(lambda: (v.assign_add(ad.ones_like(v)), w.assign(v * 2.0)))
    read = ad.function(lambda: (v + 0.0, w * 0.5))
    _, *found = at_once(add, read, read)
    for results in found:
        for x, y in results:
            assert x.numpy().min() == y.numpy().max()


def test_a_trace_leaves_the_steps_of_others() -> None:
    v = ad.Variable(np.zeros(50))
    add = ad.function(lambda x: v.assign_add(ad.sum(x) * ad.ones_like(v)))
    shapes = iter(range(1, 100))

    def another_shape() -> None:
        n = next(shapes)
        add(np.ones((n, 1)) / n)

    at_once(lambda: add(np.ones(1)), another_shape, calls=12)
    np.testing.assert_allclose(v.numpy(), 24.0, rtol=1e-12)


def test_draws_are_shared_out() -> None:
    def drawn(run: Callable[..., Any]) -> list[float]:
        rng = ad.random.default_rng(0)
        f = ad.function(lambda: rng.random(4))
        return sorted(x for result in run(f) for x in result.numpy())

    together = drawn(lambda f: [x for part in at_once(*[f] * THREADS) for x in part])
    assert together == drawn(lambda f: [f() for _ in range(CALLS * THREADS)])
    assert len({*together}) == len(together)


def test_functions_call_functions_and_themselves() -> None:
    v = ad.Variable(np.zeros((3, 4), np.float32))

    @ad.function
    def half(x: Any) -> Any:
        v.assign_add(x)
        return x * 0.5

    @ad.function
    def power(x: Any, n: int, inner: Callable[[Any], Any] = half) -> Any:
        return inner(x) if n == 0 else power(x, n - 1) + inner(x)

    for k in range(3):
        np.testing.assert_array_equal(power(A, 3).numpy(), A * 2)
        np.testing.assert_array_equal(v.numpy(), A * 4 * (k + 1))
    found = at_once(*[lambda: power(A, 2)] * THREADS, calls=10)
    assert all(np.array_equal(x.numpy(), A * 1.5) for results in found for x in results)
    np.testing.assert_array_equal(v.numpy(), A * (12 + 3 * 10 * THREADS))


def test_another_thread_may_run_programs_while_a_tape_records() -> None:
    v = ad.Variable(np.ones(4))
    f = ad.function(lambda x: ad.sum(x * v))
    with ad.GradientTape() as tape:
        y = ad.sum(v * v)
        (results,) = at_once(lambda: float(f(np.ones(4))), calls=5)
        z = f(np.ones(4)) + y
    assert results == [4.0] * 5
    np.testing.assert_array_equal(tape.gradient(z, v).numpy(), 2 * np.ones(4) + 1)
