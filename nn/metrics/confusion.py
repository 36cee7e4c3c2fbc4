"""True and false positives and negatives, and what is made of them.

A prediction is positive where it is above a threshold; labels are positive where they are not 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import autodiff as ad
from autodiff import Tensor, Variable
from autodiff.arrays._device import kept
from nn._shapes import floats, same_shape, weights_for
from nn.metrics._metric import Metric, ratio

#: below all scores: the threshold where the k largest are what is positive
_LOWEST = -1e10


class Counts(NamedTuple):
    """How many, by weight, are what; a number for each threshold (and label)."""

    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor


def counts(
    name: str,
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    sample_weight: Any = None,
    label_weights: Sequence[float] | None = None,
    by_label: bool = False,
) -> Counts:
    """What of a batch is what at each of T thresholds.

    y_true, y_pred: of one shape, in which a last axis of 1 may be missing; all their values are
        counted together, results are (T,); or `by_label`, (N, D) give (T, D).
    label_weights: (D,), of the values in each row.
    """
    y_pred = floats(y_pred)
    y_true, y_pred = same_shape(name, ad.asarray(y_true), y_pred)
    dtype = y_pred.dtype
    positive = ad.astype(y_true != 0, dtype)
    negative = 1 - positive
    if sample_weight is not None:
        weights = weights_for(y_pred.shape, sample_weight, dtype)
        positive, negative = positive * weights, negative * weights
    if label_weights is not None:
        weights = kept(y_pred, _constant, tuple(label_weights), dtype)
        positive, negative = positive * weights, negative * weights
    if not by_label:
        y_pred, positive, negative = (ad.reshape(x, (-1,)) for x in (y_pred, positive, negative))
    limits = kept(y_pred, _constant, tuple(thresholds), dtype, y_pred.ndim)
    above = ad.astype(y_pred > limits, dtype)  # (T, ...)

    def where_above(x: Tensor) -> Tensor:
        return ad.sum(above * x, axis=1) if by_label else above @ x

    found, wrong = where_above(positive), where_above(negative)
    return Counts(found, wrong, ad.sum(negative, axis=0) - wrong, ad.sum(positive, axis=0) - found)


def _constant(numbers: tuple[float, ...], dtype: Any, after: int = 0) -> np.ndarray[Any, Any]:
    """Numbers as an array, with as many axes of one after them."""
    return np.array(numbers, dtype).reshape(-1, *(1,) * after)


class Confusion(Metric):
    """Keeps some of the four counts at thresholds; a subclass names them and makes its result.

    thresholds: a number from 0 to 1, or several, for a result each.
    top_k: of each row only the k largest predictions may be positive, and are at any score unless
        thresholds are given.
    class_id: only this column is counted.
    """

    keeps: tuple[str, ...]

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        default = 0.5 if top_k is None else _LOWEST
        self.thresholds = _checked(thresholds, default)
        self.top_k, self.class_id = top_k, class_id
        self._counts = {
            kind: self.add_variable((len(self.thresholds),), name=kind) for kind in self.keeps
        }

    def __getattr__(self, name: str) -> Variable:
        found: Variable | None = self.__dict__.get("_counts", {}).get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        return found

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        y_pred = ad.asarray(y_pred, dtype=self.dtype)
        y_true, y_pred = same_shape(self.name, ad.asarray(y_true), y_pred)
        if self.top_k is not None:
            y_pred = _only_largest(y_pred, self.top_k)
        if self.class_id is not None:
            if y_pred.ndim < 2:
                raise ValueError(
                    f"{self.name}: class_id needs a column for each class, "
                    f"got y_pred of shape {y_pred.shape}"
                )
            column = (..., slice(self.class_id, self.class_id + 1))
            y_true, y_pred = y_true[column], y_pred[column]
        found = counts(self.name, y_true, y_pred, self.thresholds, sample_weight)
        for kind, count in self._counts.items():
            count.assign_add(getattr(found, kind))

    def _one_or_all(self, result: Tensor) -> Tensor:
        return result[0] if len(self.thresholds) == 1 else result


class Precision(Confusion):
    """Of what is predicted positive the part that is: TP / (TP + FP); 0 of nothing.

    >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
    Tensor(0.6667, dtype=float32)
    """

    keeps = ("true_positives", "false_positives")

    def result(self) -> Tensor:
        """Of all batches so far."""
        positives = self.true_positives + self.false_positives
        return self._one_or_all(ratio(self.true_positives, positives))


class Recall(Confusion):
    """Of what is positive the part that is predicted so: TP / (TP + FN); 0 of nothing.

    >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])
    Tensor(0.6667, dtype=float32)
    """

    keeps = ("true_positives", "false_negatives")

    def result(self) -> Tensor:
        """Of all batches so far."""
        positives = self.true_positives + self.false_negatives
        return self._one_or_all(ratio(self.true_positives, positives))


class Count(Confusion):
    """One of the four counts, by weight."""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)

    def result(self) -> Tensor:
        """Of all batches so far."""
        return self._one_or_all(ad.copy(self._counts[self.keeps[0]]))


class TruePositives(Count):
    """How many are positive and predicted so.

    >>> TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
    Tensor(2., dtype=float32)
    """

    keeps = ("true_positives",)


class FalsePositives(Count):
    """How many are predicted positive and are not."""

    keeps = ("false_positives",)


class TrueNegatives(Count):
    """How many are negative and predicted so."""

    keeps = ("true_negatives",)


class FalseNegatives(Count):
    """How many are predicted negative and are not."""

    keeps = ("false_negatives",)


def _checked(thresholds: float | Sequence[float] | None, default: float) -> list[float]:
    """Thresholds as a list; ValueError for none and for those outside 0 to 1."""
    if thresholds is None:
        return [default]
    found = [float(t) for t in np.atleast_1d(np.asarray(thresholds, np.float64))]
    if not found or not all(0 <= t <= 1 for t in found):
        raise ValueError(f"thresholds must lie between 0 and 1, got {thresholds!r:.60}")
    return found


def _only_largest(y_pred: Tensor, k: int) -> Tensor:
    """The k largest of each row, the first of equals, as they are; others below any threshold."""
    classes = y_pred.shape[-1] if y_pred.ndim else 0
    if not 0 < k <= classes:
        raise ValueError(f"top_k is {k}, for y_pred of shape {y_pred.shape}")
    left = y_pred
    for _ in range(k):
        largest = ad.one_hot(ad.argmax(left, axis=-1), classes, "bool")
        left = ad.where(largest, -np.inf, left)
    return ad.where(left == -np.inf, y_pred, 2 * _LOWEST)
