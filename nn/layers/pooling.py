"""Pooling: one number for every window of an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import autodiff as ad
from autodiff import Tensor
from nn import activations
from nn.layers import _images
from nn.layers._images import Sizes
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, known


class _Pooling(Layer):
    """(N, H, W, C) -> (N, Ho, Wo, C)."""

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        self.pool_size = _images.pair(self, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else _images.pair(self, "strides", strides)
        self.padding = _images.padding(self, padding)
        _images.channels_last(self, data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, Ho, Wo, C)."""
        size = _images.size_of_maps(
            self, input_shape, self.pool_size, self.strides, self.padding, (1, 1)
        )
        return (input_shape[0], *size, input_shape[3])


class MaxPooling2D(_Pooling):
    """The largest element of every window: (N, H, W, C) -> (N, Ho, Wo, C).

    pool_size: of a window, for rows and columns, or one number for both.
    strides: from window to window; pool_size by default.
    padding: "valid", "same", or integers; padding is never the largest.
    data_format: "channels_last", the only one there is.

    Raises ValueError for images that are smaller than a window.

    >>> MaxPooling2D()([[[[1.0], [5.0]], [[3.0], [2.0]]]])
    Tensor([[[[5.]]]], dtype=float32)
    """

    def call(self, x: Tensor) -> Tensor:
        """The largest elements."""
        _images.expect_images(self, x.shape)
        return ad.max_pool2d(x, self.pool_size, self.strides, self.padding)


class AveragePooling2D(_Pooling):
    """The mean of every window, padding left out: (N, H, W, C) -> (N, Ho, Wo, C).

    The arguments are those of `MaxPooling2D`.

    >>> AveragePooling2D()([[[[1.0], [5.0]], [[3.0], [2.0]]]])
    Tensor([[[[2.75]]]], dtype=float32)
    """

    def call(self, x: Tensor) -> Tensor:
        """The means."""
        _images.expect_images(self, x.shape)
        return ad.avg_pool2d(x, self.pool_size, self.strides, self.padding)


class Subsampling(_Pooling):
    """activation(weight · mean of every window + bias): LeNet-5's trainable pooling.

    weight and bias: (C,), one of each for every map. LeCun adds the elements of a window up, which
    is the same with weights that are smaller by their number.

    pool_size, strides, padding, data_format: as in `MaxPooling2D`.
    activation: a name, a function or None; see `nn.activations`.
    weight_initializer, bias_initializer: names or functions; see `nn.initializers`.
    weight_regularizer, bias_regularizer: names or functions; see `nn.regularizers`.

    >>> layer = Subsampling()
    >>> layer([[[[1.0], [5.0]], [[3.0], [2.0]]]])
    Tensor([[[[2.75]]]], dtype=float32)
    >>> [(v.name, v.shape) for v in layer.weights]
    [('subsampling/weight', (1,)), ('subsampling/bias', (1,))]

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition" (1998),
    section II.B, layers S2 and S4.
    """

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        activation: str | Callable[[Tensor], Tensor] | None = None,
        weight_initializer: str | Callable[..., Any] = "ones",
        bias_initializer: str | Callable[..., Any] = "zeros",
        weight_regularizer: Any = None,
        bias_regularizer: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **common)
        self.activation = activations.get(activation)
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        self.weight_regularizer = weight_regularizer
        self.bias_regularizer = bias_regularizer

    def build(self, input_shape: Shape) -> None:
        """Make a weight and a bias for every map."""
        _images.expect_images(self, input_shape)
        shape = (known(input_shape[-1:], self.name),)
        self.weight = self.add_weight(
            shape, self.weight_initializer, regularizer=self.weight_regularizer, name="weight"
        )
        self.bias = self.add_weight(
            shape, self.bias_initializer, regularizer=self.bias_regularizer, name="bias"
        )

    def call(self, x: Tensor) -> Tensor:
        """activation(weight · mean + bias)."""
        if x.ndim != 4 or x.shape[3:] != self.weight.shape:
            self.compute_output_shape(x.shape)
        mean = ad.avg_pool2d(x, self.pool_size, self.strides, self.padding)
        return self.activation(self.weight * mean + self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, Ho, Wo, C)."""
        if self.built and input_shape[3:] != self.weight.shape:
            raise ValueError(
                f"layer {self.name!r}: input of shape {input_shape}; "
                f"expected {self.weight.shape[0]} maps"
            )
        return super().compute_output_shape(input_shape)


class GlobalAveragePooling2D(Layer):
    """The mean of every map: (N, H, W, C) -> (N, C), or (N, 1, 1, C).

    data_format: "channels_last", the only one there is.
    keepdims: whether the axes of rows and columns stay, of length 1.

    >>> GlobalAveragePooling2D()([[[[1.0], [5.0]], [[3.0], [2.0]]]])
    Tensor([[2.75]], dtype=float32)
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **common: Unpack[Common]
    ) -> None:
        super().__init__(**common)
        _images.channels_last(self, data_format)
        self.keepdims = bool(keepdims)

    def call(self, x: Tensor) -> Tensor:
        """The means."""
        _images.expect_images(self, x.shape)
        return ad.mean(x, axis=(1, 2), keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, C), or (N, 1, 1, C)."""
        _images.expect_images(self, input_shape)
        batch, _, _, channels = input_shape
        return (batch, 1, 1, channels) if self.keepdims else (batch, channels)
