"""Rows divided at random into two sets: one to train on, one to judge by."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn._batches import common_length
from nn._rows import FileRows

Rows = NDArray[np.intp]


def train_test_split(
    *arrays: ArrayLike | FileRows,
    test_size: float | int = 0.25,
    seed: int | np.random.Generator | None = None,
    shuffle: bool = True,
    stratify: ArrayLike | None = None,
) -> list[Any]:
    """The rows of each array in two parts: [x_train, x_test, y_train, y_test] of (x, y).

    arrays: their first axis counts the same N rows; all are divided alike. The parts are new
        arrays, except where `shuffle` is off: then they are views, of `FileRows` FileRows.
    test_size: a float above 0 and below 1 is a part of the rows, rounded; an integer counts them.
    seed: int, NumPy Generator or None (unpredictable).
    shuffle: draw the rows, in a random order; without it the last ones are the test set.
    stratify: labels (N,): of each class's rows that same part, rounded, is drawn.

    Raises ValueError for arrays of different lengths, where a part would be empty, and for
    `stratify` without `shuffle`; TypeError for a size that is no number.

    >>> x, y = np.arange(10), np.arange(10) % 2
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=4, stratify=y, seed=0)
    >>> y_train.tolist().count(1), y_test.tolist().count(1)
    (3, 2)

    The order of `sklearn.model_selection.train_test_split`.
    """
    # of a memory-mapped array a view; FileRows are read where rows are drawn
    whole: list[Any] = [a if isinstance(a, FileRows) else np.asarray(a) for a in arrays]
    rows = common_length([(f"array {k}", array) for k, array in enumerate(whole)])
    part = _part(test_size, rows)
    if not shuffle:
        if stratify is not None:
            raise ValueError("stratify draws rows: it needs shuffle=True")
        first = rows - round(part * rows)
        _check_parts(first, rows, test_size)
        return [half for array in whole for half in (array[:first], array[first:])]
    labels = None if stratify is None else np.asarray(stratify)
    if labels is not None and labels.shape != (rows,):
        raise ValueError(f"stratify must be labels of shape ({rows},), got {labels.shape}")
    train, test = drawn(rows, part, np.random.default_rng(seed), labels)
    _check_parts(len(train), rows, test_size)
    return [half for array in whole for half in (array[train], array[test])]


def drawn(
    rows: int, part: float, rng: np.random.Generator, labels: NDArray[Any] | None = None
) -> tuple[Rows, Rows]:
    """Row numbers of the training and of the test set, each in random order.

    part: of all rows, rounded, or of the rows of each label.
    """
    order = rng.permutation(rows)
    in_test = np.zeros(rows, bool)
    groups = [order] if labels is None else _by_label(order, labels)
    for group in groups:
        in_test[group[: round(part * len(group))]] = True
    if labels is not None:  # a label comes first in training where its test rows are found early
        order = rng.permutation(order)
    return order[~in_test[order]], order[in_test[order]]


def _by_label(order: Rows, labels: NDArray[Any]) -> list[Rows]:
    """The row numbers of each label, in the given order."""
    _, codes = np.unique(labels, return_inverse=True)
    codes = codes[order]
    by_code = np.argsort(codes, kind="stable")
    return np.split(order[by_code], np.flatnonzero(np.diff(codes[by_code])) + 1)


def _part(test_size: float | int, rows: int) -> float:
    """What part of the rows the test set is."""
    if isinstance(test_size, float | np.floating):
        if not 0 < test_size < 1:
            raise ValueError(f"test_size must lie between 0 and 1, or count rows, got {test_size}")
        return float(test_size)
    count = operator.index(test_size)
    if not 0 < count < rows:
        raise ValueError(f"test_size must leave rows on both sides, got {count} of {rows}")
    return count / rows


def _check_parts(train: int, rows: int, test_size: float | int) -> None:
    if not 0 < train < rows:
        raise ValueError(f"test_size {test_size} of {rows} rows leaves nothing on one side")
