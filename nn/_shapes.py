"""How true and predicted values are brought together, and what is said when they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Tensor

Shape = tuple[int, ...]
#: where lengths may be open
OpenShape = tuple[int | None, ...]


def class_labels(name: str, y_true: Any, scores: Shape) -> Tensor:
    """Integer labels for scores (..., K), of their shape without K; a last axis of 1 is dropped.

    Raises TypeError for labels that are no integers, ValueError for another shape.
    """
    labels = without_last_one(y_true, len(scores))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: y_true holds {labels.dtype}; expected integer labels")
    if not scores or labels.shape != scores[:-1]:
        raise ValueError(
            f"{name}: y_true of shape {labels.shape} for y_pred of shape {scores}; "
            "expected a label for each row of class scores"
        )
    return labels


def within(name: str, labels: Tensor, classes: int) -> Tensor:
    """The labels; ValueError where one is not in [0, classes), in a flat program at every call."""
    try:
        return ad.check_labels(labels, classes)
    except ValueError as error:
        raise ValueError(str(error).replace("check_labels", name, 1)) from None


def without_last_one(y_true: Any, ndim: int) -> Tensor:
    """Labels for scores of `ndim` axes as a Tensor, (N, 1) as (N,)."""
    labels = y_true if isinstance(y_true, Tensor) else ad.asarray(np.asarray(y_true))
    return labels[..., 0] if labels.ndim == ndim and labels.shape[-1:] == (1,) else labels


def floats(y_pred: Any) -> Tensor:
    """Predictions as float32, or float64 where they are."""
    y_pred = ad.asarray(y_pred)
    wide = y_pred.dtype.kind == "f" and y_pred.dtype.itemsize >= 4
    return y_pred if wide else ad.astype(y_pred, "float32")


def at_least_single(x: Any) -> Any:
    """A Tensor of half precision in float32; anything else as it is."""
    return ad.astype(x, "float32") if isinstance(x, Tensor) and x.dtype == np.float16 else x


def alike(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of y_pred's dtype, float32 at least, and of one shape.

    A last axis of 1 may be missing in one of them: (N,) becomes (N, 1), of (N, T, 1) remains
    (N, T). Raises ValueError where the shapes differ in more than that.
    """
    y_pred = floats(y_pred)
    y_true = ad.asarray(y_true, dtype=y_pred.dtype)
    return same_shape(name, y_true, y_pred)


def same_shape(name: str, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Both with one shape, as `alike` says."""
    if y_true.shape == (*y_pred.shape, 1):
        if y_pred.ndim == 1:
            return y_true, ad.expand_dims(y_pred, axis=-1)
        return y_true[..., 0], y_pred
    if y_pred.shape == (*y_true.shape, 1):
        if y_true.ndim == 1:
            return ad.expand_dims(y_true, axis=-1), y_pred
        return y_true, y_pred[..., 0]
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name}: y_true of shape {y_true.shape}, y_pred of shape {y_pred.shape}; "
            "expected the same"
        )
    return y_true, y_pred


def weights_for(shape: Shape, sample_weight: Any, dtype: Any) -> Tensor:
    """Weights that broadcast against values of this shape: for each of them, or for each row.

    Raises ValueError for weights of another shape.
    """
    weights = ad.asarray(sample_weight, dtype=dtype)
    given = weights.shape
    if given[-1:] == (1,) and len(given) > len(shape):
        weights = weights[..., 0]
    n = weights.ndim
    if n <= len(shape) and all(
        w in (1, size) for w, size in zip(weights.shape, shape[:n], strict=True)
    ):
        return ad.reshape(weights, (*weights.shape, *(1,) * (len(shape) - n)))
    raise ValueError(
        f"sample_weight of shape {given} for values of shape {shape}; "
        "expected a weight for each value, or for each of the first axis or axes"
    )


def dtype_of(dtype: Any) -> np.dtype[Any] | None:
    """A dtype of floats, or None."""
    if dtype is None:
        return None
    found: np.dtype[Any] = np.dtype(dtype)
    if found.kind != "f":
        raise TypeError(f"dtype must be a float, got {found}")
    return found


def outputs(y_true: OpenShape, y_pred: OpenShape) -> str:
    """What predictions of these shapes are taken for: "binary" or "(sparse_)categorical".

    As Keras decides: one output is binary; labels without the axis of the classes, or with one of
    length 1, are sparse.
    """
    if y_pred[-1:] == (1,):
        return "binary"
    if len(y_true) < len(y_pred) or y_true[-1:] == (1,):
        return "sparse_categorical"
    return "categorical"
