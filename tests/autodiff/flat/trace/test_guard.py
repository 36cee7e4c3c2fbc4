"""What a program could not repeat is refused when it is traced: what, where, and what to do."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._graph import thread
from autodiff.flat.trace._guard import LARGE
from nn import layers, models
from optim import SGD, Adam

A = np.arange(6, dtype=np.float32).reshape(2, 3)
BIG = np.linspace(0.0, 1.0, LARGE + 1)
BIG_TENSOR = ad.Tensor(BIG)


# -- values ----------------------------------------------------------------------------------------


def branch(x: Any) -> Any:
    loss = ad.sum(x)
    if loss:
        return x
    return -x


LINE = branch.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (branch, ["a Python condition of 'loss'", f"made by sum in line {LINE} of test_guard.py"]),
        (branch, ["ad.where(condition, a, b)", "shape () and dtype float32"]),
        (lambda x: float(ad.sum(x)), ["use as float", "return the Tensor and convert it outside"]),
        (lambda x: np.asarray(x), ["conversion to a NumPy array of 'x'", "shape (2, 3)"]),
        (lambda x: x[x > 2], ["use as an index", "made by greater", "ad.where"]),
        (lambda x: x[ad.argmax(x[0])], ["use as an index", "dtype int64"]),
        (lambda x: ad.Variable(x * 2), ["a new Tensor or Variable of", "assign"]),
        (lambda x: range(ad.sum(ad.astype(x, "int64"))), ["use as an index of a Tensor"]),
    ],
)
def test_errors_name_the_tensor_and_say_what_to_do(f: Callable[..., Any], words: list[str]) -> None:
    with pytest.raises(ad.TracingError) as found:
        ad.function(lambda x: f(ad.asarray(x)))(A)
    for word in words:
        assert word in str(found.value)
    assert thread.graph is None


def test_a_variable_is_named() -> None:
    v = ad.Variable(1.0, name="rate")
    with pytest.raises(ad.TracingError, match="a Python condition of 'rate', a Variable"):
        ad.function(lambda x: x if v else -x)(A)


# -- results ---------------------------------------------------------------------------------------


def test_a_tape_that_is_returned() -> None:
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
        return [x, tape]

    with pytest.raises(ad.TracingError, match=r"returns a GradientTape: .* Take the gradients"):
        ad.function(f)(A)


def test_a_generator_that_is_returned() -> None:
    with pytest.raises(ad.TracingError, match="returns a generator"):
        ad.function(lambda x: (row for row in x))(A)


# -- Variables -------------------------------------------------------------------------------------


def test_a_variable_for_one_call() -> None:
    v = ad.Variable(A)

    def f(x: Any) -> Any:
        v.assign_add(x)
        w = ad.Variable(np.zeros((2, 3), np.float32), name="w")
        w.assign_add(x)
        return w * 2.0

    with pytest.raises(ad.TracingError, match=r"Variable 'w' of shape \(2, 3\), made in line") as e:
        ad.function(f)(A)
    assert "Make Variables outside, or keep them at the first call" in str(e.value)
    np.testing.assert_array_equal(v.numpy(), A)
    with pytest.raises(ad.TracingError, match="is made anew"):
        ad.function(lambda x: ad.Variable(1.0) * x)(A)
    with pytest.raises(ad.TracingError, match="is made anew"):
        ad.function(lambda x: (ad.Variable(1.0), x)[1])(A)


def test_a_variable_that_is_kept_at_every_call() -> None:
    kept: list[ad.Variable] = []

    @ad.function
    def f(x: Any) -> Any:
        kept.append(ad.Variable(A, name="new"))
        return x * kept[-1]

    for _ in range(2):
        with pytest.raises(ad.TracingError, match=r"Variable 'new' .* made in line .* made anew"):
            f(A)


def test_a_new_variable_that_is_assigned_at_once() -> None:
    total = ad.Variable(0.0, name="total")
    made: list[ad.Variable] = []

    def first_value(x: Any) -> Any:
        if not made:
            made.append(ad.Variable(np.zeros((2, 3), np.float32), name="mean"))
            made[0].assign(x)
        return made[0] * x

    def from_the_second_call(x: Any) -> Any:
        if made:
            total.assign_add(1.0)
        made.append(made[0] if made else ad.Variable(A))
        return total * x

    for f, words in ((first_value, "'mean' .* 1 times"), (from_the_second_call, "'total' .* 0 t")):
        made.clear()
        with pytest.raises(ad.TracingError, match=rf"{words}.* Give Variables their first values"):
            ad.function(f)(A)
    assert total == 0.0


def test_a_call_that_makes_variables_is_recorded_twice() -> None:
    runs: list[Any] = []
    made: dict[Any, ad.Variable] = {}

    @ad.function
    def f(x: Any) -> Any:
        runs.append(x.shape)
        if x.ndim not in made:
            made[x.ndim] = ad.Variable(2.0)
        return made[x.ndim].assign_add(1.0) * x

    for x, times in ((A, 2), (A, 2), (A[:1], 3), (A[0], 5)):
        f(x)
        assert len(runs) == times
    assert [float(v) for v in made.values()] == [5.0, 3.0]


def test_a_new_variable_that_is_returned() -> None:
    with pytest.raises(ad.TracingError, match="makes and returns a Variable in line"):
        ad.function(lambda x: ad.Variable([1.0, 2.0]))(A)


def test_variables_made_once_and_kept() -> None:
    made: dict[str, ad.Variable] = {}

    @ad.function
    def f(x: Any) -> Any:
        if "v" not in made:
            made["v"] = ad.Variable(np.zeros((2, 3), np.float32))
        return made["v"].assign_add(x) * 1.0

    for k in range(1, 4):
        np.testing.assert_array_equal(f(A).numpy(), k * A)


@pytest.mark.parametrize("make", [lambda: SGD(0.01, momentum=0.5), lambda: Adam(0.01)])
def test_layers_and_optimizers_make_theirs_at_the_first_call(make: Any) -> None:
    def losses(function: Any) -> list[float]:
        sizes = (4, 1)
        dense = [layers.Dense(n, "tanh", kernel_initializer="ones") for n in sizes]
        model, optimizer = models.Sequential(dense), make()

        def step(x: Any) -> Any:
            with ad.GradientTape() as tape:
                loss = ad.mean(model(x) ** 2.0)
            found = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(found, model.trainable_variables, strict=True))
            return loss

        f = function(step)
        return [float(f(ad.Tensor(A / 10))) for _ in range(5)]

    flat = losses(ad.function)
    np.testing.assert_allclose(flat, losses(lambda f: f), rtol=1e-5)
    assert flat[-1] < 0.99 * flat[0]


# -- chance ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "whose"),
    [
        (lambda: np.random.normal(), r"np\.random"),
        (lambda: np.random.rand(3), r"np\.random"),
        (lambda: random.random(), "the random module"),
    ],
)
def test_numbers_that_would_be_the_same_at_every_call(draw: Any, whose: str) -> None:
    with pytest.raises(ad.TracingError, match=f"{whose} drew numbers .* ad.random.default_rng"):
        ad.function(lambda x: x * draw())(A)
    np.random.normal(), random.random()
    ad.function(lambda x: x * 2.0)(A)


RNG = np.random.default_rng(0)


class Noise:
    def __init__(self) -> None:
        self.options = {"rng": np.random.RandomState(0)}

    def plain(self, x: Any) -> Any:
        return x + self.options["rng"].normal()

    flat = ad.function(plain)


def drawn(rng: Any) -> Any:
    return rng.random(3)


def drawing() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """What the generator is called, a function that draws from it, and arguments."""
    enclosed, own = np.random.default_rng(0), random.Random(0)
    noise = Noise()
    return {
        "RNG": (lambda x: x * RNG.normal(size=3), ()),
        "enclosed": (lambda x: x * enclosed.integers(3), ()),
        "own": (lambda x: [x * own.random() for _ in range(2)], ()),
        "self.options": (noise.plain, ()),
        "noise.options": (lambda x: noise.plain(x), ()),
        "a default": (lambda x, rng=own: x * rng.random(), ()),
        "rng": (lambda x, rng: x * drawn(rng), (enclosed,)),
        "an argument": (functools.partial(lambda rng, x: x * drawn(rng), enclosed), ()),
    }


@pytest.mark.parametrize("name", drawing())
def test_generators_that_the_function_can_name(name: str) -> None:
    f, more = drawing()[name]
    flat = ad.function(f)
    for _ in range(2):
        with pytest.raises(ad.TracingError, match=f"'{name}', a generator of .*, drew numbers"):
            flat(A, *more)


def test_a_generator_of_a_flat_method() -> None:
    noise = Noise()
    with pytest.raises(ad.TracingError, match=r"'self.options', a generator of NumPy's, drew"):
        noise.flat(A)


def test_generators_that_are_not_drawn_from() -> None:
    rng = np.random.default_rng(0)
    f = ad.function(lambda x: x * (2.0 if rng else 1.0) + len(drawing()))
    for _ in range(2):
        np.testing.assert_array_equal(f(A + rng.random(3)).dtype, np.float64)


def test_weights_may_be_drawn_where_they_are_made() -> None:
    kept: list[ad.Variable] = []

    @ad.function
    def f(x: Any) -> Any:
        if not kept:
            kept.append(ad.Variable(np.random.default_rng(0).normal(size=3) + np.random.rand(3)))
        return x * kept[0]

    np.testing.assert_array_equal(f(A).numpy(), f(A).numpy())


def test_generators_are_put_back_where_a_call_fails() -> None:
    rng = ad.random.default_rng(1)

    def f(x: Any) -> Any:
        rng.normal(size=5)
        raise KeyError("mine")

    state = rng.state
    with pytest.raises(KeyError):
        ad.function(f)(A)
    assert rng.state == state


# -- arrays that are captured ----------------------------------------------------------------------


class Model:
    def __init__(self) -> None:
        self.table = BIG * 2

    @ad.function
    def call(self, x: Any) -> Any:
        return ad.sum(x) * self.table


def test_large_arrays_that_are_captured() -> None:
    enclosed = BIG + 1
    functions: list[tuple[str, Callable[..., Any]]] = [
        ("'BIG'", lambda x: ad.sum(x) * BIG),
        ("'BIG_TENSOR'", lambda x: ad.sum(x) * BIG_TENSOR),
        ("'enclosed'", lambda x: ad.sum(x) * enclosed),
        ("'BIG'", lambda x: ad.sum(x) * ad.asarray(BIG)[: LARGE + 1]),
        ("'self.table'", Model().call),
        ("an array", lambda x: ad.sum(x) * (BIG + 5)),
    ]
    for name, f in functions:
        flat = f if name == "'self.table'" else ad.function(f)
        with pytest.raises(ad.TracingError, match=f"{name} of shape .* captured") as found:
            flat(A)
        assert "Pass it as an argument" in str(found.value)
        assert "ad.Variable(value, trainable=False)" in str(found.value)


def test_what_may_be_captured() -> None:
    v = ad.Variable(BIG, trainable=False)
    small = np.linspace(0.0, 1.0, 100)
    zeros, shape_only = ad.zeros((100, 100)), np.ones((200, 200)) * small[:, None].mean()
    f = ad.function(
        lambda x: (ad.sum(x) * v, ad.sum(x) * small, ad.sum(x) + zeros, x * shape_only.shape[0])
    )
    for _ in range(2):
        first, second, *_ = f(A)
        np.testing.assert_array_equal(first.numpy(), np.float32(15) * BIG)
        np.testing.assert_array_equal(second.numpy(), np.float32(15) * small)


def test_a_jacobian_is_no_captured_array() -> None:
    x = np.linspace(0.0, 1.0, 100).reshape(10, 10)

    @ad.function
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = ad.tanh(x)
        return tape.jacobian(y, x)

    assert f(x).shape == f(x).shape == (10, 10, 10, 10)


def test_an_error_after_the_run_leaves_variables_alone() -> None:
    v = ad.Variable(A)

    def f(x: Any) -> Any:
        v.assign_add(x)
        return ad.sum(x) * BIG

    flat = ad.function(f)
    for _ in range(2):
        with pytest.raises(ad.TracingError, match="captured"):
            flat(A)
        np.testing.assert_array_equal(v.numpy(), A)


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "kwargs", "name", "kind"),
    [
        ((A, {1, 2}), {}, "s", "set"),
        ((A,), {"s": bytearray(b"x")}, "s", "bytearray"),
        (([A, {3}], 1), {}, "x", "set"),
        ((A, {"a": [{2}]}), {}, "s", "set"),
    ],
)
def test_arguments_that_cannot_be_told_apart(args: Any, kwargs: Any, name: str, kind: str) -> None:
    def step(x: Any, s: Any) -> Any:
        return x

    with pytest.raises(TypeError, match=f"step: argument '{name}' holds a {kind}, which cannot"):
        ad.function(step)(*args, **kwargs)
