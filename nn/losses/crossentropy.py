"""Cross-entropies: how surprised predicted probabilities are by the truth, in nats.

As Keras does it: the probabilities of all classes are first divided by their sum, and held between
10⁻⁷ and 1 − 10⁻⁷, so that a probability of 0 costs 16.1 and not infinity. From logits nothing is
cut off and nothing overflows.
"""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import alike, class_labels, without_last_one
from nn.losses._loss import Loss, fraction

EPSILON = 1e-7


class SparseCategoricalCrossentropy(Loss):
    """−log of the probability given to the true class.

    y_true: (N,) or (N, 1), integers below K; y_pred: (N, K); more axes in front may follow N.
    from_logits: y_pred are logits, whose softmax are the probabilities.

    Raises TypeError or ValueError for labels that are no such integers.

    >>> loss = SparseCategoricalCrossentropy(reduction="none")
    >>> loss([0, 1], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        y_pred = ad.asarray(y_pred)
        if self.from_logits:
            return ad.softmax_cross_entropy(y_pred, without_last_one(y_true, y_pred.ndim))
        labels = class_labels(self.name, y_true, y_pred.shape)
        rows = ad.reshape(y_pred, (-1, y_pred.shape[-1]))
        p = rows[ad.arange(labels.size), labels.reshape(-1)] / ad.sum(rows, axis=-1)
        return ad.reshape(-ad.log(ad.clip(p, EPSILON, 1 - EPSILON)), labels.shape)


class CategoricalCrossentropy(Loss):
    """−Σ y log p over the classes, y one-hot or a distribution.

    y_true, y_pred: (N, K).
    from_logits: y_pred are logits, whose softmax are the probabilities.
    label_smoothing: this part of every y is spread evenly over the classes.

    Raises ValueError for shapes that differ.

    >>> loss = CategoricalCrossentropy(reduction="none")
    >>> loss([[1, 0], [0, 1]], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = fraction("label_smoothing", label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        y_true, y_pred = alike(self.name, y_true, y_pred)
        if self.label_smoothing:
            smooth = self.label_smoothing
            y_true = y_true * (1 - smooth) + smooth / y_true.shape[-1]
        if self.from_logits:
            log_p = ad.log_softmax(y_pred, axis=-1)
        else:
            p = y_pred / ad.sum(y_pred, axis=-1, keepdims=True)
            log_p = ad.log(ad.clip(p, EPSILON, 1 - EPSILON))
        # a class that cannot be (y = 0) and was excluded (log p = −∞) costs nothing
        return -ad.sum(y_true * ad.where(y_true == 0, 0.0, log_p), axis=-1)


class BinaryCrossentropy(Loss):
    """−y log p − (1 − y) log(1 − p), the mean over the last axis.

    y_true, y_pred: (N, D), y of 0 and 1 or between; a last axis of 1 may be missing in one.
    from_logits: y_pred are logits, whose sigmoid are the probabilities.
    label_smoothing: this part of every y is replaced by ½.

    Raises ValueError for shapes that differ.

    >>> loss = BinaryCrossentropy()
    >>> loss([[1.0], [0.0]], [[0.9], [0.3]])
    Tensor(0.231, dtype=float32)
    >>> BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[1000.0], [1000.0]])
    Tensor(500., dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = fraction("label_smoothing", label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        y, z = alike(self.name, y_true, y_pred)
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        if self.from_logits:
            # at z = 0 maximum passes half the gradient on and abs nothing: together σ(0) − y
            losses = ad.maximum(z, 0.0) - z * y + ad.log1p(ad.exp(-ad.abs(z)))
        else:
            p = ad.clip(z, EPSILON, 1 - EPSILON)
            losses = -(y * ad.log(p) + (1 - y) * ad.log(1 - p))
        return ad.mean(losses, axis=-1)
