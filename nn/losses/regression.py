"""Losses of predicted numbers."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import alike
from nn.losses._loss import Loss


class MeanSquaredError(Loss):
    """(y − ŷ)², the mean over the last axis.

    y_true, y_pred: (N, D); a last axis of 1 may be missing in one.

    Raises ValueError for shapes that differ.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    Tensor(0.5, dtype=float32)
    """

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The mean squared error of every sample."""
        y_true, y_pred = alike(self.name, y_true, y_pred)
        return ad.mean(ad.square(y_pred - y_true), axis=-1)
