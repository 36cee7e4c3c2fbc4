"""What an op's gradient checks call it with: inputs and statics drawn at random.

A sample is a function `sample(draw) -> (inputs, statics)`. `draw` is a `Draw`: random choices that
Hypothesis makes (and shrinks) in the test suite, or a NumPy generator anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

Arrays = tuple[Any, ...]
Sample = Callable[["Draw"], tuple[Arrays, dict[str, Any]]]
T = TypeVar("T")


class Source(Protocol):
    """Where random choices come from."""

    def integer(self, low: int, high: int) -> int:
        """An integer, both ends included."""

    def seed(self) -> int:
        """A seed for an array's values."""


class Draw:
    """Random shapes, axes and arrays, as ops need them."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def integer(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return self.source.integer(low, high)

    def boolean(self) -> bool:
        """True or False."""
        return bool(self.integer(0, 1))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def shape(self, low: int = 0, high: int = 3, side: int = 0) -> tuple[int, ...]:
        """Between `low` and `high` axes of length `side` to 3; empty arrays are rare."""
        n = self.integer(low, high)
        return tuple(max(side, self.choice((1, 2, 3, 2, 3, 1, 0))) for _ in range(n))

    def shapes(self, count: int) -> list[tuple[int, ...]]:
        """Shapes that broadcast together: axes missing on the left or of length 1."""
        full = self.shape()
        shapes = [full]
        for _ in range(count - 1):
            cut = full[self.integer(0, len(full)) :]
            shapes.append(tuple(1 if self.integer(0, 2) == 0 else n for n in cut))
        if self.boolean():
            shapes.reverse()
        return shapes

    def array(
        self,
        shape: tuple[int, ...],
        low: float = -2.0,
        high: float = 2.0,
        avoid: Sequence[float] = (),
        distinct: bool = False,
    ) -> Any:
        """float64 values between `low` and `high`, at least 0.05 from what is to be avoided.

        With `distinct` no two are closer than 0.05, as kinks between elements need.
        """
        random = np.random.default_rng(self.source.seed())
        if distinct:
            n = max(1, int(np.prod(shape)))
            step = max(0.1, (high - low) / n)
            values = (low + step * (np.arange(n) + random.uniform(0.0, 0.45, n)))[
                : int(np.prod(shape))
            ]
            values = random.permutation(values).reshape(shape)
        else:
            values = random.uniform(low, high, shape)
        for bad in avoid:
            near = np.abs(values - bad) < 0.05
            values = np.where(near, bad + np.where(values < bad, -0.1, 0.1), values)
        return np.asarray(values, np.float64)

    def axis(self, ndim: int) -> int:
        """One axis of an array that has some, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> Any:
        """None, one axis, or a tuple of different ones."""
        kind = self.integer(0, 2)
        if kind == 0 or not ndim:
            return None
        if kind == 1:
            return self.axis(ndim)
        return tuple(k - ndim if self.boolean() else k for k in range(ndim) if self.boolean())


def unary(low: float = -2.0, high: float = 2.0, avoid: Sequence[float] = ()) -> Sample:
    """One array of any shape."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        return (draw.array(draw.shape(), low, high, avoid),), {}

    return sample


def binary(
    x: tuple[float, float] = (-2.0, 2.0),
    y: tuple[float, float] = (-2.0, 2.0),
    y_avoid: Sequence[float] = (),
    apart: bool = False,
) -> Sample:
    """Two arrays that broadcast; with `apart` no element of one is near one of the other."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        a, b = draw.shapes(2)
        first = draw.array(a, *x)
        second = draw.array(b, *y, avoid=y_avoid)
        if apart:  # on two grids half a step from each other
            first, second = np.round(first, 1), np.round(second, 1) + 0.05
        return (first, second), {}

    return sample


def integers(count: int) -> Sample:
    """Arrays of integers that broadcast."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        arrays = [draw.array(shape, -9.0, 9.0).astype(np.int64) for shape in draw.shapes(count)]
        return tuple(arrays), {}

    return sample


def wholes(count: int) -> Sample:
    """Floats that broadcast, small whole numbers, so that there are equal ones and zeros."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        return tuple(np.round(draw.array(shape, -1.4, 2.4)) for shape in draw.shapes(count)), {}

    return sample


def whole_reduction(one_axis: bool = False) -> Sample:
    """Small whole numbers with axis and keepdims; with `one_axis` an axis, or None for all."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        shape = draw.shape(side=1 if one_axis else 0)
        axis = draw.axes(len(shape))
        if one_axis and axis is not None:
            axis = draw.axis(len(shape))
        x = np.round(draw.array(shape, -1.4, 2.4))
        return (x,), {"axis": axis, "keepdims": draw.boolean()}

    return sample


def reduction(distinct: bool = False, side: int = 0, one_axis: bool = False) -> Sample:
    """One array with axis and keepdims; `side` 1 where empty axes have no result."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        shape = draw.shape(1 if one_axis else 0, side=side)
        axis = draw.axis(len(shape)) if one_axis else draw.axes(len(shape))
        statics = {"axis": axis} if one_axis else {"axis": axis, "keepdims": draw.boolean()}
        return (draw.array(shape, distinct=distinct),), statics

    return sample
