"""Functions under test as functions of float Tensors alone, and their gradients as more of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import _nest
from ..arrays._backend import as_data
from ..arrays._device import here, host
from ..engine._calls import constant
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ._numeric import Array

#: float Tensors to float Tensors
Function = Callable[[Sequence[Tensor]], list[Tensor]]


class Prepared(NamedTuple):
    """A function of real Tensors, where to check it, and whether it is one of real numbers."""

    function: Function
    arrays: list[Array]
    labels: list[str]
    real: bool


def prepare(name: str, f: Callable[..., Any], inputs: Sequence[Any]) -> Prepared:
    """`f` with integer and boolean inputs fixed, complex ones as their real and imaginary parts.

    So are complex outputs: whatever is asked of a gradient is asked of real functions.

    Raises:
        TypeError: inputs that are no arrays of numbers, no float among them, or outputs that are no
            Tensors or hold no floats.
    """
    data = [np.array(x) for x in inputs]
    arrays: list[Array] = []
    labels: list[str] = []
    for k, a in enumerate(data):
        if a.dtype.kind not in "biufc":
            raise TypeError(f"{name}: input {k} has dtype {a.dtype}; expected numbers")
        if a.dtype.kind == "f":
            arrays.append(a.astype(np.float64))
            labels.append(f"input {k}")
        elif a.dtype.kind == "c":
            arrays += [a.real.astype(np.float64), a.imag.astype(np.float64)]
            labels += [f"the real part of input {k}", f"the imaginary part of input {k}"]
    if not arrays:
        raise TypeError(
            f"{name}: no input of floats to differentiate by; given {[str(a.dtype) for a in data]}"
        )

    def whole(tensors: Sequence[Tensor]) -> list[Tensor]:
        rest = iter(tensors)
        arguments: list[Any] = []
        for a in data:
            if a.dtype.kind == "f":
                arguments.append(next(rest))
            elif a.dtype.kind == "c":
                part = next(rest)
                arguments.append(part + next(rest) * 1j)
            else:
                arguments.append(constant(here(a)))
        outputs = _nest.flatten(f(*arguments))
        for y in outputs:
            if not isinstance(y, Tensor):
                raise TypeError(f"{name}: f returned {type(y).__name__}; expected Tensors")
        floats = [y for y in outputs if y.dtype.kind in "fc"]
        if not floats:
            raise TypeError(f"{name}: f returned no Tensor of floats")
        return floats

    kinds = [y.dtype.kind for y in whole(tensors(arrays))]
    if "c" not in kinds:
        return Prepared(whole, arrays, labels, not any(a.dtype.kind == "c" for a in data))

    def parts(tensors: Sequence[Tensor]) -> list[Tensor]:
        pairs = [
            ((y,) if k == "f" else (y.real, y.imag))
            for y, k in zip(whole(tensors), kinds, strict=True)
        ]
        return [part for pair in pairs for part in pair]

    return Prepared(parts, arrays, labels, False)


def tensors(arrays: Sequence[Array]) -> list[Tensor]:
    """Constants with the arrays' values, in memory of their own."""
    return [constant(here(as_data(np.array(a)))) for a in arrays]


def evaluate(function: Function, arrays: Sequence[Array]) -> list[Array]:
    """The outputs' values."""
    return [np.asarray(host(y._data)) for y in function(tensors(arrays))]


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
