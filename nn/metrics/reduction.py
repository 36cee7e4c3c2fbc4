"""Sums and means of values of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import at_least_single, weights_for
from nn.metrics._metric import Metric, ratio


class Sum(Metric):
    """The sum of all values, each times its weight.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 2.0])
    >>> metric([10.0, 10.0], sample_weight=[1.0, 0.5])
    Tensor(18., dtype=float32)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add the values of a batch."""
        values = ad.asarray(values, dtype=self.dtype)
        if sample_weight is not None:
            values = values * weights_for(values.shape, sample_weight, self.dtype)
        self.total.assign_add(_sum(values))

    def result(self) -> Tensor:
        """The sum."""
        return ad.copy(self.total)


class Mean(Metric):
    """The mean of all values, in which each counts as much as its weight; 0 of none.

    values: (N, ...); of each sample the mean is taken first.
    sample_weight: a number, or one for each value, or for each of the first axis or axes.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 2.0, 3.0])
    >>> metric([8.0], sample_weight=3)
    Tensor(5., dtype=float32)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take the values of a batch into account."""
        values = ad.asarray(values, dtype=self.dtype)
        rows = values.shape[0] if values.ndim else 1
        each = max(1, values.size // max(1, rows))  # values of a sample
        if sample_weight is None:
            self.total.assign_add(_sum(values) / each)
            self.count.assign_add(rows)
            return
        weights = weights_for(values.shape, sample_weight, self.dtype)
        self.total.assign_add(_sum(values * weights) / each)
        self.count.assign_add(_sum(weights) * (values.size / max(1, weights.size * each)))

    def result(self) -> Tensor:
        """The mean."""
        return ratio(self.total, self.count)


def _sum(values: Tensor) -> Tensor:
    """The sum; a number is its own, and needs no line in a flat program."""
    return ad.sum(values) if values.ndim else values


class MeanMetricWrapper(Mean):
    """The mean of what a function f(y_true, y_pred, **options) gives for the samples.

    >>> def off_by(y_true, y_pred):
    ...     return ad.abs(ad.asarray(y_pred) - ad.asarray(y_true))
    >>> MeanMetricWrapper(off_by)([1.0, 2.0], [1.5, 1.0])
    Tensor(0.75, dtype=float32)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn = fn
        self.options = options
        #: whether it casts predictions of half precision itself
        self._casts = getattr(fn, "__module__", "").startswith(("nn.losses.", "nn.metrics."))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch into account."""
        if not self._casts:
            y_pred = at_least_single(y_pred)
        super().update_state(self.fn(y_true, y_pred, **self.options), sample_weight)
