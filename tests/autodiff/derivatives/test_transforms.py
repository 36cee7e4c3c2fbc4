"""jacobian, hessian, vjp, jvp and hvp: of each other, of structures, in flat programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients
from autodiff.testing.strategies import shapes, tensors

from ..smooth import functions


def near(a: Any, b: Any) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-10, atol=1e-10)


def drawn(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).uniform(-1, 1, shape))


@given(f=functions(), x=tensors(shapes(0, 2, 1)), seed=st.integers(0, 99))
def test_products_with_the_jacobian(f: Any, x: ad.Tensor, seed: int) -> None:
    """J·v by jvp and u·J by vjp are what the Jacobian gives; all agree on the value."""
    y, j = f(x), ad.jacobian(f)(x).numpy().reshape(-1, x.size)
    u, v = drawn(seed, y.shape), drawn(seed + 1, x.shape)
    value, pull = ad.vjp(f, x)
    near(value, y)
    near(pull(u)[0], (u.ravel() @ j).reshape(x.shape))
    near(pull(2 * u)[0], 2 * (u.ravel() @ j).reshape(x.shape))
    value, tangent = ad.jvp(f, [x], [v])
    near(value, y)
    near(tangent, (j @ v.ravel()).reshape(y.shape))


@given(f=functions(), x=tensors(shapes(0, 2, 1)), seed=st.integers(0, 99))
def test_products_with_the_hessian(f: Any, x: ad.Tensor, seed: int) -> None:
    def g(x: Any) -> Any:
        return ad.sum(ad.sin(f(x)))

    h = ad.hessian(g)(x).numpy().reshape(x.size, x.size)
    near(h, h.T)
    v = drawn(seed, x.shape)
    near(ad.hvp(g)(x, v), (h @ v.ravel()).reshape(x.shape))
    near(ad.jvp(ad.grad(g), [x], [v])[1], (h @ v.ravel()).reshape(x.shape))
    _, pull = ad.vjp(ad.grad(g), x)
    near(pull(v)[0], (v.ravel() @ h).reshape(x.shape))


@settings(max_examples=6)
@given(f=functions(), x=tensors(shapes(0, 2, 1, 2)))
def test_all_of_them_have_gradients(f: Any, x: ad.Tensor) -> None:
    """Each is recorded by the tapes around it; numeric differences agree."""
    v = drawn(0, x.shape)
    u = drawn(1, f(x).shape)
    check_gradients(ad.jacobian(f), x.numpy(), order=1)
    check_gradients(lambda x: ad.jvp(f, [x], [v])[1], x.numpy(), order=1)
    check_gradients(lambda x, u: ad.vjp(f, x)[1](u), x.numpy(), u, order=1)
    check_gradients(lambda x, v: ad.hvp(lambda x: ad.sum(f(x)))(x, v), x.numpy(), v, order=1)


def test_the_shapes_of_structures_are_jaxs() -> None:
    """Of each output, in f's structure, by each input, in the argument's."""

    def f(p: Any, x: Any, scale: float = 1.0) -> Any:
        return {"y": p["w"] @ x + p["b"], "norms": (ad.sum(p["w"] * scale),)}

    p = {"w": np.ones((2, 3)), "b": np.ones(2)}
    j = ad.jacobian(f)(p, np.ones(3), scale=2.0)
    assert j["y"]["w"].shape == (2, 2, 3)
    assert j["y"]["b"].tolist() == [[1, 0], [0, 1]]
    assert j["norms"][0]["w"].tolist() == [[2] * 3] * 2
    assert j["norms"][0]["b"].tolist() == [0, 0]
    both = ad.jacobian(f, (1, 0))(p, np.ones(3))
    assert both["y"][0].shape == (2, 3)
    assert both["y"][1]["w"].shape == (2, 2, 3)
    h = ad.hessian(lambda p, x: ad.sum(f(p, x)["y"] ** 2), argnums=(0, -1))(p, np.ones(3))
    assert h[0]["w"][0]["b"].shape == (2, 3, 2)
    assert h[1][0]["w"].shape == (3, 2, 3)
    assert h[1][1].shape == (3, 3)
    hv = ad.hvp(lambda p, x: ad.sum(f(p, x)["y"] ** 2))(p, np.ones(3), p)
    assert (hv["w"].shape, hv["b"].shape) == ((2, 3), (2,))
    value, tangent = ad.jvp(f, (p, np.ones(3)), (p, np.zeros(3)))
    assert tangent["norms"][0] == 6
    _, pull = ad.vjp(f, p, np.ones(3))
    by_p, by_x = pull(value)
    assert (by_p["w"].shape, by_x.shape) == ((2, 3), (3,))


def test_what_does_not_depend_has_zeros() -> None:
    x = np.ones(3)
    assert ad.jacobian(lambda x: ad.ones(2))(x).tolist() == [[0] * 3] * 2
    assert ad.hessian(lambda x: ad.sum(x) * 3)(x).tolist() == [[0] * 3] * 3
    assert ad.hvp(lambda x: ad.sum(x) * 3)(x, x).tolist() == [0] * 3
    assert ad.jvp(lambda x: ad.ones(2), [x], [x])[1].tolist() == [0, 0]
    assert ad.vjp(lambda x: ad.ones(2), x)[1](np.ones(2))[0].tolist() == [0] * 3


def test_the_values_inside_are_those_of_the_call() -> None:
    """Variables are constants here, with the value they had; vectors take the value's dtype."""
    scale = ad.Variable(2.0)
    x = np.array([1.0, 3.0], np.float32)
    _, pull = ad.vjp(lambda x: x * x * scale, x)
    scale.assign(100.0)
    x[:] = 0
    g = pull(np.ones(2))[0]
    assert (g.tolist(), g.dtype) == ([4, 12], np.float32)
    tangent = ad.jvp(lambda x: x * x, [np.float32(3)], [1])[1]
    assert (tangent.dtype, float(tangent)) == (np.float32, 6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ad.jacobian(lambda x: 3.0)(x), TypeError, "jacobian: .* gave float"),
        (lambda x: ad.jacobian(ad.argmax)(x), TypeError, "gave a Tensor of int64"),
        (lambda x: ad.jacobian(ad.sin, 1)(x), ValueError, "argnums 1: there are 1"),
        (lambda x: ad.jacobian(ad.sin)(np.arange(3)), TypeError, "expected floats"),
        (lambda x: ad.hessian(ad.sin)(x), ValueError, "expected a scalar"),
        (lambda x: ad.vjp(ad.sin, x)[1](np.ones(2)), ValueError, r"vjp: .*\(2,\); expected \(3,\)"),
        (lambda x: ad.vjp(lambda x: [x], x)[1](np.ones(3)), ValueError, "another structure"),
        (lambda x: ad.jvp(ad.sin, x, x), TypeError, "primals is ndarray; expected a list"),
        (lambda x: ad.jvp(ad.sin, [x], [1.0]), ValueError, r"jvp: tangents has shape \(\)"),
        (lambda x: ad.jvp(ad.sin, [x], [x, x]), ValueError, "jvp: tangents has another structure"),
        (lambda x: ad.hvp(ad.sum)(), TypeError, "hvp: given no arguments"),
        (lambda x: ad.hvp(ad.sum)(x, 1.0), ValueError, r"hvp: the vector has shape \(\)"),
    ],
)
def test_errors_say_what_was_given(
    call: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(np.ones(3))


@pytest.mark.host
@given(f=functions(), x=tensors(shapes(1, 2, 1)))
def test_flat_programs_give_the_same(f: Any, x: ad.Tensor) -> None:
    def everything(x: Any, v: Any) -> Any:
        def g(x: Any) -> Any:
            return ad.sum(ad.sin(f(x)))

        return (
            *(ad.jacobian(f)(x), ad.jacobian(f, chunk_size=2)(x), ad.hessian(g)(x)),
            *(ad.jvp(f, [x], [v]), ad.vjp(f, x)[1](f(x)), ad.hvp(g)(x, v)),
        )

    v = drawn(3, x.shape)
    flat = ad.function(everything)
    for _ in range(2):
        for a, b in zip(flat(x, v)[:3], everything(x, v)[:3], strict=True):
            near(a, b)
        for a, b in zip(flat(x, v)[3:], everything(x, v)[3:], strict=True):
            near(a[-1] if isinstance(a, tuple) else a, b[-1] if isinstance(b, tuple) else b)
