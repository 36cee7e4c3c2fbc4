"""Layers that are one function: Rescaling and Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from autodiff import Tensor
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, is_shape


class Rescaling(Layer):
    """x · scale + offset: pixels from 0 to 255 as numbers from 0 to 1 by `Rescaling(1 / 255)`.

    scale, offset: numbers.

    >>> Rescaling(1 / 127.5, offset=-1.0)([[0, 255]])
    Tensor([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0, **common: Unpack[Common]) -> None:
        super().__init__(**common)
        self.scale, self.offset = float(scale), float(offset)

    def call(self, x: Tensor) -> Tensor:
        """x · scale + offset."""
        return x * self.scale + self.offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Lambda(Layer):
    """Any function of Tensors as a layer; it has no Variables of its own.

    function: of what the layer is called on.
    output_shape: the output's shape without the batch axis, or a function of the input's shape;
        if not given the function is tried out.
    arguments: keyword arguments of the function.

    >>> import autodiff as ad
    >>> Lambda(lambda x: ad.sum(x, axis=-1))([[1.0, 2.0]])
    Tensor([3.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        if not callable(function):
            raise TypeError(f"layer {self.name!r}: expected a function, got {function!r:.60}")
        self.function = function
        self.output_shape = output_shape
        self.arguments = dict(arguments or {})

    def call(self, x: Any) -> Any:
        """The function of x."""
        return self.function(x, **self.arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As it was said, or as the function gives it."""
        said = self.output_shape
        if said is None:
            return super().compute_output_shape(input_shape)
        if callable(said):
            return said(input_shape)
        batch = input_shape[0] if is_shape(input_shape) else None
        return (batch, *said)
