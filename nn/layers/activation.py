"""Activation functions as layers of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Unpack

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


class ReLU(Activation):
    """x above the threshold, negative_slope · (x − threshold) below, max_value at most.

    Raises ValueError for a max_value, slope or threshold below 0.

    >>> ReLU(max_value=2.0)([[-1.0, 1.0, 3.0]])
    Tensor([[0., 1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        given: dict[str, Any] = {
            "max_value": max_value,
            "negative_slope": negative_slope,
            "threshold": threshold,
        }
        for name, value in given.items():
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must be 0 or more, got {value}")
        super().__init__(partial(activations.relu, **given), **common)


class LeakyReLU(Activation):
    """x where it is positive, else negative_slope · x.

    >>> LeakyReLU()([[-1.0, 1.0]])
    Tensor([[-0.3,  1. ]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **common: Unpack[Common]) -> None:
        if not negative_slope >= 0:
            raise ValueError(f"negative_slope must be 0 or more, got {negative_slope}")
        super().__init__(partial(activations.leaky_relu, negative_slope=negative_slope), **common)


class Softmax(Activation):
    """Probabilities along an axis: exp(x), divided by its sum.

    >>> Softmax()([[0.0, 0.0]])
    Tensor([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **common: Unpack[Common]) -> None:
        super().__init__(partial(activations.softmax, axis=axis), **common)
