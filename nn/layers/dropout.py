"""Dropout: units left out at random while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import autodiff as ad
from autodiff import Tensor
from nn._random import tensor_generator
from nn.layers._layer import Common, Layer
from nn.layers._shape import Shape


class Dropout(Layer):
    """While training x with each number zero with probability `rate`, the others / (1 − rate).

    Otherwise x itself. The expected value is x either way.

    rate: from 0 to below 1.
    noise_shape: shape of what is drawn, broadcast to x's; None in it takes x's length: (None, 1, 3)
        leaves out whole columns.
    seed: integer, `ad.random.Generator`, or None for what `utils.set_random_seed` determines.

    >>> layer = Dropout(0.5, seed=0)
    >>> x = ad.ones((1000,))
    >>> bool((layer(x) == x).all()), sorted(set(layer(x, training=True).tolist()))
    (True, [0.0, 2.0])

    Source: N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a
    simple way to prevent neural networks from overfitting" (2014), section 10, "inverted".
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(**common)
        if not 0 <= rate < 1:
            raise ValueError(f"layer {self.name!r}: rate must lie from 0 to below 1, got {rate}")
        self.rate = float(rate)
        self.noise_shape = noise_shape
        self.generator = tensor_generator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """x, while training with numbers left out."""
        if not training or not self.rate:
            return x
        shape = x.shape
        if self.noise_shape is not None:
            asked = zip(self.noise_shape, shape, strict=True)
            shape = tuple(n if want is None else want for want, n in asked)
        kept = self.generator.random(shape) >= self.rate
        return x * (ad.astype(kept, x.dtype) * (1 / (1 - self.rate)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape
