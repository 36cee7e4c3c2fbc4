"""Gradients clipped: by value, each by its norm, or all of them by their common norm.

Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks" (2013), algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import autodiff as ad
from autodiff import Tensor


def by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every element held between -limit and limit."""
    return [ad.clip(g, -limit, limit) for g in gradients]


def by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every gradient scaled down to Euclidean norm `limit`, where it has more."""
    return [_scaled(g, limit / ad.maximum(norm(g), limit)) for g in gradients]


def by_global_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled alike so that together they have at most norm `limit`.

    Where their norm is not finite, all become nan, as in Keras: none of them can be trusted.
    """
    norms = ad.stack([ad.astype(norm(g), ad.float64) for g in gradients])
    total = norm(norms)
    scale = ad.where(ad.isfinite(total), limit / ad.maximum(total, limit), math.nan)
    return [_scaled(g, scale) for g in gradients]


def norm(g: Tensor) -> Tensor:
    """The Euclidean norm; float16 is squared in float32, where it does not overflow."""
    wide = ad.astype(g, ad.float32) if g.dtype == ad.float16 else g
    return ad.sqrt(ad.sum(wide * wide))


def _scaled(g: Tensor, scale: Tensor) -> Tensor:
    return g * ad.astype(scale, g.dtype)
