"""Accuracies: how often predictions are right; the functions say it of every sample, in float32."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import at_least_single, class_labels, same_shape, within
from nn.metrics.reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where y and ŷ are equal, else 0; of one shape, in which a last axis of 1 may be missing.

    >>> accuracy([[1], [2]], [[1], [3]])
    Tensor([[1.],
            [0.]], dtype=float32)
    """
    y_pred = at_least_single(ad.asarray(y_pred))
    y_true, y_pred = same_shape("accuracy", ad.asarray(y_true, dtype=y_pred.dtype), y_pred)
    return ad.astype(y_true == y_pred, "float32")


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where ŷ is above the threshold and y is 1, or neither, else 0; shapes as for `accuracy`.

    >>> binary_accuracy([1, 0, 1], [0.9, 0.6, 0.5])
    Tensor([1., 0., 0.], dtype=float32)
    """
    y_pred = at_least_single(ad.asarray(y_pred))
    y_true, y_pred = same_shape("binary_accuracy", ad.asarray(y_true), y_pred)
    return ad.astype(y_true == ad.astype(y_pred > threshold, y_true.dtype), "float32")


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest of the class scores is where that of y is, else 0.

    y_true, y_pred: (..., K), y one-hot and scores as probabilities or logits; result: (...).

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.3, 0.7]])
    Tensor([1., 0.], dtype=float32)
    """
    y_true, y_pred = _same_classes("categorical_accuracy", y_true, y_pred)
    return ad.astype(ad.argmax(y_true, axis=-1) == ad.argmax(y_pred, axis=-1), "float32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest of the class scores is the true class's, else 0, in float32.

    y_true: (N,) or (N, 1), integers below K; y_pred: (N, K), probabilities or logits; result: (N,).
    More axes in front may follow N.

    Raises TypeError or ValueError for labels that are no such integers.

    >>> sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.3, 0.7]])
    Tensor([1., 0.], dtype=float32)
    """
    name = "sparse_categorical_accuracy"
    y_pred = ad.asarray(y_pred)
    labels = class_labels(name, y_true, y_pred.shape)
    labels = within(name, labels, y_pred.shape[-1])
    return ad.astype(ad.argmax(y_pred, axis=-1) == labels, "float32")


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the score of y's class is among the k largest, else 0; as `categorical_accuracy`.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2)
    Tensor([1., 0.], dtype=float32)
    """
    y_true, y_pred = _same_classes("top_k_categorical_accuracy", y_true, y_pred)
    return _among_largest(ad.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the true class's score is among the k largest; as `sparse_categorical_accuracy`.

    Scores equal to it do not count against it.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2)
    Tensor([1., 0.], dtype=float32)
    """
    name = "sparse_top_k_categorical_accuracy"
    y_pred = ad.asarray(y_pred)
    labels = class_labels(name, y_true, y_pred.shape)
    return _among_largest(within(name, labels, y_pred.shape[-1]), y_pred, k)


def _same_classes(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    y_true, y_pred = ad.asarray(y_true), ad.asarray(y_pred)
    if y_true.shape != y_pred.shape or not y_pred.ndim:
        raise ValueError(
            f"{name}: y_true of shape {y_true.shape}, y_pred of shape {y_pred.shape}; "
            "expected the same, with an axis of classes"
        )
    return y_true, y_pred


def _among_largest(labels: Tensor, scores: Tensor, k: int) -> Tensor:
    """Whether fewer than k scores are above the label's."""
    chosen = ad.one_hot(labels, scores.shape[-1], "bool")
    score = ad.sum(ad.where(chosen, scores, ad.zeros_like(scores)), axis=-1, keepdims=True)
    above = ad.sum(ad.astype(scores > score, "int64"), axis=-1)
    return ad.astype((above < k) & (score[..., 0] == score[..., 0]), "float32")  # NaN is no score


class Accuracy(MeanMetricWrapper):
    """How often y and ŷ are equal.

    >>> Accuracy()([[1], [2], [3], [4]], [[1], [2], [3], [0]])
    Tensor(0.75, dtype=float32)
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often ŷ is on y's side of the threshold: `binary_accuracy`.

    >>> BinaryAccuracy()([1, 0, 1, 1], [0.9, 0.6, 0.8, 0.7])
    Tensor(0.75, dtype=float32)
    """

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is y's class's, y one-hot: `categorical_accuracy`."""

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is the true class's: `sparse_categorical_accuracy`.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.3, 0.7]])
    Tensor(0.5, dtype=float32)
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often y's class is among the k largest scores: `top_k_categorical_accuracy`."""

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the true class is among the k largest: `sparse_top_k_categorical_accuracy`."""

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k
