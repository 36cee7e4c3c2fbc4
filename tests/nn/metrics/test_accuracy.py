from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.metrics import sparse_categorical_accuracy


@pytest.mark.parametrize("column", [False, True])
def test_sparse_categorical_accuracy_counts_the_hits(column: bool) -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 4)), rng.integers(0, 4, 50).astype(np.uint8)
    hits = sparse_categorical_accuracy(labels[:, None] if column else labels, scores)
    best = [max(range(4), key=row.__getitem__) for row in scores]
    expected = [float(k == label) for k, label in zip(best, labels, strict=True)]
    assert hits.numpy().tolist() == expected
    assert hits.dtype == np.float32
    assert 0 < sum(expected) < 50


@pytest.mark.host
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0.0, 1.0], TypeError, "y_true holds float64; expected integer labels"),
        ([0, 4], ValueError, "labels run from 0 to 4; expected 0 to 3"),
        ([0, -1], ValueError, "labels run from -1 to 0; expected 0 to 3"),
        ([0, 1, 2], ValueError, r"y_true of shape \(3,\) for y_pred of shape \(2, 4\)"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"sparse_categorical_accuracy: {message}"):
        sparse_categorical_accuracy(labels, np.zeros((2, 4)))
