"""Cross-entropies: how surprised predicted probabilities are by the truth, in nats.

As Keras does it: the probabilities of all classes are first divided by their sum, and held between
10⁻⁷ and 1 − 10⁻⁷, so that a probability of 0 costs 16.1 and not infinity. From logits nothing is
cut off and nothing overflows; and where the probabilities are the softmax or sigmoid of logits, as
the last layer of a model gives them, the logits are what is used (not if a tape watches the
probabilities themselves).
"""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from autodiff.engine._origin import made_of
from nn._shapes import alike, class_labels, floats, within
from nn.losses._loss import Loss, fraction

EPSILON = 1e-7


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """−log of the probability given to the true class; see `SparseCategoricalCrossentropy`.

    >>> sparse_categorical_crossentropy([0, 1], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """
    name = "sparse_categorical_crossentropy"
    y_pred = ad.asarray(y_pred)
    logits = y_pred if from_logits else made_of(y_pred, "softmax", axis=axis)
    scores = _classes_last(floats(y_pred if logits is None else logits), axis)
    ignoring = ignore_class is not None
    labels = class_labels(name, y_true, scores.shape)
    counts: Any = None
    if ignoring:
        counts = labels != ignore_class
        labels = ad.where(counts, labels, ad.zeros_like(labels))
        scores = ad.where(ad.expand_dims(counts, axis=-1), scores, 1.0)
    if logits is not None:
        losses = ad.softmax_cross_entropy(scores, labels)
    else:
        classes = scores.shape[-1]
        truth = ad.one_hot(within(name, labels, classes), classes, scores.dtype)
        p = ad.sum(scores * truth, axis=-1) / ad.sum(scores, axis=-1)
        losses = -ad.log(_held(p))
    return ad.where(counts, losses, 0.0) if ignoring else losses


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−Σ y log p over the classes; see `CategoricalCrossentropy`.

    >>> categorical_crossentropy([[1, 0], [0, 1]], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """
    name = "categorical_crossentropy"
    y_pred = ad.asarray(y_pred)
    logits = y_pred if from_logits else made_of(y_pred, "softmax", axis=axis)
    y_true, scores = alike(name, y_true, y_pred if logits is None else logits)
    classes = scores.shape[axis] if scores.ndim else 1
    if classes == 1:
        raise ValueError(
            f"{name}: y_pred of shape {y_pred.shape} has one class, which is always right; "
            "expected two or more (binary_crossentropy is for one output)"
        )
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / classes
    if logits is not None:
        log_p = ad.log_softmax(scores, axis=axis)
    else:
        log_p = ad.log(_held(scores / ad.sum(scores, axis=axis, keepdims=True)))
    # a class that cannot be (y = 0) and was excluded (log p = −∞) costs nothing
    return -ad.sum(y_true * ad.where(y_true == 0, 0.0, log_p), axis=axis)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−y log p − (1 − y) log(1 − p), the mean over an axis; see `BinaryCrossentropy`.

    >>> binary_crossentropy([[1.0], [0.0]], [[0.9], [0.3]])
    Tensor([0.10536055, 0.35667494], dtype=float32)
    """
    y_pred = ad.asarray(y_pred)
    logits = y_pred if from_logits else made_of(y_pred, "sigmoid")
    y, scores = alike("binary_crossentropy", y_true, y_pred if logits is None else logits)
    if label_smoothing:
        y = y * (1 - label_smoothing) + 0.5 * label_smoothing
    if logits is not None:
        losses = ad.sigmoid_cross_entropy(scores, y)
    else:
        p = _held(scores)
        losses = -(y * ad.log(p) + (1 - y) * ad.log(1 - p))
    return ad.mean(losses, axis=axis)


def _held(p: Tensor) -> Tensor:
    """Probabilities kept off 0 and 1."""
    return ad.clip(p, EPSILON, 1 - EPSILON)


def _classes_last(scores: Tensor, axis: int) -> Tensor:
    """Scores with the axis of the classes at the end."""
    n = scores.ndim
    if n < 2 or axis in (-1, n - 1):
        return scores
    if not -n <= axis < n:
        raise ValueError(f"axis {axis} is out of range for y_pred of shape {scores.shape}")
    return ad.permute_dims(scores, (*(k for k in range(n) if k != axis % n), axis % n))


class SparseCategoricalCrossentropy(Loss):
    """−log of the probability given to the true class.

    y_true: (N,) or (N, 1), integers below K; y_pred: (N, K); more axes in front may follow N.
    from_logits: y_pred are logits, whose softmax are the probabilities.
    ignore_class: samples of this label, which may be none of 0 to K − 1, cost nothing, and the
        mean is over the others.
    axis: of the classes in y_pred.

    Raises TypeError or ValueError for labels that are no such integers.

    >>> loss = SparseCategoricalCrossentropy(reduction="none")
    >>> loss([0, 1], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """

    _casts = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def mask(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """All but the ignored."""
        if self.ignore_class is None:
            return None
        scores = _classes_last(ad.asarray(y_pred), self.axis)
        return class_labels(self.name, y_true, scores.shape) != self.ignore_class


class CategoricalCrossentropy(Loss):
    """−Σ y log p over the classes, y one-hot or a distribution.

    y_true, y_pred: (N, K), with more axes in front if need be.
    from_logits: y_pred are logits, whose softmax are the probabilities.
    label_smoothing: this part of every y is spread evenly over the classes.
    axis: of the classes.

    Raises ValueError for shapes that differ, and for a single class.

    >>> loss = CategoricalCrossentropy(reduction="none")
    >>> loss([[1, 0], [0, 1]], [[0.2, 0.8], [0.3, 0.7]])
    Tensor([1.609438  , 0.35667494], dtype=float32)
    """

    _casts = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits, self.axis = from_logits, axis
        self.label_smoothing = fraction("label_smoothing", label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class BinaryCrossentropy(Loss):
    """−y log p − (1 − y) log(1 − p), the mean over the last axis.

    y_true, y_pred: (N, D), y of 0 and 1 or between; a last axis of 1 may be missing in one.
    from_logits: y_pred are logits, whose sigmoid are the probabilities.
    label_smoothing: this part of every y is replaced by ½.
    axis: over which the mean is taken.

    Raises ValueError for shapes that differ.

    >>> loss = BinaryCrossentropy()
    >>> loss([[1.0], [0.0]], [[0.9], [0.3]])
    Tensor(0.231, dtype=float32)
    >>> BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[1000.0], [1000.0]])
    Tensor(500., dtype=float32)
    """

    _casts = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits, self.axis = from_logits, axis
        self.label_smoothing = fraction("label_smoothing", label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The cross-entropy of every sample."""
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )
