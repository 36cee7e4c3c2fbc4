"""Losses that need an op of their own to be stable and fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays._backend import PYTHON_SCALARS
from ..engine._op import op
from ..engine._samples import Arrays, Draw, binary

__all__ = ["check_labels", "one_hot", "sigmoid_cross_entropy", "softmax_cross_entropy"]


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1, 3, side=1)
    labels = np.array([draw.integer(0, shape[-1] - 1) for _ in range(int(np.prod(shape[:-1])))])
    return (draw.array(shape), labels.astype(np.int64).reshape(shape[:-1])), {}


def _chosen(xp: Any, x: Any, labels: Any) -> Any:
    """x[..., label] of each row."""
    if x.ndim == 2:
        return x[xp.arange(labels.size), labels]
    rows = xp.reshape(x, (labels.size, x.shape[-1]))
    return xp.reshape(rows[xp.arange(labels.size), labels.reshape(-1)], labels.shape)


def _labels_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    labels = np.round(draw.array(draw.shape(), -1.4, 3.4)).astype(np.int64)
    return (labels,), {
        "classes": draw.integer(0, 3),
        "dtype": draw.choice((np.float32, np.float64)),
    }


@op(flops=0, label="one-hot", sample=_labels_sample)
def one_hot(xp: Any, labels: Any, /, classes: int, dtype: Any = np.float32) -> Any:
    """For each integer label a row of zeros with a one at the label; zeros if outside [0, classes).

    >>> one_hot([1, 0], 3)
    Tensor([[0., 1., 0.],
            [1., 0., 0.]], dtype=float32)
    """
    if labels.dtype.kind not in "iu":
        raise TypeError("labels must be integers")
    return xp.astype(labels[..., None] == xp.arange(classes), dtype)


def _check_integers(labels: Any) -> None:
    kind = labels.dtype.kind if hasattr(labels, "dtype") else type(labels).__name__
    if kind not in ("i", "u"):
        raise TypeError("labels must be an array of integers")


def _checked_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    return (draw.array(draw.shape(), 0.0, 2.9).astype(np.int64),), {"classes": 3}


@op(flops=0, label="labels", sample=_checked_sample)
def check_labels(xp: Any, labels: Any, /, classes: int) -> Any:
    """The labels themselves, once it is sure that they are integers in [0, classes).

    Raises:
        TypeError: labels that are no integers.
        ValueError: labels outside [0, classes).

    >>> check_labels([1, 0], 3)
    Tensor([1, 0], dtype=int64)
    """
    _check_integers(labels)
    xp.require_range(labels, 0, classes, "labels")
    return labels


def _rule(xp: Any, g: Any, logits: Any, labels: Any) -> Any:
    truth = xp.one_hot(labels, logits.shape[-1], logits.dtype)
    return (xp.softmax(logits, -1) - truth) * g[..., None]


@op(
    logits=_rule,
    label="CE",
    flops=lambda out, logits, labels: 6 * int(np.prod(logits)),
    sample=_sample,
)
def softmax_cross_entropy(xp: Any, logits: Any, labels: Any, /) -> Any:
    """-log softmax(logits)[label] for each row: logits (..., classes), integer labels (...).

    log(sum(exp(logits))) - logits[label], shifted by the largest logit, so that no size of logits
    overflows; its gradient is softmax(logits) - one_hot(label).

    Raises:
        TypeError: labels that are no integers.
        ValueError: labels of another shape, or outside [0, classes).

    >>> softmax_cross_entropy([[2.0, 2.0], [1000.0, 0.0]], [0, 0])
    Tensor([0.6931472, 0.       ], dtype=float32)
    """
    _check_integers(labels)
    if logits.ndim == 0 or labels.shape != logits.shape[:-1]:
        raise ValueError("labels must have the shape of the logits without their last axis")
    xp.require_range(labels, 0, logits.shape[-1], "labels")
    shifted = logits - xp.max(logits, -1, True)
    return xp.log(xp.sum(xp.exp(shifted), -1)) - _chosen(xp, shifted, labels)


@op(
    logits=lambda xp, g, logits, labels: g * (xp.sigmoid(logits) - labels),
    labels=lambda g, logits: -g * logits,
    broadcast=True,
    label="BCE",
    flops=7,
    sample=binary(x=(-4.0, 4.0)),
)
def sigmoid_cross_entropy(xp: Any, logits: Any, labels: Any, /) -> Any:
    """-y log σ(z) - (1 - y) log(1 - σ(z)) of logits z and labels y, element by element.

    max(z, 0) - z y + log(1 + exp(-|z|)): no size of logits overflows; its gradient is σ(z) - y.
    Labels lie between 0 and 1.

    >>> sigmoid_cross_entropy([0.0, 100.0], [1.0, 0.0])
    Tensor([  0.6931472, 100.       ], dtype=float32)
    """
    if type(logits) in PYTHON_SCALARS:  # in the dtype of the labels, as in arithmetic
        logits = labels * 0 + logits
    return xp.maximum(logits, 0) - logits * labels + xp.log1p(xp.exp(0 - xp.abs(logits)))
