"""Activation: an activation function as a layer of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import Tensor
from nn import activations
from nn.layers._layer import Layer


class Activation(Layer):
    """activation(x), of x's shape.

    activation: a name, a function or None; see `nn.activations`.

    >>> Activation("relu")([[-1.0, 2.0]])
    Tensor([[0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        activation: str | Callable[[Tensor], Tensor] | None,
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
        dtype: Any = "float32",
    ) -> None:
        super().__init__(name, input_shape, dtype)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        """The activation function of x."""
        return self.activation(x)
