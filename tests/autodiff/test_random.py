"""ad.random: what is drawn, from which seed, and that tapes see constants."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import GradientTape, Tensor, Variable
from autodiff.engine._graph import Graph, TracingError, Watcher, parents
from autodiff.flat.trace._trace import Trace
from autodiff.random import DRAW, Generator, default_rng

#: every kind of draw, without and with a size
DRAWS: dict[str, Callable[[Generator], Tensor]] = {
    "normal": lambda rng: rng.normal(3.0, 2.0, (4, 5)),
    "normal, 0-d": lambda rng: rng.normal(),
    "normal, double": lambda rng: rng.normal(1.0, 2.0, 7, np.float64),
    "standard_normal": lambda rng: rng.standard_normal(6),
    "uniform": lambda rng: rng.uniform(-3, 5, size=(2, 3)),
    "random": lambda rng: rng.random((3, 2), np.float64),
    "integers": lambda rng: rng.integers(-5, 1000, size=8),
    "integers, 0-d": lambda rng: rng.integers(1 << 40),
    "bernoulli": lambda rng: rng.bernoulli(0.3, 64),
    "permutation": lambda rng: rng.permutation(50),
    "choice": lambda rng: rng.choice(50, 9),
    "choice, each once": lambda rng: rng.choice(50, 9, replace=False),
    "choice, weighted": lambda rng: rng.choice(3, 40, p=[0.2, 0.5, 0.3]),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
SIZES = st.one_of(st.none(), st.integers(0, 4), st.lists(st.integers(0, 3), max_size=3))
SAVED = default_rng(0).state


def same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and np.array_equal(a.numpy(), b.numpy())


@contextmanager
def tracing() -> Iterator[Graph]:
    """What a function is run in while it is traced."""
    graph, watcher = Graph(), Watcher(auto=False)
    graph.trace = Trace(graph)
    graph.start(watcher)
    try:
        yield graph
    finally:
        graph.stop(watcher)


# -- seeds and states ----------------------------------------------------------------------------


@every_draw
def test_a_seed_determines_the_draws(draw: Callable[[Generator], Tensor]) -> None:
    a, b, other = default_rng(7), default_rng(7), default_rng(8)
    for _ in range(3):
        assert same(draw(a), draw(b))
    assert a.state == b.state != other.state
    assert any(not same(draw(a), draw(other)) for _ in range(20))


def test_without_a_seed_every_generator_differs() -> None:
    assert len({default_rng().integers(1 << 60).item() for _ in range(10)}) == 10
    rng = default_rng([1, 2])
    assert default_rng(rng) is rng
    assert same(default_rng([1, 2]).random(3), rng.random(3))


@every_draw
def test_a_state_is_numbers_to_go_on_from(draw: Callable[[Generator], Tensor]) -> None:
    rng = default_rng(3)
    rng.integers(10, size=3, dtype=np.int32)  # leaves half a word over
    saved = json.loads(json.dumps(rng.state))
    assert all(type(value) is int for value in saved.values())
    first, child = draw(rng), rng.spawn(1)[0]
    other = default_rng()
    other.state = saved
    assert same(draw(other), first)
    assert same(draw(other.spawn(1)[0]), draw(child))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on_alike(copied: Callable[[Generator], Generator]) -> None:
    rng = default_rng(3)
    twin = copied(rng)
    assert same(rng.normal(size=5), twin.normal(size=5))
    assert rng.state == twin.state


def test_spawned_generators_are_independent() -> None:
    children = [*default_rng(0).spawn(3), *default_rng(1).spawn(3)]
    draws = np.stack([rng.normal(size=20000).numpy() for rng in children])
    correlation = np.corrcoef(draws) - np.eye(len(children))
    assert np.abs(correlation).max() < 5 / np.sqrt(20000)
    rng = default_rng(0)
    again = [*rng.spawn(1), *rng.spawn(2)]
    assert [g.state for g in again] == [g.state for g in default_rng(0).spawn(3)]


def test_threads() -> None:
    """A Generator of its own gives a thread its draws; a shared one gives every draw once."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda rng: rng.normal(size=5000), default_rng(5).spawn(8)))
        shared = default_rng(6)
        pieces = list(pool.map(lambda _: shared.integers(1 << 62, size=100), range(50)))
    for x, rng in zip(found, default_rng(5).spawn(8), strict=True):
        assert same(x, rng.normal(size=5000))
    together = np.sort(np.concatenate([x.numpy() for x in pieces]))
    assert np.array_equal(together, np.sort(default_rng(6).integers(1 << 62, size=5000).numpy()))


