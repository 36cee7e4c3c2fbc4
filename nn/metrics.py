"""Metrics: how good predictions are, sample by sample."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import class_labels


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest of the class scores is the true class's, else 0, in float32.

    y_true: (N,) or (N, 1), integers below K; y_pred: (N, K), probabilities or logits; result: (N,).

    Raises TypeError or ValueError for labels that are no such integers.

    >>> sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.3, 0.7]])
    Tensor([1., 0.], dtype=float32)
    """
    y_pred = ad.asarray(y_pred)
    labels = class_labels("sparse_categorical_accuracy", y_true, y_pred.shape)
    return ad.astype(ad.argmax(y_pred, axis=-1) == labels, "float32")
