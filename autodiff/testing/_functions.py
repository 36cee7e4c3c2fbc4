"""Functions under test as functions of float Tensors alone, and their gradients as more of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _nest
from .._backend import as_data
from .._calls import constant
from .._tape import GradientTape
from .._tensor import Tensor
from ._numeric import Array

#: float Tensors to float Tensors
Function = Callable[[Sequence[Tensor]], list[Tensor]]


def prepare(name: str, f: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Function, list[int]]:
    """`f` with its integer and boolean inputs fixed, and the positions of the other inputs.

    Raises:
        TypeError: inputs that are no arrays of numbers, no float among them, or (when the function
            is called) outputs that are no Tensors or hold no floats.
    """
    data = [np.array(x) for x in inputs]
    for k, a in enumerate(data):
        if a.dtype.kind not in "biuf":
            raise TypeError(f"{name}: input {k} has dtype {a.dtype}; expected real numbers")
    places = [k for k, a in enumerate(data) if a.dtype.kind == "f"]
    if not places:
        raise TypeError(
            f"{name}: no input of floats to differentiate by; given {[str(a.dtype) for a in data]}"
        )

    def function(tensors: Sequence[Tensor]) -> list[Tensor]:
        arguments: list[Any] = [None if k in places else constant(a) for k, a in enumerate(data)]
        for k, x in zip(places, tensors, strict=True):
            arguments[k] = x
        outputs = _nest.flatten(f(*arguments))
        for y in outputs:
            if not isinstance(y, Tensor):
                raise TypeError(f"{name}: f returned {type(y).__name__}; expected Tensors")
        floats = [y for y in outputs if y.dtype.kind in "fc"]
        if not floats:
            raise TypeError(f"{name}: f returned no Tensor of floats")
        return floats

    return function, places


def tensors(arrays: Sequence[Array]) -> list[Tensor]:
    """Constants with the arrays' values, in memory of their own."""
    return [constant(as_data(np.array(a))) for a in arrays]


def evaluate(function: Function, arrays: Sequence[Array]) -> list[Array]:
    """The outputs' values."""
    return [np.asarray(y._data) for y in function(tensors(arrays))]


def flat(arrays: Sequence[Array]) -> Array:
    """All elements one after the other."""
    return np.concatenate([a.ravel() for a in arrays]) if arrays else np.zeros(0)


def backward(
    function: Function, xs: Sequence[Tensor], upstream: Sequence[Tensor]
) -> list[Tensor | None]:
    """The gradient of <upstream, function(xs)>."""
    with GradientTape() as tape:
        tape.watch(xs)
        ys = function(xs)
    gradients: list[Tensor | None] = tape.gradient(ys, list(xs), list(upstream))
    return gradients


def derivative(function: Function, count: int) -> Function:
    """The gradient by the first `count` arguments, the rest being the upstream gradients."""

    def gradient(arguments: Sequence[Tensor]) -> list[Tensor]:
        xs, upstream = list(arguments[:count]), list(arguments[count:])
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(xs)
            ys = function(xs)
        gradients: list[Tensor] = tape.gradient(ys, xs, upstream, unconnected_gradients="zero")
        return gradients

    return gradient


def signed(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values of either sign between 0.5 and 1.5: none hides an element by being small."""
    return np.asarray(random.uniform(0.5, 1.5, shape) * random.choice((-1.0, 1.0), shape))