# -- what is drawn -------------------------------------------------------------------------------


@given(SIZES, st.sampled_from([np.float32, np.float64]))
def test_shapes_and_dtypes(size: Any, dtype: Any) -> None:
    rng = default_rng(0)
    shape = np.empty(() if size is None else size).shape
    floats = [
        rng.normal(1, 2, size, dtype),
        rng.standard_normal(size, dtype),
        rng.uniform(1, 2, size, dtype),
        rng.random(size, dtype=dtype),
    ]
    assert {(x.shape, x.dtype) for x in floats} == {(shape, np.dtype(dtype))}
    for draw, dtype in (
        (lambda size: rng.integers(3, size=size), np.int64),
        (lambda size: rng.bernoulli(0.5, size), np.bool_),
        (lambda size: rng.choice(3, size), np.int64),
    ):
        assert (draw(size).shape, draw(size).dtype) == (shape, np.dtype(dtype))
    assert rng.normal().dtype == rng.random().dtype == rng.uniform().dtype == np.float32


def test_double_precision_is_numpys_own() -> None:
    ours, theirs = default_rng(11), np.random.default_rng(11)
    size = (50,)
    for got, want in [
        (ours.normal(3.0, 2.0, size, np.float64), theirs.normal(3.0, 2.0, size)),
        (ours.uniform(-2.0, 7.0, size, np.float64), theirs.uniform(-2.0, 7.0, size)),
        (ours.integers(-4, 9, size, np.int8, True), theirs.integers(-4, 9, size, np.int8, True)),
        (ours.permutation(30), theirs.permutation(30)),
        (ours.choice(30, 4, False), theirs.choice(30, 4, False)),
        (ours.choice(3, size, p=[0.5, 0.25, 0.25]), theirs.choice(3, size, p=[0.5, 0.25, 0.25])),
    ]:
        assert got.numpy() == pytest.approx(want, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments(dtype: Any) -> None:
    """Within five standard errors, of a fixed seed."""
    rng, n = default_rng(2), 200_000
    z = (rng.normal(5.0, 3.0, n, dtype).numpy() - 5.0) / 3.0
    u = (rng.uniform(-1.0, 3.0, n, dtype).numpy() + 1.0) / 4.0
    for x, moments in ((z, [0.0, 1.0, 0.0, 3.0, 0.0, 15.0]), (u, [1 / k for k in range(2, 8)])):
        for k, want in enumerate(moments, start=1):
            power = x.astype(np.float64) ** k
            assert abs(power.mean() - want) < 5 * power.std() / np.sqrt(n)


def test_frequencies() -> None:
    """As probable as they shall be, within five standard errors."""
    rng, n = default_rng(4), 60_000
    weights = np.array([0.1, 0.0, 0.6, 0.3])
    for drawn, p in [
        (rng.integers(2, 7, size=n).numpy() - 2, np.full(5, 0.2)),
        (rng.bernoulli(0.25, n).numpy().astype(int), np.array([0.75, 0.25])),
        (rng.choice(4, n, p=weights).numpy(), weights),
        (np.array([rng.permutation(4).numpy() for _ in range(5000)])[:, 0], np.full(4, 0.25)),
    ]:
        counts = np.bincount(drawn, minlength=len(p))
        assert np.all(np.abs(counts - len(drawn) * p) <= 5 * np.sqrt(len(drawn) * p * (1 - p)))


@given(st.floats(-(2.0**100), 2.0**100, width=32), st.floats(-(2.0**100), 2.0**100, width=32))
def test_uniform_keeps_its_bounds(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    for top in (high, float(np.nextafter(np.float32(low), np.float32(np.inf)))):
        if low < top:
            x = default_rng(0).uniform(low, top, 500).numpy()
            assert x.min() >= low
            assert x.max() < top


def test_degenerate_draws() -> None:
    rng = default_rng(0)
    assert same(rng.normal(2.0, 0.0, 3), ad.asarray([2.0, 2.0, 2.0]))
    assert same(rng.integers(5, 6, 2), ad.asarray([5, 5]))
    assert int(rng.integers(2**64 - 1, 2**64, dtype=np.uint64)) == 2**64 - 1
    assert not rng.bernoulli(0.0, 99).numpy().any()
    assert rng.bernoulli(1, 99).numpy().all()
    assert (rng.permutation(0).size, rng.choice(0, 0).size, rng.spawn(0)) == (0, 0, [])


def test_arrays_are_picked_from() -> None:
    rng = default_rng(1)
    x = np.arange(12.0).reshape(3, 4)
    columns = rng.permutation(x, axis=1).numpy()
    assert np.array_equal(np.sort(columns, axis=1), x)
    assert np.array_equal(columns - columns[:1], x - x[:1])  # whole columns
    assert same(default_rng(1).permutation([5, 6, 7]), default_rng(1).permutation(3) + 5)
    picked = rng.choice(x, (2, 2), axis=-1, p=[0.0, 0.0, 1.0, 0.0])
    assert np.array_equal(picked.numpy(), np.broadcast_to(x[:, 2, None, None], (3, 2, 2)))


# -- tapes ---------------------------------------------------------------------------------------


@every_draw
def test_draws_are_constants_for_tapes(draw: Callable[[Generator], Tensor]) -> None:
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        drawn = draw(default_rng(0))
        y = x * ad.astype(drawn, np.float32)
    assert drawn._token is None
    assert tape.gradient(y, x).numpy() == pytest.approx(np.sum(drawn.numpy()), rel=1e-5)
    assert tape.watched_variables() == (x,)


def test_gradients_pass_through_what_is_done_with_draws() -> None:
    loc, scale = Variable(1.0), Variable(2.0)
    x = Variable([1.0, 2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        eps = default_rng(0).standard_normal(4)
        y = loc + scale * eps
        z = default_rng(0).permutation(x) * [1.0, 10.0, 100.0]
    assert [float(g) for g in tape.gradient(y, [loc, scale])] == pytest.approx(
        [4.0, float(eps.sum())]
    )
    assert (tape.gradient(z, x) * x).numpy().sum() == pytest.approx(float(z.sum()))


@pytest.mark.host
@every_draw
def test_in_a_trace_a_draw_is_recorded(draw: Callable[[Generator], Tensor]) -> None:
    rng, outside = default_rng(9), default_rng(9)
    with tracing() as graph:
        drawn = [draw(rng), draw(rng)]
        assert [x._token for x in drawn] == [graph.token] * 2
    for node, x in enumerate(drawn):
        op, undo, out, generator, name, arguments = graph.records[x._node]
        assert (op, undo, generator, x._node) == (DRAW, None, rng, node)
        assert parents(graph.records[node]) == ()
        assert out is x._data
        again = outside.draw(name, arguments)
        assert np.array_equal(again, out)
        assert np.asarray(again).dtype == x.dtype
    assert rng.state == outside.state


def test_in_a_trace_gradients_pass_by() -> None:
    x = Variable([1.0, 2.0])
    rng = default_rng(0)
    with tracing() as graph:
        with GradientTape() as tape:
            eps = rng.normal(size=2)
            y = ad.sum(x * eps)
        gx, g_eps = tape.gradient(y, [x, eps])
    assert gx._token is graph.token
    assert np.array_equal(gx._data, eps._data)
    assert g_eps is None  # nobody watches it


@pytest.mark.host
@pytest.mark.parametrize(
    "what",
    [
        lambda rng: default_rng(0),
        lambda rng: rng.spawn(2),
        lambda rng: rng.state,
        lambda rng: setattr(rng, "state", SAVED),
        lambda rng: rng.permutation([1.0, 2.0]),
        lambda rng: rng.choice(np.ones(3)),
        lambda rng: rng.normal(size=rng.integers(3)),
        lambda rng: rng.permutation(rng.integers(3)),
        lambda rng: rng.choice(2, p=ad.softmax(rng.normal(size=2))),
    ],
)
def test_in_a_trace_what_would_be_fixed_is_refused(what: Callable[[Generator], Any]) -> None:
    rng = default_rng(0)
    what(rng)  # outside it is fine
    with tracing(), pytest.raises(TracingError):
        what(rng)


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: default_rng(-1), ValueError, "seed is -1; expected None, an integer"),
        (lambda r: default_rng(cast(Any, 1.5)), TypeError, "seed is float 1.5"),
        (lambda r: default_rng(cast(Any, "a")), TypeError, "seed is str 'a'"),
        (lambda r: r.normal(scale=-1), ValueError, "normal: scale is -1.0; expected 0 or more"),
        (lambda r: r.normal(np.inf), ValueError, "normal: loc is inf; expected a finite float32"),
        (lambda r: r.normal(0, 1e39), ValueError, "scale is 1e[+]39; expected a finite float32"),
        (lambda r: r.normal("0"), TypeError, "normal: loc is str '0'; expected a number"),
        (lambda r: r.normal(Tensor(0.0)), TypeError, "loc is a Tensor; .* loc [+] scale [*]"),
        (lambda r: r.normal(np.zeros(2)), TypeError, "loc is ndarray"),
        (lambda r: r.normal(size=-1), ValueError, "normal: size is -1; .* negative"),
        (lambda r: r.random((2, -3)), ValueError, r"uniform: size is \(2, -3\)"),
        (lambda r: r.random(2.0), TypeError, "size is 2.0; expected None, a length"),
        (lambda r: r.normal(size="ab"), TypeError, "size is 'ab'"),
        (lambda r: r.normal(dtype=np.float16), TypeError, "dtype is float16; expected float32 or"),
        (lambda r: r.random(dtype=None), TypeError, "dtype is None"),
        (lambda r: r.uniform(1.0, 1.0), ValueError, "low is 1.0 and high is 1.0; expected low <"),
        (lambda r: r.uniform(1.0, 1.0 + 1e-9), ValueError, "expected low < high"),
        (lambda r: r.uniform(-3e38, 3e38), ValueError, "high - low is .* finite float32"),
        (lambda r: r.integers(3, 3), ValueError, "low is 3 and high is 3; expected low < high"),
        (lambda r: r.integers(3, 2, endpoint=True), ValueError, "expected low ≤ high"),
        (lambda r: r.integers(0), ValueError, "low is 0 and high is 0"),
        (lambda r: r.integers(300, dtype=np.int8), ValueError, "0 to 299 do not fit in int8"),
        (lambda r: r.integers(2, dtype=bool), TypeError, "expected an integer dtype"),
        (lambda r: r.integers(2.0), TypeError, "high is float 2.0; expected an integer"),
        (lambda r: r.bernoulli(1.1), ValueError, "p is 1.1; expected a probability"),
        (lambda r: r.bernoulli(np.nan), ValueError, "p is nan"),
        (lambda r: r.permutation(-1), ValueError, "x is -1"),
        (lambda r: r.permutation(2.5), TypeError, "x is float 2.5; expected an integer"),
        (lambda r: r.permutation([[1]], axis=2), ValueError, "axis 2"),
        (lambda r: r.choice(0), ValueError, "a is 0; expected something to choose from"),
        (lambda r: r.choice(3, 4, False), ValueError, "4 asked for, without replacement, of 3"),
        (lambda r: r.choice(2, 2, False, [0.0, 1.0]), ValueError, "of 1 that can be drawn"),
        (lambda r: r.choice(3, p=[1.0]), ValueError, r"p has shape \(1,\); expected \(3,\)"),
        (lambda r: r.choice(2, p=[-1.0, 2.0]), ValueError, "expected numbers of 0 or more"),
        (lambda r: r.choice(2, p=[0.1, 0.1]), ValueError, "p sums to 0.2; expected 1"),
        (lambda r: r.spawn(-1), ValueError, "n is -1"),
        (lambda r: setattr(r, "state", {"state": 1}), ValueError, "expected integers state, inc"),
        (lambda r: setattr(r, "state", {**r.state, "inc": -1}), ValueError, "inc is -1"),
    ],
)
def test_errors_name_what_was_given(
    call: Callable[[Generator], Any], error: type[Exception], message: str
) -> None:
    rng = default_rng(0)
    before = rng.state
    with pytest.raises(error, match=message):
        call(rng)
    assert rng.state == before  # nothing was drawn
