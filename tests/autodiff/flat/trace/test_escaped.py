"""Tensors that outlive the call in which they were traced: every use of them says so."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._graph import thread

A = np.arange(6, dtype=np.float32).reshape(2, 3)
RNG = ad.random.default_rng(0)

KEEP: dict[str, Callable[[Any], Any]] = {
    "argument": lambda x: x,
    "unary": ad.tanh,
    "unary with statics": lambda x: ad.sum(x, axis=0),
    "binary": lambda x: x * 2,
    "reflected": lambda x: 1 - x,
    "general": lambda x: ad.where(x > 2, x, 0.0),
    "variadic": lambda x: ad.concat([x, x]),
    "view": lambda x: x.T,
    "item": lambda x: x[0],
    "integers": lambda x: ad.argmax(x, axis=0),
    "scalar": ad.sum,
    "numpy's function": np.tanh,
    "copy": copy.copy,
    "deep copy": lambda x: copy.deepcopy([x])[0],
    "copy of a result": lambda x: copy.copy(x * 2),
    "draw": lambda x: RNG.normal(size=(2, 3)),
    "output of a custom gradient": ad.custom_gradient(lambda x: (x * 2, lambda g: g)),
}
USE: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda x: x.numpy(),
    "asarray": np.asarray,
    "float": float,
    "bool": bool,
    "operator": lambda x: x + 1,
    "reflected": lambda x: 1 + x,
    "array": lambda x: np.ones(3) * x,
    "unary": ad.tanh,
    "reduction": ad.sum,
    "variadic": lambda x: ad.concat([x, x]),
    "where": lambda x: ad.where(x > 2, x, 0.0),
    "matmul": lambda x: x @ x,
    "index": lambda x: x[0],
    "shape": lambda x: x.shape,
    "length": len,
    "Variable": ad.Variable,
    "Tensor": ad.Tensor,
    "NumPy function": np.tanh,
    "in a function": lambda x: ad.function(lambda y: y + x)(A),
    "as an argument": lambda x: ad.function(lambda y: y)(x),
    "in a tape": lambda x: ad.grad(lambda y: ad.sum(x * y))(A),
    "assign": lambda x: ad.Variable(A).assign(x),
    "copy": lambda x: copy.copy(x).numpy(),
}


@pytest.mark.parametrize("how", KEEP)
def test_every_kind_of_tensor_that_is_kept_says_so(how: str) -> None:
    kept: list[Any] = []

    @ad.function
    def f(x: Any) -> Any:
        kept.append(KEEP[how](x))
        return x * 2.0

    expected = 2 * A
    for _ in range(2):
        np.testing.assert_array_equal(f(A).numpy(), expected)
    (escaped,) = kept
    with pytest.raises(ad.TracingError, match="kept beyond the call of 'f'"):
        escaped.numpy()
    assert repr(escaped) == "Tensor(<escaped>)"


@pytest.mark.parametrize("how", USE)
def test_every_use_of_a_tensor_that_was_kept_says_so(how: str) -> None:
    kept: list[Any] = []

    @ad.function
    def f(x: Any) -> Any:
        hidden = ad.tanh(x)
        kept.append(hidden)
        return hidden

    f(A)
    with pytest.raises(ad.TracingError, match=r"'hidden', a Tensor of shape .* made by tanh") as e:
        USE[how](kept[0])
    assert "Return it from 'f', or assign it to a Variable" in str(e.value)
    assert thread.graph is None


def test_what_is_returned_may_be_kept_too() -> None:
    kept: list[Any] = []

    @ad.function
    def f(x: Any) -> Any:
        y = x * 2.0
        kept.append(y)
        return y

    y = f(A)
    np.testing.assert_array_equal(y.numpy(), 2 * A)
    with pytest.raises(ad.TracingError, match="kept beyond"):
        kept[0].numpy()


def test_tensors_that_belong_to_no_call_may_be_kept() -> None:
    kept: list[Any] = []

    @ad.function
    def f(x: Any) -> Any:
        kept.append(ad.arange(3) * 2)
        return x + kept[0]

    for _ in range(2):
        np.testing.assert_array_equal(f(A).numpy(), A + np.array([0, 2, 4]))
    np.testing.assert_array_equal(kept[0].numpy(), [0, 2, 4])


def test_a_failed_trace_leaves_nothing_behind() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * 2)
        raise KeyError("mine")

    with pytest.raises(KeyError):
        ad.function(f)(A)
    with pytest.raises(ad.TracingError, match="kept beyond"):
        kept[0].numpy()


def test_tensors_kept_from_an_earlier_trace() -> None:
    seen: list[Any] = []

    @ad.function
    def f(x: Any) -> Any:
        seen.append(x)
        return ad.sum(x) + ad.sum(seen[0])

    f(A)
    with pytest.raises(ad.TracingError, match="given as an argument, was kept beyond"):
        f(A[:1])  # another signature: traced again


def test_a_tape_that_is_kept() -> None:
    tapes: list[ad.GradientTape] = []
    v = ad.Variable(A)

    @ad.function
    def f(x: Any) -> Any:
        with ad.GradientTape(persistent=True) as tape:
            y = ad.sum(v * x)
        tapes.append(tape)
        return y

    y = f(A)
    with pytest.raises(ad.TracingError, match="traced, which has ended"):
        tapes[0].gradient(y, v)
