"""Merging: several inputs to one, where branches of a model meet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, Unpack

import numpy as np

import autodiff as ad
from autodiff import Tensor
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, is_shape


class _Merge(Layer):
    """A function of a list of inputs, element by element; shapes are broadcast to each other."""

    #: how many inputs it takes at most
    most: int | None = None

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """The inputs merged."""
        self._checked(inputs)
        return self.merge(inputs)

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """What becomes of the inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no merge")

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The shape that all are broadcast to."""
        shapes = self._checked(input_shape)
        try:
            return reduce(_broadcast, shapes)
        except ValueError:
            raise ValueError(
                f"layer {self.name!r}: inputs of shapes {shapes} do not go together"
            ) from None

    def _checked(self, inputs: Any) -> list[Any]:
        several = isinstance(inputs, list | tuple) and not is_shape(inputs)
        if not several or len(inputs) < 2 or len(inputs) > (self.most or len(inputs)):
            count = "2" if self.most == 2 else "2 or more"
            given = f"{len(inputs)}" if several else f"one, {inputs!r:.60}"
            raise ValueError(f"layer {self.name!r} takes a list of {count} inputs; given {given}")
        return list(inputs)


class Add(_Merge):
    """The sum of its inputs, element by element.

    >>> Add()([ad.asarray([[1.0, 2.0]]), ad.asarray([[10.0, 20.0]])])
    Tensor([[11., 22.]], dtype=float32)
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """a + b + ..."""
        return reduce(ad.add, inputs)


class Subtract(_Merge):
    """The first of two inputs minus the second.

    >>> Subtract()([ad.asarray([[1.0, 2.0]]), ad.asarray([[10.0, 20.0]])])
    Tensor([[ -9., -18.]], dtype=float32)
    """

    most = 2

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """a − b."""
        return inputs[0] - inputs[1]


class Multiply(_Merge):
    """The product of its inputs, element by element.

    >>> Multiply()([ad.asarray([[1.0, 2.0]]), ad.asarray([[10.0, 20.0]])])
    Tensor([[10., 40.]], dtype=float32)
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """a · b · ..."""
        return reduce(ad.multiply, inputs)


class Average(_Merge):
    """The mean of its inputs, element by element.

    >>> Average()([ad.asarray([[1.0, 2.0]]), ad.asarray([[10.0, 20.0]])])
    Tensor([[ 5.5, 11. ]], dtype=float32)
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """(a + b + ...) / n."""
        return reduce(ad.add, inputs) / len(inputs)


class Maximum(_Merge):
    """The largest of its inputs, element by element.

    >>> Maximum()([ad.asarray([[1.0, 20.0]]), ad.asarray([[10.0, 2.0]])])
    Tensor([[10., 20.]], dtype=float32)
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """max(a, b, ...)."""
        return reduce(ad.maximum, inputs)


class Minimum(_Merge):
    """The smallest of its inputs, element by element.

    >>> Minimum()([ad.asarray([[1.0, 20.0]]), ad.asarray([[10.0, 2.0]])])
    Tensor([[1., 2.]], dtype=float32)
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """min(a, b, ...)."""
        return reduce(ad.minimum, inputs)


class Concatenate(_Merge):
    """Its inputs one after the other along an axis; the other axes are of equal lengths.

    >>> Concatenate()([ad.asarray([[1.0, 2.0]]), ad.asarray([[3.0]])])
    Tensor([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **common: Unpack[Common]) -> None:
        super().__init__(**common)
        self.axis = axis

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """The inputs along the axis."""
        self.compute_output_shape([x.shape for x in inputs])
        return ad.concat(list(inputs), axis=self.axis)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The first input's, with the lengths along the axis added up."""
        shapes = self._checked(input_shape)
        first, ndim = shapes[0], len(shapes[0])
        if not -ndim <= self.axis < ndim:
            raise ValueError(
                f"layer {self.name!r}: axis {self.axis} of inputs of shapes {shapes}; "
                f"expected one from {-ndim} to {ndim - 1}"
            )
        axis = self.axis % ndim
        for shape in shapes:
            if len(shape) != ndim or any(
                n != m and None not in (n, m) and k != axis
                for k, (n, m) in enumerate(zip(shape, first, strict=True))
            ):
                raise ValueError(
                    f"layer {self.name!r}: inputs of shapes {shapes} do not lie side by side "
                    f"along axis {self.axis}"
                )
        lengths = [shape[axis] for shape in shapes if shape[axis] is not None]
        total = sum(lengths) if len(lengths) == len(shapes) else None
        return (*first[:axis], total, *first[axis + 1 :])


def _broadcast(a: Shape, b: Shape) -> Shape:
    """The shape two are broadcast to; an open length stays open."""
    ndim = max(len(a), len(b))
    whole = []
    for n, m in zip((1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b, strict=True):
        if n is None or m is None:
            other = m if n is None else n
            whole.append(None if other in (None, 1) else other)
        else:
            whole.append(int(np.broadcast_shapes((n,), (m,))[0]))
    return tuple(whole)


def add(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Add` as a function."""
    return Add(**common)(list(inputs))


def subtract(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Subtract` as a function."""
    return Subtract(**common)(list(inputs))


def multiply(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Multiply` as a function."""
    return Multiply(**common)(list(inputs))


def average(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Average` as a function."""
    return Average(**common)(list(inputs))


def maximum(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Maximum` as a function."""
    return Maximum(**common)(list(inputs))


def minimum(inputs: Sequence[Any], **common: Unpack[Common]) -> Any:
    """`Minimum` as a function."""
    return Minimum(**common)(list(inputs))


def concatenate(inputs: Sequence[Any], axis: int = -1, **common: Unpack[Common]) -> Any:
    """`Concatenate` as a function."""
    return Concatenate(axis, **common)(list(inputs))
