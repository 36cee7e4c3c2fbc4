"""recompute_grad: the same gradients in less memory, whatever has changed meanwhile."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import GradientTape, Variable, recompute_grad
from autodiff.testing import check_gradients
from autodiff.testing.strategies import shapes, tensors

from ..smooth import functions


def same(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def peak(run: Callable[[], Any]) -> int:
    run()
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- what it is for --------------------------------------------------------------------------------


def test_a_chain_in_parts_takes_a_fraction_of_the_memory() -> None:
    """16 parts with 12 values each: 16 + 12 are held at a time, not 192."""
    w = [Variable(np.eye(8) * (1 + k / 100)) for k in range(16)]
    x = np.random.default_rng(0).normal(size=(2000, 8))

    def part(h: Any, w: Any) -> Any:
        for _ in range(6):
            h = ad.tanh(h @ w)
        return h

    def gradients(part: Callable[..., Any]) -> Any:
        with GradientTape() as tape:
            h = ad.asarray(x)
            for v in w:
                h = part(h, v)
            y = ad.sum(h * h)
        return tape.gradient(y, w)

    for a, b in zip(gradients(part), gradients(recompute_grad(part)), strict=True):
        same(a, b)
    kept, again = peak(lambda: gradients(part)), peak(lambda: gradients(recompute_grad(part)))
    assert again < 0.45 * kept


def test_what_f_computes_is_let_go_at_once() -> None:
    @recompute_grad
    def wide(x: Any) -> Any:
        return ad.sum(ad.tanh(ad.sin(ad.expand_dims(x, -1) * np.ones(1000))))

    x = Variable(np.ones(1000))
    with GradientTape() as tape:
        wide(x)
        tracemalloc.start()
        y = wide(x)
        now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most > 8 * 10**6
        assert now < 10**5
        assert tape._graph is not None
        assert len(tape._graph.records) < 10
    assert tape.gradient(y, x).shape == (1000,)


# -- the same gradients ----------------------------------------------------------------------------


@given(f=functions(), x=tensors(shapes(0, 2, 1)))
def test_values_and_gradients_are_those_of_f(f: Any, x: ad.Tensor) -> None:
    g = recompute_grad(f)
    same(g(x), f(x))
    upstream = np.random.default_rng(0).normal(size=f(x).shape)
    (value, pull), (expected, pull_f) = ad.vjp(g, x), ad.vjp(f, x)
    same(value, expected)
    same(pull(upstream)[0], pull_f(upstream)[0])
    same(pull(upstream)[0], pull_f(upstream)[0])  # a persistent tape runs it once more
    same(ad.jacobian(g)(x), ad.jacobian(f)(x))


@settings(max_examples=5)
@given(f=functions(), g=functions(), x=tensors(shapes(0, 1, 1, 2)))
def test_all_orders_inside_each_other_and_in_flat_programs(f: Any, g: Any, x: ad.Tensor) -> None:
    inner = recompute_grad(g)

    @recompute_grad
    def outer(x: Any) -> Any:
        return ad.sum(ad.sin(inner(f(x))))

    def plain(x: Any) -> Any:
        return ad.sum(ad.sin(g(f(x))))

    def everything(h: Callable[..., Any], x: Any) -> Any:
        return ad.grad(h)(x), ad.hessian(h)(x), ad.hvp(h)(x, x), ad.jvp(h, [x], [x])[1]

    flat = ad.function(lambda x: everything(outer, x))
    flat(x)
    for a, b, c in zip(everything(outer, x), everything(plain, x), flat(x), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(c.numpy(), b.numpy(), rtol=1e-10, atol=1e-10)


def test_it_passes_the_checks() -> None:
    check_gradients(
        recompute_grad(lambda x, y: [ad.tanh(x @ y), ad.sum(x) * 2]),
        np.linspace(-1, 1, 6).reshape(2, 3),
        np.linspace(0, 1, 3),
    )


def test_arguments_and_results_of_any_structure() -> None:
    seen: list[Any] = []

    @recompute_grad
    def f(p: Any, scale: float, *, flag: str, index: Any) -> Any:
        seen.append((scale, flag, type(index)))
        assert isinstance(p["w"][0], ad.Tensor)
        h = p["w"][0] * scale + p["b"]
        return {"h": h, "n": ad.argmax(h), "flag": flag, "first": (h[index], None)}

    w, b, unused = Variable([1.0, 2.0]), ad.asarray([3.0, -1.0]), Variable(1.0)
    index = np.array([0])
    with GradientTape() as tape:
        tape.watch(b)
        result = f({"w": [w], "b": b, "unused": unused}, 2.0, flag="on", index=index)
        index[0] = 1  # too late
        y = ad.sum(result["h"] ** 2) + ad.sum(result["first"][0])
    assert (int(result["n"]), result["flag"], result["first"][1]) == (0, "on", None)
    gw, gb, gu = tape.gradient(y, [w, b, unused])
    assert (gw.tolist(), gb.tolist(), gu) == ([22, 12], [11, 6], None)
    assert seen == [(2.0, "on", np.ndarray)] * 2


def test_only_the_gradients_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    w, v = Variable(2.0), Variable(3.0)
    f = recompute_grad(lambda: w * v)
    with GradientTape(persistent=True) as tape:
        y = f() + v
    assert [float(g) for g in tape.gradient(y, [w, v])] == [3, 3]
    assert float(tape.gradient(y, v)) == 3
    assert tape.gradient(y, Variable(1.0)) is None


def test_without_a_tape_it_is_f() -> None:
    calls: list[int] = []
    f = recompute_grad(lambda x: calls.append(1) or x * 2)  # type: ignore[func-returns-value]
    assert float(f(3.0)) == 6
    with GradientTape():
        assert f(ad.asarray(3.0))._token is None  # nothing that a tape watches
    assert len(calls) == 2


# -- what it depends on ----------------------------------------------------------------------------


def test_variables_and_captured_tensors_are_found_and_kept_as_they_were() -> None:
    w, fixed = Variable(np.array([2.0, 3.0])), Variable(5.0, trainable=False)
    x = ad.asarray([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        inside, watched = x * 3.0, ad.copy(x)

        @recompute_grad
        def f() -> Any:
            return w * inside * fixed * watched

        y = f()
        w.assign([100.0, 100.0])
        fixed.assign(100.0)
        watched[0] = 50.0
        inside[1] = 50.0
        again = f()
    gw, gx = tape.gradient(y, [w, x])
    assert gw.tolist() == [3 * 5, 6 * 5 * 2]
    assert gx.tolist() == [2 * 5 * 6, 3 * 5 * 12]
    assert again.tolist() == [100 * 3 * 100 * 50, 100 * 50 * 100 * 2]
    assert (w.tolist(), float(fixed), watched.tolist()) == ([100, 100], 100, [50, 2])


def test_gradients_of_reads_before_and_after_an_assign_add_up() -> None:
    x = Variable(2.0)
    f = recompute_grad(lambda: x**3)
    with GradientTape() as outer:
        with GradientTape() as tape:
            y = f()
            x.assign(10.0)
            y = y + f() + x
        g = tape.gradient(y, x)
    assert float(g) == 3 * 4 + 3 * 100 + 1
    assert float(outer.gradient(g, x)) == 6 * 2 + 6 * 10
    assert float(x) == 10


def test_what_it_assigns_is_assigned_once() -> None:
    x, count, mean = Variable(3.0), Variable(0, dtype=np.int64), Variable(1.0, trainable=False)

    @recompute_grad
    def f() -> Any:
        count.assign_add(1)
        mean.assign(0.5 * mean + 0.5 * x)
        return x * mean  # d/dx = mean: what was assigned is a constant

    for _ in range(2):
        with GradientTape() as tape:
            y = f()
        before = float(mean)
        assert float(tape.gradient(y, x)) == before
        assert float(mean) == before
    assert int(count) == 2
    assert float(mean) == 2.5


def test_the_same_random_numbers_are_drawn_again() -> None:
    rng = ad.random.default_rng(0)
    x = Variable(np.ones(100))

    @recompute_grad
    def dropped(x: Any) -> Any:
        return ad.where(rng.random(100) < 0.5, x * rng.standard_normal(100), 0.0)

    with GradientTape() as tape:
        y = dropped(dropped(x))
        later = rng.random()
    state = rng.state
    g = tape.gradient(y, x)
    same(g, y)  # as y is linear in x, and x is 1
    assert rng.state == state
    twin = ad.random.default_rng(0)
    for _ in range(2):
        twin.random(100), twin.standard_normal(100)
    assert float(twin.random()) == float(later)


def test_tapes_inside() -> None:
    """A penalty on a gradient, taken within f: of second order in the end."""

    def penalty(w: Any, x: Any) -> Any:
        with GradientTape() as tape:
            tape.watch(x)
            y = ad.sum(ad.tanh(x * w) ** 2)
        return ad.sum(tape.gradient(y, x) ** 2) + y

    w, x = Variable(np.array([0.5, -1.0])), ad.asarray(np.array([1.0, 2.0]))
    found = []
    for f in (penalty, recompute_grad(penalty)):
        with GradientTape() as outer:
            with GradientTape() as tape:
                y = f(w, x)
            g = tape.gradient(y, w)
        found.append((g.numpy(), outer.jacobian(g, w).numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_the_arguments_items_may_be_assigned_to() -> None:
    @recompute_grad
    def f(x: Any) -> Any:
        x[0] = x[1] * 2
        return x * x

    x = Variable(np.array([1.0, 3.0]))
    with GradientTape() as tape:
        h = x * 1.0
        y = f(h)
        assert h.tolist() == [1, 3]
        h[1] = 0.0
    assert tape.gradient(y, x).tolist() == [0, 8 * 3 + 2 * 3]


def test_layers_that_are_made_at_the_first_call() -> None:
    weights: list[Variable] = []

    @recompute_grad
    def layer(x: Any) -> Any:
        if not weights:
            weights.append(Variable(np.full(2, 3.0)))
        return x * weights[0]

    with GradientTape() as tape:
        y = layer(ad.asarray(np.array([1.0, 2.0])))
    assert tape.gradient(y, weights[0]).tolist() == [1, 2]
    assert len(weights) == 1


# -- what cannot be repeated -----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["array", "counter", "numpy", "number of results"])
def test_another_result_is_an_error(what: str) -> None:
    data, calls = np.ones(3), [0]

    @recompute_grad
    def f(x: Any) -> Any:
        calls[0] += 1
        if what == "array":
            return x * data
        if what == "counter":
            return x * float(calls[0])
        if what == "numpy":
            return x * np.random.default_rng(calls[0]).normal(size=3)
        return [x] * calls[0]

    x = Variable(np.ones(3))
    with GradientTape() as tape:
        y = f(x)
    data[0] = 9.0
    with pytest.raises(RuntimeError, match=r"recompute_grad f: .* gave something else"):
        tape.gradient(y, x)


def test_an_error_leaves_everything_in_place() -> None:
    v, armed = Variable(1.0), [False]

    @recompute_grad
    def f(x: Any) -> Any:
        y = x * v
        v.assign_add(1.0)
        if armed[0]:
            raise KeyError("no more")
        return y

    x = Variable(2.0)
    with GradientTape() as tape:
        y = f(x)
    v.assign(7.0)
    armed[0] = True
    with pytest.raises(KeyError):
        tape.gradient(y, x)
    assert float(v) == 7
    with pytest.raises(KeyError), GradientTape():
        f(x)
    assert (x * x)._token is None


@given(seed=st.integers(0, 99))
def test_rounding_is_no_other_result(seed: int) -> None:
    """What is computed in another order again differs in the last digits."""
    data = np.random.default_rng(seed).normal(size=100).astype(np.float32)
    turn = [1]

    @recompute_grad
    def f(x: Any) -> Any:
        turn[0] = -turn[0]
        return ad.sum((x * data)[:: turn[0]] / 3.0, keepdims=True) + data

    x = Variable(np.ones(100, np.float32))
    with GradientTape() as tape:
        y = f(x)
    assert tape.gradient(y, x).shape == (100,)
