"""Class labels as one-hot vectors."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray


def to_categorical(y: ArrayLike, num_classes: int | None = None) -> NDArray[np.float32]:
    """One-hot vectors of integer labels: float32, the classes along a new last axis.

    y: labels 0 to num_classes - 1, of any shape; as in Keras, a last axis of length 1 is dropped
        (a column of labels counts as a vector of them), and whole floats count as integers.
    num_classes: the largest label plus one if not given.

    Raises ValueError for labels that are negative, not whole, or beyond num_classes, and where
    there is no label to count the classes by; TypeError for what is not a number.

    >>> to_categorical([2, 0], num_classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)

    Formula: out[..., k] = 1 if y[...] = k else 0; `keras.utils.to_categorical`.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"labels must be integers, got dtype {labels.dtype}")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f":
        whole = np.isfinite(labels) & (labels == np.rint(labels))
        if not whole.all():
            raise ValueError(f"labels must be integers, got {labels[~whole][0]}")
    if labels.size == 0 and num_classes is None:
        raise ValueError("no labels to count the classes by: give num_classes")
    smallest, largest = (int(labels.min()), int(labels.max())) if labels.size else (0, -1)
    if smallest < 0:
        raise ValueError(f"labels must not be negative, got {smallest}")
    classes = largest + 1 if num_classes is None else operator.index(num_classes)
    if classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {classes}")
    if largest >= classes:
        raise ValueError(f"labels must be below num_classes, {classes}, got {largest}")
    onehot = np.zeros((*labels.shape, classes), np.float32)
    np.put_along_axis(onehot, labels[..., np.newaxis].astype(np.intp), 1, axis=-1)
    return onehot
