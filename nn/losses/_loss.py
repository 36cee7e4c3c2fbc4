"""What all losses share: a value for every sample, and one for the batch."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._names import snake_case

_REDUCTIONS = ("sum_over_batch_size", "sum", "none")


class Loss:
    """A number that says how far predictions are from the truth; a subclass states it in `call`.

    reduction: "sum_over_batch_size" is the mean over the samples, "sum" their sum, "none" (or
        None) gives the value of every sample.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        reduction = "none" if reduction is None else reduction
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"reduction must be one of {', '.join(map(repr, _REDUCTIONS))}, got {reduction!r}"
            )
        self.reduction = reduction
        self.name = name or snake_case(type(self).__name__)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of every sample."""
        raise NotImplementedError(f"{type(self).__name__} has no call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of the batch, reduced."""
        losses = self.call(y_true, y_pred)
        if self.reduction == "none":
            return losses
        return ad.sum(losses) if self.reduction == "sum" else ad.mean(losses)


def fraction(name: str, value: float) -> float:
    """`value` if it lies in [0, 1]."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")
    return value
