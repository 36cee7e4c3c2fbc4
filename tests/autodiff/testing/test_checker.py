"""The checker itself: broken rules are caught, right ones pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import op
from autodiff.engine._samples import binary, unary
from autodiff.testing import GradientError, check_gradients
from tests.autodiff.scratch import scratch_registry

X = np.array([[0.3, -1.2, 0.8], [1.7, 0.4, -0.6]])
Y = np.array([[1.1, 0.7, -0.9], [0.2, -1.4, 0.5]])
SQUARE = np.array([[0.5, -1.0], [0.25, 2.0]])


def values(x: Any) -> Any:
    """The array of a Tensor, whatever records it."""
    return x.numpy() if isinstance(x, ad.Tensor) else x


BIG = np.linspace(-2.0, 2.0, 1000)


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    with scratch_registry():
        yield


def product(**rules: Any) -> Callable[..., Any]:
    @op(**{"broadcast": True, "sample": binary(), **rules})
    def product(_: Any, x: Any, y: Any, /) -> Any:
        """x * y."""
        return x * y

    return product


def larger(**rules: Any) -> Callable[..., Any]:
    @op(**rules, broadcast=True, sample=binary())
    def larger(xp: Any, x: Any, y: Any, /) -> Any:
        """max(x, y)."""
        return xp.maximum(x, y)

    return larger


def times(**rules: Any) -> Callable[..., Any]:
    @op(**rules, sample=binary())
    def times(xp: Any, x: Any, y: Any, /) -> Any:
        """Product of square matrices."""
        return xp.matmul(x, y)

    return times


def sine(**rules: Any) -> Callable[..., Any]:
    @op(**rules, sample=unary())
    def sine(xp: Any, x: Any, /) -> Any:
        """sin(x)."""
        return xp.sin(x)

    return sine


def half_square(**rules: Any) -> Callable[..., Any]:
    @op(**rules, sample=unary())
    def half_square(xp: Any, x: Any, /) -> Any:
        """x² / 2."""
        return x * x * 0.5

    return half_square


def transposed(**rules: Any) -> Callable[..., Any]:
    @op(**rules, sample=unary())
    def transposed(xp: Any, x: Any, /) -> Any:
        """A matrix's transpose."""
        return xp.permute_dims(x, (1, 0))

    return transposed


def normalised(**rules: Any) -> Callable[..., Any]:
    @op(**rules, sample=unary())
    def normalised(xp: Any, x: Any, /) -> Any:
        """softmax of a vector."""
        e = xp.exp(x)
        return e / xp.sum(e)

    return normalised


def right_y(g: Any, x: Any) -> Any:
    return g * x


def right_product() -> Callable[..., Any]:
    return product(x=lambda g, y: g * y, y=right_y)


def right_sine() -> Callable[..., Any]:
    return sine(x=lambda xp, g, x: g * xp.cos(x))


def swap(xp: Any, g: Any) -> Any:
    return xp.permute_dims(g, (*range(g.ndim - 2), g.ndim - 1, g.ndim - 2))


RIGHT = {
    "product": (right_product, (X, Y)),
    "product, broadcast": (right_product, (X, Y[0])),
    "product, large": (right_product, (BIG, BIG[::-1])),
    "times": (
        lambda: times(
            x=lambda xp, g, y: xp.matmul(g, swap(xp, y)),
            y=lambda xp, g, x: xp.matmul(swap(xp, x), g),
        ),
        (SQUARE, SQUARE + 1),
    ),
    "larger, at ties": (
        lambda: larger(
            x=lambda xp, g, x, y: (
                g * xp.astype(x > y, g.dtype) + g * xp.astype(x == y, g.dtype) / 2
            ),
            y=lambda xp, g, x, y: (
                g * xp.astype(y > x, g.dtype) + g * xp.astype(x == y, g.dtype) / 2
            ),
        ),
        (X, X),
    ),
    "sine": (right_sine, (X,)),
    "half square": (lambda: half_square(x=lambda g, x: g * x), (X,)),
    "transposed": (lambda: transposed(x=swap), (X,)),
    "normalised": (
        lambda: normalised(
            x=lambda xp, g, out: out * (g - xp.sum(g * out, axis=-1, keepdims=True))
        ),
        (X[0],),
    ),
}


def order(case: str) -> int:
    return 1 if "ties" in case else 2


@pytest.mark.parametrize("case", RIGHT)
def test_right_rules_pass(case: str) -> None:
    declare, inputs = RIGHT[case]
    check_gradients(declare(), *inputs, order=order(case))


def writes_to_upstream(g: Any, y: Any) -> Any:
    if isinstance(g, np.ndarray):
        g *= y
        return g
    return g * y


