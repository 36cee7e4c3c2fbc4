"""The area under a curve of two rates, as the threshold runs from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Tensor
from autodiff.arrays._device import kept
from nn._names import lookup
from nn.metrics._metric import Metric, ratio
from nn.metrics.confusion import Counts, counts

EPSILON = 1e-7
_CURVES = {"ROC": "ROC", "roc": "ROC", "PR": "PR", "pr": "PR"}
_SUMS = {
    "interpolation": lambda a, b: (a + b) / 2,
    "minoring": ad.minimum,
    "majoring": ad.maximum,
}


class AUC(Metric):
    """Area under the ROC curve, recall over the rate of false positives; or under precision-recall.

    y_true: 0 or 1; y_pred: probabilities, of the same shape.
    num_thresholds: the curve's points, evenly over 0 to 1; two of them are just outside.
    curve: "ROC" or "PR". summation_method: "interpolation" (for ROC the trapezoids, for PR the
        interpolation of Davis and Goadrich), "minoring" or "majoring" sums.
    thresholds: those between 0 and 1 to use instead.
    multi_label: y are (N, D), each column a label of its own with an area of its own; the result
        is their mean. num_labels: D, so that it is known before the first batch.
    label_weights: of the D columns.
    from_logits: y_pred are logits, whose sigmoid are the probabilities.

    Source: J. Davis, M. Goadrich, "The relationship between precision-recall and ROC curves"
    (2006).

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    Tensor(0.75, dtype=float32)
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        if thresholds is None:
            if num_thresholds < 2:
                raise ValueError(f"num_thresholds must be at least 2, got {num_thresholds}")
            inner = [k / (num_thresholds - 1) for k in range(1, num_thresholds - 1)]
        else:
            inner = sorted(float(t) for t in thresholds)
            if not all(0 <= t <= 1 for t in inner):
                raise ValueError(f"thresholds must lie between 0 and 1, got {inner!r:.60}")
        self.thresholds = [-EPSILON, *inner, 1 + EPSILON]
        self.num_thresholds = len(self.thresholds)
        self.curve = lookup("curve", curve, _CURVES)
        self.summation_method = summation_method.lower()
        self._between = lookup("summation_method", self.summation_method, _SUMS)
        self.multi_label, self.from_logits = multi_label, from_logits
        if num_labels is not None and not multi_label:
            raise ValueError("num_labels is of use with multi_label=True only")
        self.label_weights = None if label_weights is None else tuple(map(float, label_weights))
        if not multi_label:
            self._make_variables(())
        elif num_labels is not None:
            self._make_variables((num_labels,))

    def _make_variables(self, labels: tuple[int, ...]) -> None:
        for kind in Counts._fields:
            self.add_variable((self.num_thresholds, *labels), name=kind)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        y_pred = ad.asarray(y_pred, dtype=self.dtype)
        if self.multi_label and not self._variables:
            if y_pred.ndim != 2:
                raise ValueError(
                    f"{self.name}: multi_label needs y_pred of shape (N, D), got {y_pred.shape}"
                )
            self._make_variables(y_pred.shape[1:])
        if self.from_logits:
            y_pred = ad.sigmoid(y_pred)
        found = counts(
            self.name,
            y_true,
            ad.clip(y_pred, 0.0, 1.0),
            self.thresholds,
            sample_weight,
            None if self.multi_label else self.label_weights,
            self.multi_label,
        )
        for count, more in zip(self._variables, found, strict=True):
            count.assign_add(more)

    def result(self) -> Tensor:
        """The area over all batches so far."""
        if not self._variables:
            raise ValueError(f"{self.name}: there is no result before the first batch")
        now = Counts(*self._variables)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated(now)
        else:
            recall = ratio(now.true_positives, now.true_positives + now.false_negatives)
            if self.curve == "ROC":
                x = ratio(now.false_positives, now.false_positives + now.true_negatives)
                y = recall
            else:
                x = recall
                y = ratio(now.true_positives, now.true_positives + now.false_positives)
            areas = ad.sum((x[:-1] - x[1:]) * self._between(y[:-1], y[1:]), axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ad.mean(areas)
        weights = kept(areas, np.array, self.label_weights, self.dtype)
        return ad.sum(areas * weights) / sum(self.label_weights)


def _interpolated(now: Counts) -> Tensor:
    """Area under precision-recall, true positives interpolated linearly between thresholds.

    From one threshold to the next, TP = slope · P + intercept with P = TP + FP, so the integral of
    the precision TP / P over the TP is slope · (ΔTP + intercept · log(P_a / P_b)).
    """
    tp, p = now.true_positives, now.true_positives + now.false_positives
    more = tp[:-1] - tp[1:]
    slope = ratio(more, ad.maximum(p[:-1] - p[1:], 0.0))
    intercept = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    growth = ad.where(both, p[:-1] / ad.where(both, p[1:], 1.0), 1.0)
    gained = slope * (more + intercept * ad.log(growth))
    return ad.sum(ratio(gained, ad.maximum(tp[1:] + now.false_negatives[1:], 0.0)), axis=0)
