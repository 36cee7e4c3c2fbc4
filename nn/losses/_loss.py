"""What all losses share: a value for every sample, and one for the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._names import snake_case
from nn._recorded import Recorded
from nn._shapes import at_least_single, dtype_of, weights_for

_MEANS = ("sum_over_batch_size", "mean")
_REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss(Recorded):
    """A number that says how far predictions are from the truth; a subclass states it in `call`.

    reduction: "sum_over_batch_size", or "mean", is the mean over the samples; "sum" their sum;
        "mean_with_sample_weight" the mean in which every sample counts as much as its weight;
        "none", or None, gives the value of every sample.
    dtype: of the computation; by default that of the predictions, float32 at least: `call` sees
        float32 where a model of mixed precision gives float16.

    Called as loss(y_true, y_pred, sample_weight=None). Weights multiply the values of the samples:
    there is one for each of them, or for each of the first axis or axes. The mean over the samples
    divides by their number, not by their weights.
    """

    #: whether `call` casts the predictions itself, after it has looked at what they were made of
    _casts = False

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        reduction = "none" if reduction is None else reduction
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"reduction must be one of {', '.join(map(repr, _REDUCTIONS))}, got {reduction!r}"
            )
        self.reduction = reduction
        self.name = name or snake_case(type(self).__name__)
        self.dtype = dtype_of(dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of every sample."""
        raise NotImplementedError(f"{type(self).__name__} has no call(y_true, y_pred)")

    def mask(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Which values of `call` count, as booleans; None for all."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of the batch, reduced."""
        if self.dtype is not None:
            y_pred = ad.asarray(y_pred, dtype=self.dtype)
        elif not self._casts:
            y_pred = at_least_single(y_pred)
        losses = ad.asarray(self.call(y_true, y_pred))
        return reduced(losses, sample_weight, self.mask(y_true, y_pred), self.reduction)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class Formula(Loss):
    """A loss that one function without options states."""

    formula: Callable[[Any, Any], Tensor]

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The function's value for every sample."""
        return self.formula(y_true, y_pred)


class LossFunctionWrapper(Loss):
    """A function f(y_true, y_pred, **options) that gives the loss of every sample, as a Loss.

    >>> def absolute(y_true, y_pred):
    ...     return ad.mean(ad.abs(y_pred - y_true), axis=-1)
    >>> LossFunctionWrapper(absolute, reduction="sum")([[1.0], [2.0]], ad.ones((2, 1)))
    Tensor(1., dtype=float32)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self.options = options
        self._casts = getattr(fn, "__module__", "").startswith("nn.losses.")

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The function's value."""
        result: Tensor = self.fn(y_true, y_pred, **self.options)
        return result


def reduced(losses: Tensor, sample_weight: Any, mask: Tensor | None, reduction: str) -> Tensor:
    """Losses of samples, weighted, as one number; with a mask the mean is over what it leaves."""
    weights = None
    if sample_weight is not None:
        weights = weights_for(losses.shape, sample_weight, losses.dtype)
    if mask is not None:
        left = ad.astype(mask, losses.dtype)
        if reduction in _MEANS:
            left = left * (losses.size / ad.maximum(ad.sum(left), 1.0))
        weights = left if weights is None else weights * left
    if weights is not None:
        losses = losses * weights
    if reduction == "none":
        return losses
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = ad.sum(ad.broadcast_to(weights, losses.shape))
        # no weight at all: no loss
        return ad.sum(losses) / ad.where(total == 0, 1.0, total)
    return ad.sum(losses) if reduction == "sum" or not losses.size else ad.mean(losses)


def fraction(name: str, value: float) -> float:
    """`value` if it lies in [0, 1]."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")
    return value
