"""Flatten: each sample as one row."""

from __future__ import annotations

import math

import autodiff as ad
from autodiff import Tensor
from nn.layers._layer import Layer, Shape


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
