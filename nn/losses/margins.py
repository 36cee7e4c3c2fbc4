"""Losses of margins: how far on its side of the boundary a prediction lies.

y is −1 or 1; labels that are all 0 or 1 are taken as −1 and 1. What is wrong, or right by less than
1, costs.
"""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import alike
from nn.losses._loss import Formula


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(1 − y ŷ, 0), the mean over the last axis; its derivative at 1 − y ŷ = 0 is half.

    Source: C. Cortes, V. Vapnik, "Support-vector networks" (1995).

    >>> hinge([[1.0, -1.0]], [[0.5, 0.5]])
    Tensor([1.], dtype=float32)
    """
    return ad.mean(ad.maximum(1 - _margin("hinge", y_true, y_pred), 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(1 − y ŷ, 0)², the mean over the last axis.

    >>> squared_hinge([[1.0, -1.0]], [[0.5, 0.5]])
    Tensor([1.25], dtype=float32)
    """
    margin = _margin("squared_hinge", y_true, y_pred)
    return ad.mean(ad.square(ad.maximum(1 - margin, 0.0)), axis=-1)


def logistic(y_true: Any, y_pred: Any) -> Tensor:
    """log(1 + exp(−y z)) of scores z, the mean over the last axis.

    The binary cross-entropy of the probability sigmoid(z), in terms of the margin.

    >>> logistic([[1.0], [-1.0]], [[0.0], [100.0]])
    Tensor([  0.6931472, 100.       ], dtype=float32)
    """
    return ad.mean(ad.softplus(-_margin("logistic", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(1 + the largest wrong score − the right score, 0), y one-hot over the last axis.

    As Keras does it, scores of wrong classes count as 0 at least.

    Source: K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based
    vector machines" (2001).

    >>> categorical_hinge([[0.0, 1.0, 0.0]], [[0.3, 0.5, 0.1]])
    Tensor([0.8], dtype=float32)
    """
    y, scores = alike("categorical_hinge", y_true, y_pred)
    right = ad.sum(y * scores, axis=-1)
    wrong = ad.max((1 - y) * scores, axis=-1)
    return ad.maximum(wrong - right + 1, 0.0)


def _margin(name: str, y_true: Any, y_pred: Any) -> Tensor:
    """y ŷ, with y of 0 and 1 as −1 and 1."""
    y, scores = alike(name, y_true, y_pred)
    binary = ad.all((y == 0) | (y == 1))
    return ad.where(binary, 2 * y - 1, y) * scores


class Hinge(Formula):
    """max(1 − y ŷ, 0), the mean over the last axis: `hinge`.

    y_true, y_pred: (N, D), y of −1 and 1, or of 0 and 1; a last axis of 1 may be missing in one.
    """

    formula = staticmethod(hinge)


class SquaredHinge(Formula):
    """max(1 − y ŷ, 0)², the mean over the last axis: `squared_hinge`; y as for `Hinge`."""

    formula = staticmethod(squared_hinge)


class Logistic(Formula):
    """log(1 + exp(−y z)), the mean over the last axis: `logistic`; y as for `Hinge`."""

    formula = staticmethod(logistic)


class CategoricalHinge(Formula):
    """max(1 + the largest wrong score − the right score, 0): `categorical_hinge`.

    y_true: (N, K), one-hot; y_pred: (N, K).
    """

    formula = staticmethod(categorical_hinge)
