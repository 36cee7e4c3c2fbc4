"""custom_gradient, stop_gradient, value_and_grad and grad."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import GradientTape, Tensor, Variable
from autodiff.testing import check_gradients


@ad.custom_gradient
def softplus(x: Tensor) -> Any:
    e = ad.exp(x)
    return ad.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))


@ad.custom_gradient
def product(x: Tensor, y: Tensor) -> Any:
    return x * y, lambda upstream: (upstream * y, upstream * x)


@ad.custom_gradient
def sum_and_product(x: Tensor, y: Tensor) -> Any:
    def gradient(by_sum: Tensor, by_product: Tensor) -> tuple[Tensor, Tensor]:
        return by_sum + by_product * y, by_sum + by_product * x

    return (x + y, x * y), gradient


def test_custom_gradients_pass_the_checks_twice() -> None:
    x, y = np.array([0.3, -1.2]), np.array([0.7, 2.0])
    check_gradients(softplus, x, order=2)
    check_gradients(product, x, y, order=2)
    check_gradients(lambda a, b: sum_and_product(a, b)[0] * sum_and_product(a, b)[1], x, y, order=2)


@pytest.mark.parametrize("persistent", [False, True])
def test_one_of_several_outputs(persistent: bool) -> None:
    x, y = Variable(3.0), Variable(5.0)
    with GradientTape(persistent=persistent) as tape:
        _, p = sum_and_product(x, y)
        z = 2 * p
    assert [float(g) for g in tape.gradient(z, [x, y])] == [10.0, 6.0]


def test_the_rule_is_what_counts() -> None:
    @ad.custom_gradient
    def clipped(x: Tensor) -> Any:
        return x * x, lambda upstream: ad.clip(upstream, -1.0, 1.0)

    x = Variable([3.0, 4.0])
    with GradientTape() as tape:
        y = 10 * clipped(x)
    assert tape.gradient(y, x).tolist() == [1.0, 1.0]


def test_a_jacobian_calls_the_rule_row_by_row() -> None:
    x = Variable(np.array([0.3, -1.2, 2.0]))
    with GradientTape(persistent=True) as tape:
        y = softplus(x) * ad.sum(x)
        z = (ad.log(1 + ad.exp(x))) * ad.sum(x)
    np.testing.assert_allclose(tape.jacobian(y, x).numpy(), tape.jacobian(z, x).numpy(), rtol=1e-14)


def test_gradients_do_not_alias_what_the_rule_gave_back() -> None:
    held = ad.asarray(np.ones(2))

    @ad.custom_gradient
    def odd(x: Tensor) -> Any:
        return x * 1.0, lambda upstream: held

    x = Variable(np.zeros(2))
    with GradientTape() as tape:
        y = odd(x)
    g = tape.gradient(y, x)
    assert not np.shares_memory(g._data, held._data)


def test_none_is_no_gradient() -> None:
    @ad.custom_gradient
    def first(x: Tensor, y: Tensor) -> Any:
        return x * y, lambda upstream: (upstream, None)

    x, y = Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        z = first(x, y)
    gx, gy = tape.gradient(z, [x, y])
    assert float(gx) == 1.0
    assert gy is None


def test_outside_a_tape_it_is_the_function() -> None:
    assert float(product(2.0, 3.0)) == 6.0
    assert [float(v) for v in sum_and_product(2.0, 3.0)] == [5.0, 6.0]


def test_mistakes_are_named() -> None:
    w = Variable(2.0, name="w")

    @ad.custom_gradient
    def hidden(x: Tensor) -> Any:
        return x * w, lambda upstream: upstream

    @ad.custom_gradient
    def too_many(x: Tensor) -> Any:
        return x * 1.0, lambda upstream: (upstream, upstream)

    @ad.custom_gradient
    def misshapen(x: Tensor) -> Any:
        return x * 1.0, lambda upstream: ad.ones((3,))

    @ad.custom_gradient
    def alone(x: Tensor) -> Any:
        return x

    x = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        with pytest.raises(TypeError, match="reads Variable 'w'"):
            hidden(x)
        with pytest.raises(TypeError, match=r"expected \(value, gradient function\)"):
            alone(x)
        y, z = too_many(x), misshapen(x)
    with pytest.raises(ValueError, match="gave 2 gradients for 1 arguments"):
        tape.gradient(y, x)
    with pytest.raises(ValueError, match=r"argument 0 has shape \(3,\); the argument has \(2,\)"):
        tape.gradient(z, x)


def test_value_and_grad() -> None:
    def f(parameters: dict[str, Any], x: Any, scale: float = 1.0) -> Any:
        return ad.sum(parameters["w"] * x) * scale + parameters["b"]

    parameters = {"w": np.array([1.0, 2.0]), "b": Variable(np.float64(3.0))}
    value, gradient = ad.value_and_grad(f)(parameters, np.array([4.0, 5.0]), scale=2.0)
    assert float(value) == 31.0
    assert gradient["w"].tolist() == [8.0, 10.0]
    assert float(gradient["b"]) == 1.0
    gx, (gw) = ad.grad(lambda x, w: ad.sum(x * x * w), argnums=(0, 1))(
        np.array([1.0, 2.0]), np.array([3.0, 4.0])
    )
    assert gx.tolist() == [6.0, 16.0]
    assert gw.tolist() == [1.0, 4.0]


def test_grad_nests_and_joins_an_outer_tape() -> None:
    third = ad.grad(ad.grad(ad.grad(lambda x: x**4)))
    assert float(third(2.0)) == 48.0
    x = Variable(2.0)
    with GradientTape() as tape:
        y = ad.grad(lambda v: v**3)(x)
    assert float(tape.gradient(y, x)) == 12.0


def test_grad_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"gave shape \(2,\); expected a scalar"):
        ad.grad(lambda x: x)(np.ones(2))
    with pytest.raises(ValueError, match="argnums 1: there are 1 positional"):
        ad.grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(TypeError, match="int64"):
        ad.grad(lambda x: x)(1)
    assert float(ad.grad(lambda x: 3.0 * ad.stop_gradient(x))(1.0)) == 0.0
