"""Losses of predicted distributions: Kullback and Leibler's divergence, and counts.

y_true and y_pred have one shape (N, D), in which a last axis of 1 may be missing in one; ValueError
for others.
"""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import alike
from nn.losses._loss import Formula

EPSILON = 1e-7


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Σ y log(y / ŷ) over the last axis, in nats; both held between 10⁻⁷ and 1.

    Source: S. Kullback, R. A. Leibler, "On information and sufficiency" (1951).

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])
    Tensor([0.143841], dtype=float32)
    """
    y_true, y_pred = alike("kl_divergence", y_true, y_pred)
    y, p = (ad.clip(x, EPSILON, 1.0) for x in (y_true, y_pred))
    return ad.sum(y * ad.log(y / p), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """ŷ − y log(ŷ + 10⁻⁷), the mean over the last axis: of counts y with expectation ŷ.

    >>> poisson([[1.0, 0.0]], [[1.0, 2.0]])
    Tensor([1.5], dtype=float32)
    """
    y_true, y_pred = alike("poisson", y_true, y_pred)
    return ad.mean(y_pred - y_true * ad.log(y_pred + EPSILON), axis=-1)


class KLDivergence(Formula):
    """Σ y log(y / ŷ) over the last axis: `kl_divergence`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
    Tensor(0., dtype=float32)
    """

    formula = staticmethod(kl_divergence)


class Poisson(Formula):
    """ŷ − y log(ŷ + 10⁻⁷), the mean over the last axis: `poisson`."""

    formula = staticmethod(poisson)
