"""Embedding: a vector of its own for every index."""

from __future__ import annotations

import operator
from typing import Any, Unpack

import autodiff as ad
from autodiff import Tensor
from autodiff.engine._calls import cast as in_dtype
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape


class Embedding(Layer):
    """The row of a table for each index: indices of any shape (...) give (..., output_dim).

    input_dim: how many rows there are, output_dim: how long each is.
    embeddings_initializer, embeddings_regularizer: names or functions of the table.

    Indices are integers, or whole floats, from 0 to input_dim − 1. Raises ValueError for others.

    >>> layer = Embedding(3, 2, embeddings_initializer="ones")
    >>> layer([[0, 2]]).shape, [v.name for v in layer.variables]
    ((1, 2, 2), ['embedding/embeddings'])
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        self.input_dim, self.output_dim = operator.index(input_dim), operator.index(output_dim)
        if min(self.input_dim, self.output_dim) < 1:
            raise ValueError(
                f"layer {self.name!r}: input_dim and output_dim must be at least 1, "
                f"got {input_dim} and {output_dim}"
            )
        self.embeddings_initializer = embeddings_initializer
        self.embeddings_regularizer = embeddings_regularizer

    def cast(self, x: Tensor) -> Tensor:
        """Indices as integers."""
        if x.dtype.kind not in "iuf":
            raise TypeError(f"layer {self.name!r}: input of dtype {x.dtype}; expected indices")
        return x

    def build(self, input_shape: Shape) -> None:
        """Make the table."""
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            name="embeddings",
            autocast=False,
        )

    def call(self, x: Tensor) -> Tensor:
        """The rows."""
        if x.dtype.kind == "f":
            x = ad.astype(x, "int64")
        rows = ad.one_hot(ad.check_labels(x, self.input_dim), self.input_dim, self.dtype)
        return in_dtype(rows @ self.embeddings, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(..., output_dim)."""
        return (*input_shape, self.output_dim)
