"""Activation: an activation function as a layer of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from autodiff import Tensor
from nn import activations
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape


class Activation(Layer):
    """activation(x), of x's shape.

    activation: a name, a function or None; see `nn.activations`.

    >>> Activation("relu")([[-1.0, 2.0]])
    Tensor([[0., 2.]], dtype=float32)
    """

    def __init__(
        self, activation: str | Callable[[Tensor], Tensor] | None, **common: Unpack[Common]
    ) -> None:
        super().__init__(**common)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        """The activation function of x."""
        return self.activation(x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape
