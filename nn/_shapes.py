"""How true and predicted values are brought together, and what is said when they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from autodiff import Tensor


def class_labels(name: str, y_true: Any, scores: tuple[int, ...]) -> NDArray[np.integer[Any]]:
    """Integer labels for scores (..., K), of their shape without K; a last axis of 1 is dropped.

    Raises TypeError for labels that are no integers, ValueError for another shape or a label
    outside 0 to K - 1.
    """
    labels = np.asarray(without_last_one(y_true, len(scores)))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: y_true holds {labels.dtype}; expected integer labels")
    if not scores or labels.shape != scores[:-1]:
        raise ValueError(
            f"{name}: y_true of shape {labels.shape} for y_pred of shape {scores}; "
            "expected a label for each row of class scores"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < scores[-1]:
        raise ValueError(
            f"{name}: labels run from {labels.min()} to {labels.max()}; "
            f"expected 0 to {scores[-1] - 1}"
        )
    return labels


def without_last_one(y_true: Any, ndim: int) -> Any:
    """Labels for scores of `ndim` axes as an array or the Tensor they are, (N, 1) as (N,)."""
    labels = y_true if isinstance(y_true, Tensor) else np.asarray(y_true)
    return labels[..., 0] if labels.ndim == ndim and labels.shape[-1:] == (1,) else labels


def alike(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of y_pred's float dtype and of one shape; an axis of 1 at the end is added.

    Raises ValueError where the shapes differ in more than that.
    """
    y_pred = ad.asarray(y_pred)
    if y_pred.dtype.kind != "f":
        y_pred = ad.astype(y_pred, "float32")
    y_true = ad.asarray(y_true, dtype=y_pred.dtype)
    if y_true.shape != y_pred.shape:
        if y_true.shape == (*y_pred.shape, 1):
            y_pred = ad.expand_dims(y_pred, axis=-1)
        elif y_pred.shape == (*y_true.shape, 1):
            y_true = ad.expand_dims(y_true, axis=-1)
        else:
            raise ValueError(
                f"{name}: y_true of shape {y_true.shape}, y_pred of shape {y_pred.shape}; "
                "expected the same"
            )
    return y_true, y_pred
