"""Dense: every output depends on every input."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Unpack

from autodiff import Tensor
from nn import activations
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, known


class Dense(Layer):
    """activation(x · kernel + bias) along the last axis.

    x: (N, ..., d); kernel: (d, units); bias: (units,); output: (N, ..., units).
    units: width of the output, at least 1.
    activation: a name, a function or None; see `nn.activations`.
    kernel_initializer, bias_initializer: names or functions; see `nn.initializers`.
    kernel_regularizer, bias_regularizer: names or functions; see `nn.regularizers`.
    input_dim: d, as a short form of input_shape (d,).

    Raises ValueError for inputs whose last axis is not the one the kernel was made for.

    >>> layer = Dense(2, activation="relu", kernel_initializer="ones")
    >>> layer([[1.0, 2.0, 3.0]])
    Tensor([[6., 6.]], dtype=float32)
    >>> [(v.name, v.shape) for v in layer.variables]
    [('dense/kernel', (3, 2)), ('dense/bias', (2,))]
    """

    def __init__(
        self,
        units: int,
        activation: str | Callable[[Tensor], Tensor] | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Callable[..., Any] = "glorot_uniform",
        bias_initializer: str | Callable[..., Any] = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        input_dim: int | None = None,
        **common: Unpack[Common],
    ) -> None:
        if input_dim is not None:
            common["input_shape"] = (input_dim,)
        super().__init__(**common)
        try:
            self.units = operator.index(units)
        except TypeError:
            raise TypeError(
                f"layer {self.name!r}: units must be an integer, got {units!r}"
            ) from None
        if self.units < 1:
            raise ValueError(f"layer {self.name!r}: units must be at least 1, got {units}")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias."""
        if len(input_shape) < 2:
            raise ValueError(
                f"layer {self.name!r}: input of shape {input_shape}; expected (batch, features)"
            )
        features = known(input_shape[-1:], self.name)
        self.kernel = self.add_weight(
            (features, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                name="bias",
            )

    def call(self, x: Tensor) -> Tensor:
        """activation(x · kernel + bias)."""
        if x.ndim < 2 or x.shape[-1] != self.kernel.shape[0]:
            self.compute_output_shape(x.shape)
        z = x @ self.kernel
        if self.use_bias:
            z = z + self.bias
        return self.activation(z)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, ..., units)."""
        if self.built and (len(input_shape) < 2 or input_shape[-1] != self.kernel.shape[0]):
            raise ValueError(
                f"layer {self.name!r}: input of shape {input_shape}; "
                f"expected {(None, self.kernel.shape[0])}, as its kernel is {self.kernel.shape}"
            )
        return (*input_shape[:-1], self.units)
