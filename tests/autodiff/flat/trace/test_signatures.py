"""When a function is traced again, how it may be called, and what it refuses."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._graph import thread
from autodiff.flat import MOST
from autodiff.flat._run import Runner

A = np.arange(6, dtype=np.float32).reshape(2, 3)
B = A + 1


class Counter:
    """A function that counts how often Python runs it."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.count = f, 0
        self.__name__ = "f"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        return self.f(*args, **kwargs)


def equal(x: Any, y: Any) -> None:
    np.testing.assert_array_equal(np.asarray(x), y)


def test_the_first_call_runs_the_program_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what a call gives, to the last bit, does not depend on the calls before it."""
    runs: list[Any] = []
    real = Runner.__call__

    def counted(runner: Runner, arrays: list[Any]) -> Any:
        runs.append(runner)
        return real(runner, arrays)

    monkeypatch.setattr(Runner, "__call__", counted)
    v, rng = ad.Variable(A), ad.random.default_rng(0)

    def f(x: Any) -> Any:
        v.assign_add(x)
        return v * rng.random(x.shape)

    flat, draws = ad.function(f), ad.random.default_rng(0)
    for k in (1, 2):
        equal(flat(B), (A + k * B) * draws.random(B.shape).numpy())
        assert len(runs) == k


@pytest.mark.parametrize(
    ("first", "second", "traces"),
    [
        ((A,), (B,), 1),
        ((A,), (ad.Tensor(B),), 1),
        ((A,), (np.asfortranarray(B),), 1),
        ((A,), (A[:1],), 2),
        ((A,), (A.astype("f8"),), 2),
        ((A, 2.0), (B, 2.0), 1),
        ((A, 2.0), (A, 3.0), 2),
        ((A, 2), (A, 2.0), 2),
        ((A, 1), (A, True), 2),
        ((A, 0.0), (A, -0.0), 2),
        ((A, float("nan")), (A, float("nan")), 1),
        ((A, np.float32(2)), (A, np.float32(3)), 1),
        (([A, B],), ([B, A],), 1),
        (([A, B],), ((A, B),), 2),
        (({"a": A, "b": 1},), ({"a": B, "b": 1},), 1),
        (({"a": A},), ({"b": A},), 2),
    ],
)
def test_one_trace_for_each_signature(first: Any, second: Any, traces: int) -> None:
    def f(x: Any, k: Any = 1.0) -> Any:
        parts = list(x.values()) if isinstance(x, dict) else x
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        return parts[0] * k - parts[-1]

    counter = Counter(f)
    flat = ad.function(counter)
    for args in (first, second, first, second):
        with np.errstate(all="ignore"):
            equal(flat(*args), np.asarray(f(*args)))
    assert counter.count == traces


def test_keywords_in_any_order() -> None:
    f = ad.function(lambda d, **k: d["a"] - d["b"] + k["u"] * k["w"])
    for _ in range(2):
        equal(f({"a": A, "b": B}, u=A, w=B), A - B + A * B)
        equal(f({"b": B, "a": A}, w=B, u=A), A - B + A * B)
        equal(f({"b": A, "a": A}, w=A, u=B), A * B)


def test_forms_of_calls_are_not_confused() -> None:
    f = ad.function(lambda x, y: x[0] * y if isinstance(x, list) else x - y)
    for _ in range(3):
        equal(f([A, B], 2.0), 2 * A)
        equal(f(A, B), A - B)


def test_variables_by_identity() -> None:
    f = ad.function(lambda v, x: v * x)
    v, w = ad.Variable(A), ad.Variable(B)
    for x in (A, B):
        equal(f(v, x), A * x)
        equal(f(w, x), B * x)


def test_a_method_belongs_to_its_object() -> None:
    class Scale:
        def __init__(self, k: float) -> None:
            self.v = ad.Variable(A * np.float32(k))

        @ad.function
        def call(self, x: Any) -> Any:
            return self.v * x

    one, two = Scale(1), Scale(2)
    for x in (A, B):
        equal(one.call(x), A * x)
        equal(two.call(x), 2 * A * x)
    assert "np.multiply" in one.call.source(A)


def test_results_keep_their_structure() -> None:
    class Pair(NamedTuple):
        a: Any
        b: Any

    def build(x: Any) -> Any:
        return {"p": Pair(x * 2.0, [x, (None, 3, "s", x.shape)]), "q": ()}

    f = ad.function(build)
    for x in (A, B, A):
        result = f(x)
        assert type(result["p"]) is Pair
        assert result["p"].b[1] == (None, 3, "s", (2, 3))
        equal(result["p"].a, 2 * x)
    f(A)["p"].b.append(1)
    assert len(f(A)["p"].b) == 2
    assert ad.function(lambda: None)() is None


def test_many_signatures_warn() -> None:
    f = ad.function(lambda x, k: x * k)
    for k in range(15):
        f(A, float(k))
    with pytest.warns(UserWarning, match="16 signatures traced"):
        f(A, 15.0)
    f(A, 16.0)  # once is enough: warnings are errors here


def test_programs_are_kept_up_to_a_cap() -> None:
    f = ad.function(lambda x, k: x * k)
    with pytest.warns(UserWarning, match="signatures traced"):
        list(map(f, [A] * (MOST + 5), map(float, range(MOST + 5))))
    assert len(f._programs) == MOST
    assert f(A, 0.0).tolist() == (0 * A).tolist()  # made anew
    assert len(f._programs) == MOST


VALUES: list[tuple[str, Callable[[Any], Any]]] = [
    ("branch", lambda x: x if ad.sum(x) > 0 else -x),
    ("float", lambda x: float(ad.sum(x))),
    ("int", lambda x: x[int(ad.argmax(x[0]))]),
    ("numpy", lambda x: x.numpy()),
    ("item", lambda x: ad.sum(x).item()),
    ("tolist", lambda x: x.tolist()),
    ("format", lambda x: f"{ad.sum(x):.2f}"),
    ("array", lambda x: np.asarray(x)),
    ("max", lambda x: max(x[0])),
    ("slice", lambda x: x[: ad.argmin(x[0])]),
    ("index", lambda x: x[ad.argmin(x, axis=0)]),
    ("mask", lambda x: x[x > 2]),
    ("Variable", ad.Variable),
]


@pytest.mark.parametrize("f", [f for _, f in VALUES], ids=[name for name, _ in VALUES])
def test_needing_a_value_is_an_error_that_says_what_to_do(f: Callable[[Any], Any]) -> None:
    with pytest.raises(ad.TracingError, match="inside a function being traced"):
        ad.function(lambda x: f(ad.asarray(x)))(A)
    assert thread.graph is None


def test_an_error_inside_leaves_everything_as_it_was() -> None:
    v = ad.Variable(A)

    def f(x: Any) -> Any:
        with ad.GradientTape():
            v.assign(v * x)
            v.assign_add(x)
            raise KeyError("mine")

    flat = ad.function(f)
    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            flat(A)
        equal(v, A)
        assert thread.graph is None
    equal(ad.grad(lambda x: ad.sum(x * v))(B), A)


def test_a_check_that_fails_leaves_variables_as_they_were() -> None:
    v = ad.Variable(A)

    @ad.function
    def f(labels: Any) -> Any:
        v.assign_add(1.0)
        return ad.softmax_cross_entropy(v, labels)

    for labels in ([0, 3], [0, -1]):
        for _ in range(2):
            before = v.numpy()
            with pytest.raises(ValueError, match="labels"):
                f(np.array(labels))
            equal(v, before)
            f(np.array([0, 1]))
            equal(v, before + 1)


def test_source_changes_nothing() -> None:
    v = ad.Variable(A)
    f = ad.function(lambda x: v.assign_add(x))
    assert f.source(A) == f.source(B)
    equal(v, A)
    f(B)
    equal(v, A + B)


def test_functions_call_functions() -> None:
    inner = ad.function(lambda x: x * 2.0)
    outer = ad.function(lambda x: inner(x) + inner(x + 1.0))
    power: Any = ad.function(lambda x, n: x if n == 0 else power(x * x, n - 1))
    for x in (A, B):
        equal(outer(x), 2 * x + (x + 1) * 2)
        equal(power(x, 2), x**4)


def test_a_tape_around_sees_inside() -> None:
    v = ad.Variable(A)
    f = ad.function(lambda x: ad.sum(v * v * x))
    for x in (A, B, A):
        f(x)
        with ad.GradientTape() as tape:
            y = f(x)
        equal(tape.gradient(y, v), 2 * A * x)


def test_variables_made_once() -> None:
    made: list[ad.Variable] = []

    @ad.function
    def f(x: Any) -> Any:
        if not made:
            made.append(ad.Variable(np.zeros((2, 3), np.float32)))
        return made[0].assign_add(x) * 1.0

    for k in range(1, 4):
        equal(f(A), k * A)


def test_threads_share_a_function() -> None:
    f = ad.function(lambda x: ad.tanh(ad.matmul(x, ad.asarray(x).T) * 2.0) + ad.sum(x, axis=0))
    inputs = [np.random.default_rng(k).normal(size=(20, 20)) for k in range(4)]
    want = [f(x).numpy() for x in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(100):
            if not np.array_equal(f(inputs[k]).numpy(), want[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_what_is_called_need_not_be_a_function() -> None:
    class Scaled:
        def __call__(self, x: Any) -> Any:
            return 2 * x

    for f in (Scaled(), functools.partial(ad.multiply, 2.0)):
        flat = ad.function(f)
        assert [float(flat(np.float64(x))) for x in (1, 3)] == [2.0, 6.0]
        assert "def " in flat.source(np.float64(1))
