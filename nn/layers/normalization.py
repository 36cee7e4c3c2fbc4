"""Normalization: inputs brought to mean 0 and variance 1, over the batch or within a sample."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import autodiff as ad
from autodiff import Tensor
from autodiff.engine._calls import cast as in_dtype
from nn._shapes import at_least_single
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape, known


class BatchNormalization(Layer):
    """γ (x − µ) / √(σ² + ε) + β, with µ and σ² of each feature.

    While training µ and σ² are those of the batch, over all axes but the features', and running
    means of them are kept: moving ← moving · momentum + batch · (1 − momentum). Otherwise, and
    where `trainable` is False, the running means are used. All of it is float32 at least.

    axis: the features' axis. momentum: how much of the running means is kept. epsilon: ε.
    center, scale: whether there are β and γ, one of each per feature.
    *_initializer, *_regularizer: names or functions; see `nn.initializers`, `nn.regularizers`.

    >>> layer = BatchNormalization()
    >>> layer([[1.0], [3.0]], training=True)
    Tensor([[-0.9995004],
            [ 0.9995004]], dtype=float32)
    >>> [v.name for v in layer.non_trainable_variables], layer.moving_mean
    (['batch_normalization/moving_mean', 'batch_normalization/moving_variance'],
     Variable([0.02], dtype=float32, name='batch_normalization/moving_mean'))

    Source: S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift" (2015), algorithm 1. The running variance is that of the
    batch, divided by the number of samples, as in Keras.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        if not 0 <= momentum <= 1:
            raise ValueError(
                f"layer {self.name!r}: momentum must lie between 0 and 1, got {momentum}"
            )
        self.axis, self.momentum = operator.index(axis), float(momentum)
        self.epsilon = _epsilon(self.name, epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer, self.beta_regularizer = beta_initializer, beta_regularizer
        self.gamma_initializer, self.gamma_regularizer = gamma_initializer, gamma_regularizer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape: Shape) -> None:
        """Make γ, β and the running means."""
        shape = (known((input_shape[_axis(self, self.axis, len(input_shape))],), self.name),)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                name="gamma",
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                name="beta",
                autocast=False,
            )
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """x normalized."""
        x = at_least_single(x)
        axis = _axis(self, self.axis, x.ndim)
        others = tuple(k for k in range(x.ndim) if k != axis)
        shape = tuple(x.shape[k] if k == axis else 1 for k in range(x.ndim))
        if training and self.trainable:
            mean = ad.mean(x, axis=others, keepdims=True)
            centered = x - mean
            variance = ad.mean(ad.square(centered), axis=others, keepdims=True)
            for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
                kept = at_least_single(moving) * self.momentum
                moving.assign(kept + ad.reshape(new, moving.shape) * (1 - self.momentum))
        else:
            centered = x - ad.reshape(at_least_single(self.moving_mean), shape)
            variance = ad.reshape(at_least_single(self.moving_variance), shape)
        factor = 1 / ad.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * ad.reshape(self.gamma, shape)
        y = centered * factor
        if self.beta is not None:
            y = y + ad.reshape(self.beta, shape)
        return in_dtype(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class LayerNormalization(Layer):
    """γ (x − µ) / √(σ² + ε) + β, with µ and σ² over the given axes of each sample.

    All of it is float32 at least.

    axis: one axis or several. epsilon: ε. center, scale: whether there are β and γ, of the lengths
    of these axes. *_initializer, *_regularizer: names or functions.

    >>> LayerNormalization()([[1.0, 3.0], [10.0, 30.0]]).numpy().round(2)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization" (2016), equation 3.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        self.axis = (axis,) if isinstance(axis, int) else tuple(map(operator.index, axis))
        self.epsilon = _epsilon(self.name, epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer, self.beta_regularizer = beta_initializer, beta_regularizer
        self.gamma_initializer, self.gamma_regularizer = gamma_initializer, gamma_regularizer

    def build(self, input_shape: Shape) -> None:
        """Make γ and β."""
        axes = self._axes(len(input_shape))
        shape = tuple(known((input_shape[k],), self.name) for k in axes)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                name="gamma",
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                name="beta",
                autocast=False,
            )

    def cast(self, x: Tensor) -> Tensor:
        """The input, float32 where it computes in float16: what comes in float32 is not rounded."""
        return x if self.compute_dtype == np.float16 and x.dtype == np.float32 else super().cast(x)

    def call(self, x: Tensor) -> Tensor:
        """x normalized."""
        x = at_least_single(x)
        axes = self._axes(x.ndim)
        shape = tuple(n if k in axes else 1 for k, n in enumerate(x.shape))
        centered = x - ad.mean(x, axis=axes, keepdims=True)
        variance = ad.mean(ad.square(centered), axis=axes, keepdims=True)
        y = centered / ad.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            y = y * ad.reshape(self.gamma, shape)
        if self.beta is not None:
            y = y + ad.reshape(self.beta, shape)
        return in_dtype(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def _axes(self, ndim: int) -> tuple[int, ...]:
        return tuple(sorted({_axis(self, axis, ndim) for axis in self.axis}))


def _axis(layer: Layer, axis: int, ndim: int) -> int:
    """The axis counted from the left, if it is one of the features' and not the batch's."""
    found = axis + ndim if axis < 0 else axis
    if not 0 < found < ndim:
        raise ValueError(
            f"layer {layer.name!r}: axis {axis} of an input of {ndim} axes; "
            f"expected one from 1 to {ndim - 1}, or from {1 - ndim} to -1"
        )
    return found


def _epsilon(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"layer {name!r}: epsilon must be 0 or more, got {value}")
    return float(value)
