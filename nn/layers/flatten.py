"""Flatten and Reshape: the same numbers in another shape."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Unpack

import autodiff as ad
from autodiff import Tensor
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape


class Flatten(Layer):
    """(N, ...) -> (N, product of the rest), row-major; (N,) -> (N, 1).

    >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    Tensor([[1., 2., 3., 4.]], dtype=float32)
    """

    def call(self, x: Tensor) -> Tensor:
        """x as rows."""
        return x if x.ndim == 2 else ad.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, product of the rest)."""
        lengths = [n for n in input_shape[1:] if n is not None]
        whole = len(lengths) == len(input_shape) - 1
        return input_shape[0], math.prod(lengths) if whole else None


class Reshape(Layer):
    """(N, ...) -> (N, *target_shape), row-major.

    target_shape: without the batch axis; one -1 stands for what is left.

    Raises ValueError for an input with another number of elements.

    >>> Reshape((2, -1))([[1.0, 2.0, 3.0, 4.0]])
    Tensor([[[1., 2.],
             [3., 4.]]], dtype=float32)
    """

    def __init__(self, target_shape: Sequence[int], **common: Unpack[Common]) -> None:
        super().__init__(**common)
        self.target_shape = tuple(map(operator.index, target_shape))
        if self.target_shape.count(-1) > 1 or any(n < -1 or n == 0 for n in self.target_shape):
            raise ValueError(
                f"layer {self.name!r}: target_shape holds lengths of 1 or more and at most one -1, "
                f"got {target_shape}"
            )

    def call(self, x: Tensor) -> Tensor:
        """x in the target shape."""
        return ad.reshape(x, (x.shape[0], *self._target(x.shape)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *target_shape), with what stands for -1 where it is known."""
        return (input_shape[0], *self._target(input_shape))

    def _target(self, input_shape: Shape) -> Shape:
        target = self.target_shape
        lengths = [n for n in input_shape[1:] if n is not None]
        if len(lengths) < len(input_shape) - 1:
            return tuple(None if n == -1 else n for n in target)
        size, said = math.prod(lengths), math.prod(n for n in target if n != -1)
        if size % said or (-1 not in target and size != said):
            raise ValueError(
                f"layer {self.name!r}: input of shape {input_shape}; "
                f"{size} numbers do not fill {(None, *target)}"
            )
        return tuple(size // said if n == -1 else n for n in target)
