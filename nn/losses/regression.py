"""Losses of predicted numbers.

All take y_true and y_pred of one shape (N, D), in which a last axis of 1 may be missing in one, and
give a value for each of the N samples. They raise ValueError for shapes that differ.
"""

from __future__ import annotations

import math
from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._shapes import alike
from nn.losses._loss import Formula, Loss

EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """(y − ŷ)², the mean over the last axis.

    >>> mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    Tensor([0.5, 0.5], dtype=float32)
    """
    y_true, y_pred = alike("mean_squared_error", y_true, y_pred)
    return ad.mean(ad.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """|y − ŷ|, the mean over the last axis; its derivative where they are equal is 0.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])
    Tensor([1.5], dtype=float32)
    """
    y_true, y_pred = alike("mean_absolute_error", y_true, y_pred)
    return ad.mean(ad.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """100 |y − ŷ| / |y|, the mean over the last axis; |y| counts as 10⁻⁷ at least.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]])
    Tensor([37.5], dtype=float32)
    """
    y_true, y_pred = alike("mean_absolute_percentage_error", y_true, y_pred)
    size = ad.maximum(ad.abs(y_true), EPSILON)
    return 100.0 * ad.mean(ad.abs((y_pred - y_true) / size), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """(log(1 + y) − log(1 + ŷ))², the mean over the last axis; numbers below 10⁻⁷ count as that.

    >>> mean_squared_logarithmic_error([[1.0]], [[3.0]])
    Tensor([0.480453], dtype=float32)
    """
    y_true, y_pred = alike("mean_squared_logarithmic_error", y_true, y_pred)
    logs = [ad.log1p(ad.maximum(y, EPSILON)) for y in (y_pred, y_true)]
    return ad.mean(ad.square(logs[0] - logs[1]), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """½e² where the error e = ŷ − y is within ±δ, else δ|e| − ½δ²; the mean over the last axis.

    Source: P. J. Huber, "Robust estimation of a location parameter" (1964).

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]])
    Tensor([1.3125], dtype=float32)
    """
    y_true, y_pred = alike("huber", y_true, y_pred)
    e = y_pred - y_true
    size = ad.abs(e)
    values = ad.where(size <= delta, 0.5 * ad.square(e), delta * size - 0.5 * delta**2)
    return ad.mean(values, axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """log cosh(ŷ − y), the mean over the last axis: ½e² for small errors, |e| − log 2 for large.

    >>> log_cosh([[0.0, 0.0]], [[0.0, 1000.0]])
    Tensor([499.6534], dtype=float32)
    """
    y_true, y_pred = alike("log_cosh", y_true, y_pred)
    e = y_pred - y_true
    return ad.mean(e + ad.softplus(-2.0 * e) - math.log(2), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between y and ŷ: −1 in one direction, 1 in opposite ones.

    A vector of zeros has the cosine 0 with every other.

    >>> cosine_similarity([[1.0, 0.0], [1.0, 1.0]], [[2.0, 0.0], [-1.0, -1.0]])
    Tensor([-1.       ,  0.9999999], dtype=float32)
    """
    y_true, y_pred = alike("cosine_similarity", y_true, y_pred)
    return -ad.sum(normalized(y_true, axis) * normalized(y_pred, axis), axis=axis)


def normalized(x: Tensor, axis: int) -> Tensor:
    """x divided by its length along an axis, which counts as 10⁻⁷ at least."""
    squares = ad.sum(ad.square(x), axis=axis, keepdims=True)
    return x / ad.sqrt(ad.maximum(squares, EPSILON**2))


def quadratic_cost(y_true: Any, y_pred: Any) -> Tensor:
    """½‖y − ŷ‖², summed over the last axis.

    >>> quadratic_cost([[0.01, 0.99]], [[0.75136507, 0.772928465]])
    Tensor([0.2983711], dtype=float32)
    """
    y_true, y_pred = alike("quadratic_cost", y_true, y_pred)
    return 0.5 * ad.sum(ad.square(y_pred - y_true), axis=-1)


class MeanSquaredError(Formula):
    """(y − ŷ)², the mean over the last axis: `mean_squared_error`.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    Tensor(0.5, dtype=float32)
    """

    formula = staticmethod(mean_squared_error)


class MeanAbsoluteError(Formula):
    """|y − ŷ|, the mean over the last axis: `mean_absolute_error`."""

    formula = staticmethod(mean_absolute_error)


class MeanAbsolutePercentageError(Formula):
    """100 |y − ŷ| / |y|, the mean over the last axis: `mean_absolute_percentage_error`."""

    formula = staticmethod(mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(Formula):
    """(log(1 + y) − log(1 + ŷ))², the mean over the last axis: `mean_squared_logarithmic_error`."""

    formula = staticmethod(mean_squared_logarithmic_error)


class LogCosh(Formula):
    """log cosh(ŷ − y), the mean over the last axis: `log_cosh`."""

    formula = staticmethod(log_cosh)


class QuadraticCost(Formula):
    """½‖y − ŷ‖² of every sample, and with the mean over n of them ½ n⁻¹ Σ‖y − ŷ‖².

    >>> QuadraticCost()([[0.0], [1.0]], [[2.0], [1.0]])
    Tensor(1., dtype=float32)
    """

    formula = staticmethod(quadratic_cost)


class Huber(Loss):
    """½e² for errors within ±delta, linear beyond: `huber`.

    delta: above 0; where the parabola ends.

    >>> Huber(delta=2.0)([[0.0]], [[3.0]])
    Tensor(4., dtype=float32)
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        if not delta > 0:
            raise ValueError(f"delta must be above 0, got {delta}")
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of every sample."""
        return huber(y_true, y_pred, self.delta)


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between y and ŷ along an axis: `cosine_similarity`.

    >>> CosineSimilarity()([[1.0, 0.0]], [[0.0, 2.0]])
    Tensor(-0., dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of every sample."""
        return cosine_similarity(y_true, y_pred, self.axis)