def writes_to_input(g: Any, x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x *= 1.5
        return g * x / 1.5
    return g * x


def off_in_one(g: Any, y: Any) -> Any:
    factor = np.ones(y.shape)
    factor.flat[y.size // 2] = 1.001
    return g * (y * factor.astype(y.dtype))


def by_left_axes(xp: Any, g: Any, out: Any) -> Any:
    return out * (g - xp.sum(g * out, axis=0))


#: name -> (the broken op, its inputs, what the error says)
BROKEN: dict[str, tuple[Callable[[], Callable[..., Any]], tuple[Any, ...], str]] = {
    "sign flipped": (
        lambda: product(x=lambda g, y: -g * y, y=right_y),
        (X, Y),
        r"order 1 by input 0 .* a factor of -1; 5 more",
    ),
    "factor 2": (
        lambda: product(x=lambda g, y: g * y, y=lambda g, x: 2 * g * x),
        (X, Y),
        r"order 1 by input 1 .* a factor of 2",
    ),
    "factor 1.00001": (
        lambda: product(x=lambda g, y: g * y, y=lambda g, x: 1.00001 * g * x),
        (X, Y),
        r"order 1 by input 1",
    ),
    "missing un-broadcast": (
        lambda: product(x=lambda g, y: g * y, y=right_y, broadcast=False),
        (X, Y[0]),
        r"input 1 has shape \(2, 3\), float64; expected \(3,\)",
    ),
    "un-broadcast by a mean": (
        lambda: product(
            x=lambda g, y: g * y,
            y=lambda xp, g, x: xp.mean(g * x, axis=-2),
            broadcast=False,
        ),
        (X, Y[0]),
        r"input 1 .* a factor of 0.5",
    ),
    "transposed": (
        lambda: times(
            x=lambda xp, g, y: xp.matmul(g, y),
            y=lambda xp, g, x: xp.matmul(swap(xp, x), g),
        ),
        (SQUARE, SQUARE + 1),
        r"order 1 by input 0 of shape \(2, 2\)",
    ),
    "tie counted twice": (
        lambda: larger(
            x=lambda g, x, out: g * (x == out),
            y=lambda g, y, out: g * (y == out),
        ),
        (X, X),
        r"all inputs moved together.* a factor of 2",
    ),
    "tie lost": (
        lambda: larger(x=lambda g, x, y: g * (x > y), y=lambda g, x, y: g * (y > x)),
        (X, X),
        r"all inputs moved together.*the rules give 0",
    ),
    "detached": (
        lambda: product(x=lambda g, y: g * y),
        (X, Y),
        r"order 1 by input 1 .* the rules give (-)?0, ",
    ),
    "right for an upstream of ones": (  # softmax adds up to 1 whatever x is
        lambda: normalised(x=lambda g: g * 0),
        (X[0],),
        r"order 1 by input 0",
    ),
    "ignores upstream": (
        lambda: sine(x=lambda xp, g, x: xp.cos(x) + 0 * g),
        (X,),
        r"input 0 is not linear in the upstream gradient",
    ),
    "not linear in upstream": (
        lambda: sine(x=lambda xp, g, x: xp.abs(g) * xp.cos(x)),
        (X,),
        r"input 0 is not linear in the upstream gradient",
    ),
    "writes to upstream": (
        lambda: product(x=writes_to_upstream, y=right_y),
        (X, Y),
        r"wrote to the upstream gradients: number 0",
    ),
    "writes to an input": (
        lambda: half_square(x=writes_to_input),
        (X,),
        r"wrote to the inputs: number 0",
    ),
    "hands out an input": (
        lambda: half_square(x=lambda g, x: x),
        (X,),
        r"the gradient by input 0 shares memory with input 0",
    ),
    "hands out its output": (
        lambda: sine(x=lambda xp, g, out: out),
        (X,),
        r"the gradient by input 0 shares memory with output 0",
    ),
    "wrong dtype": (
        lambda: product(x=lambda g, y: g * y, y=lambda g, x: g * np.float64(1) * x),
        (X, Y),
        r"input 1 has shape \(2, 3\), float64; expected \(2, 3\), float32",
    ),
    "cannot take leading axes": (
        lambda: transposed(x=lambda xp, g: xp.permute_dims(g, (1, 0))),
        (X,),
        r"cannot be pulled with leading axes \(2, 2\)",
    ),
    "ignores leading axes": (
        lambda: normalised(x=by_left_axes),
        (X[0, :2],),
        r"by input 0 is .* of leading axes \(2, 2\) upstream, but .* alone",
    ),
    "wrong at second order": (
        lambda: sine(x=lambda xp, g, x: g * np.cos(values(x))),
        (X,),
        r"order 2 by input 0 .* the rules give (-)?0, ",
    ),
    "upstream detached": (
        lambda: product(x=lambda xp, g, y: xp.asarray(values(g)) * y, y=right_y),
        (X, Y),
        r"order 2 by upstream 0 ",
    ),
    "other on Tensors": (
        lambda: sine(
            x=lambda xp, g, x: g * xp.cos(x) * (1 if isinstance(g, np.ndarray) else 1.5),
        ),
        (X,),
        r"with a tape inside another one, but .* otherwise",
    ),
    "off in one element": (
        lambda: product(x=off_in_one, y=right_y),
        (X, Y),
        r"input 0 of shape \(2, 3\), element \(1, 0\): .* a factor of 1.001$",
    ),
    "off in one element of many": (
        lambda: product(x=off_in_one, y=right_y),
        (BIG, BIG[::-1]),
        r"input 0 ",
    ),
    "not a number": (
        lambda: sine(x=lambda g, x: g * (x - x) / (x - x)),
        (X,),
        r"the rules give nan",
    ),
}


@pytest.mark.host
@pytest.mark.parametrize("case", BROKEN)
def test_broken_rules_are_caught(case: str) -> None:
    declare, inputs, message = BROKEN[case]
    broken = declare()
    with pytest.raises(GradientError, match=message):
        check_gradients(broken, *inputs, order=order(case))
