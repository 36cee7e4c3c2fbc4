"""Conv2D: the same filters at every place of an image."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Unpack

import autodiff as ad
from autodiff import Tensor
from nn import activations
from nn.layers import _images
from nn.layers._images import Sizes
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, known


class Conv2D(Layer):
    """activation(conv2d(x, kernel) + bias) of images: (N, H, W, C) -> (N, Ho, Wo, filters).

    kernel: (kh, kw, C / groups, filters); bias: (filters,). The formula is `autodiff.conv2d`'s.

    filters: how many maps come out, a multiple of groups.
    kernel_size, strides, dilation_rate: for rows and columns, or one number for both.
    padding: "valid", "same", or integers, as in `autodiff.conv2d`.
    data_format: "channels_last", the only one there is.
    groups: filters of a group see the channels of that group; a divisor of C.
    activation: a name, a function or None; see `nn.activations`.
    kernel_initializer, bias_initializer: names or functions; see `nn.initializers`.
    kernel_regularizer, bias_regularizer: names or functions; see `nn.regularizers`.

    Raises ValueError for images that are smaller than a window, or of other channels than the
    kernel was made for.

    >>> layer = Conv2D(6, 5, padding="same", activation="relu")
    >>> layer.compute_output_shape((None, 28, 28, 1))
    (None, 28, 28, 6)
    >>> layer.build_for((None, 28, 28, 1))
    >>> [(v.name, v.shape) for v in layer.weights]
    [('conv2d/kernel', (5, 5, 1, 6)), ('conv2d/bias', (6,))]

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition" (1998),
    section II.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
        groups: int = 1,
        activation: str | Callable[[Tensor], Tensor] | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Callable[..., Any] = "glorot_uniform",
        bias_initializer: str | Callable[..., Any] = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        self.filters, self.groups = _count(self, "filters", filters), _count(self, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"layer {self.name!r}: filters must be a multiple of groups; "
                f"got {self.filters} and {self.groups}"
            )
        self.kernel_size = _images.pair(self, "kernel_size", kernel_size)
        self.strides = _images.pair(self, "strides", strides)
        self.padding = _images.padding(self, padding)
        _images.channels_last(self, data_format)
        self.dilation_rate = _images.pair(self, "dilation_rate", dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias."""
        _images.expect_images(self, input_shape)
        channels = known(input_shape[-1:], self.name)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r}: {channels} channels do not make {self.groups} groups"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                name="bias",
            )

    def call(self, x: Tensor) -> Tensor:
        """activation(conv2d(x, kernel) + bias)."""
        if x.ndim != 4 or x.shape[-1] != self.kernel.shape[2] * self.groups:
            self.compute_output_shape(x.shape)
        y = ad.conv2d(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)
        if self.use_bias:
            y = y + self.bias
        return self.activation(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, Ho, Wo, filters)."""
        size = _images.size_of_maps(
            self, input_shape, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        if self.built and input_shape[-1] != self.kernel.shape[2] * self.groups:
            raise ValueError(
                f"layer {self.name!r}: input of shape {input_shape}; expected "
                f"{self.kernel.shape[2] * self.groups} channels, as its kernel is "
                f"{self.kernel.shape}"
            )
        return (input_shape[0], *size, self.filters)


def _count(layer: Layer, name: str, value: Any) -> int:
    """An integer from 1 up."""
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"layer {layer.name!r}: {name} must be an integer, got {value!r}") from None
    if count < 1:
        raise ValueError(f"layer {layer.name!r}: {name} must be at least 1, got {count}")
    return count
