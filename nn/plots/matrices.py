"""Matrices, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots._canvas import axes, labels_of, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    names: Sequence[str] | None = None,
    normalise: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """How many samples of each class, a row, were taken for each class, a column.

    y_true: (N,) or (N, 1), integers from 0, or one-hot (N, K). y_pred: the same, or scores (N, K).
    names: of the K classes; numbers by default. normalise: parts of each row instead of counts.

    The colour says the part of the row, so that rare classes are seen too.

    >>> ax = confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '', '', '1', '', '', '', '1']
    """
    truth, guess = labels_of("y_true", y_true), labels_of("y_pred", y_pred)
    same_length(y_true=truth, y_pred=guess)
    for name, labels in (("y_true", truth), ("y_pred", guess)):
        if labels.dtype.kind not in "biuf" or (labels < 0).any() or (labels % 1 != 0).any():
            raise ValueError(f"{name} holds {labels.dtype}; expected integers from 0 up")
    widths = [np.shape(y)[1] for y in (y_true, y_pred) if np.ndim(y) == 2]
    classes = max([int(truth.max()) + 1, int(guess.max()) + 1, *widths])
    if names is not None:
        if len(names) < classes:
            raise ValueError(f"{len(names)} names for {classes} classes")
        classes = len(names)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth.astype(np.intp), guess.astype(np.intp)), 1)
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.2, 0.5 * classes + 1)
    ax = axes(ax, side, side)
    ax.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        text = f"{parts[row, column]:.2f}" if normalise else str(count)
        colour = "white" if parts[row, column] > 0.5 else "black"
        ax.text(
            column, row, text if count else "", ha="center", va="center", color=colour, fontsize=8
        )
    ticks = range(classes)
    ax.set(xticks=ticks, yticks=ticks, xlabel="taken for", ylabel="truth")
    if names is not None:
        ax.set_xticklabels(list(names), rotation=45, ha="right")
        ax.set_yticklabels(list(names))
    ax.set_title(f"{np.trace(counts) / len(truth):.1%} right", fontsize=10)
    return ax
