"""Precision, recall and areas where the answer is known, and what they refuse."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import metrics
from nn.metrics import AUC, Precision, Recall

Y = np.array([0, 1, 1, 1])
P = np.array([0.9, 0.1, 0.8, 0.7])


def test_of_nothing_they_are_0() -> None:
    for metric in (Precision(), Recall(), AUC(), metrics.TruePositives()):
        assert float(metric.result()) == 0.0
    assert float(Precision()(Y, np.zeros(4))) == 0.0
    assert float(Recall()(np.zeros(4), P)) == 0.0


def test_what_lies_on_the_threshold_is_negative() -> None:
    assert float(metrics.FalseNegatives()([1, 1], [0.5, 0.51])) == 1.0


def test_several_thresholds_give_several_results() -> None:
    found = metrics.TrueNegatives([0.0, 0.5, 1.0])(Y, P)
    assert found.numpy().tolist() == [0.0, 0.0, 1.0]


def test_shapes_with_a_column() -> None:
    for y, p in ((Y, P), (Y[:, None], P), (Y, P[:, None]), (Y[:, None], P[:, None])):
        assert float(Precision()(y, p, sample_weight=[1.0, 1.0, 1.0, 2.0])) == 0.75
    with pytest.raises(ValueError, match=r"precision: y_true of shape \(4,\), y_pred of shape \(3"):
        Precision()(Y, P[:3])


def test_of_equal_scores_the_first_are_the_largest() -> None:
    scores = np.array([[0.3, 0.3, 0.3, 0.1]])
    for k in range(1, 5):
        found = [float(Recall(top_k=k, class_id=c)(np.ones((1, 4)), scores)) for c in range(4)]
        assert found == [float(c < k) for c in range(4)]


@given(seed=st.integers(0, 2**32), n=st.integers(2, 30))
def test_the_area_is_the_chance_to_rank_a_pair_rightly(seed: int, n: int) -> None:
    """Of a positive and a negative the positive scores higher; equal ones count half.

    With a threshold between any two scores this is exact (Mann and Whitney's statistic).
    """
    rng = np.random.default_rng(seed)
    p = rng.integers(0, 9, n) / 8
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    higher = np.sign(p[y == 1][:, None] - p[y == 0]) / 2 + 0.5
    metric = AUC(thresholds=((np.arange(9) + 0.5) / 9).tolist())
    assert float(metric(y, p)) == pytest.approx(higher.mean(), abs=1e-6)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
def test_areas_of_perfect_predictions(curve: str, method: str) -> None:
    lower = curve == "PR" and method == "minoring"  # the precision of nothing counts as 0
    metric = AUC(curve=curve, summation_method=method)
    found = float(metric([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]))
    assert found == pytest.approx(0.5 if lower else 1.0, abs=1e-6)


def test_the_interpolated_area_under_precision_and_recall() -> None:
    """Between two thresholds precision is TP / P with TP linear in P: integrated numerically."""
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 50), rng.uniform(size=50)
    limits = np.concatenate([[-1e-7], np.arange(1, 9) / 9, [1 + 1e-7]])
    tp = np.array([((p > t) & (y == 1)).sum() for t in limits]).astype(float)
    whole = np.array([(p > t).sum() for t in limits]).astype(float)
    area = 0.0
    for k in range(9):
        s = (np.arange(100_000) + 0.5) / 100_000  # midpoints from the higher threshold down
        a, b = tp[k + 1] + s * (tp[k] - tp[k + 1]), whole[k + 1] + s * (whole[k] - whole[k + 1])
        area += (tp[k] - tp[k + 1]) * np.mean(a / np.where(b == 0, 1, b)) / y.sum()
    found = float(AUC(num_thresholds=10, curve="PR")(y, p))
    assert found == pytest.approx(area, abs=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Precision(thresholds=1.5), ValueError, "thresholds must lie between 0 and 1"),
        (lambda: Recall(thresholds=[]), ValueError, "thresholds must lie between 0 and 1"),
        (lambda: AUC(num_thresholds=1), ValueError, "num_thresholds must be at least 2, got 1"),
        (lambda: AUC(thresholds=[-1.0]), ValueError, "thresholds must lie between 0 and 1"),
        (lambda: AUC(curve="RC"), ValueError, "unknown curve 'RC'"),
        (lambda: AUC(summation_method="sum"), ValueError, "unknown summation_method 'sum'"),
        (lambda: AUC(num_labels=3), ValueError, "num_labels is of use with multi_label=True"),
        (lambda: AUC(multi_label=True).result(), ValueError, "no result before the first batch"),
        (lambda: AUC(multi_label=True)(Y, P), ValueError, r"y_pred of shape \(N, D\), got \(4,\)"),
        (lambda: Precision(class_id=1)(Y, P), ValueError, "class_id needs a column for each class"),
        (lambda: Precision(top_k=5)(Y, P), ValueError, r"top_k is 5, for y_pred of shape \(4,\)"),
        (lambda: cast(Any, Precision()).nothing, AttributeError, "Precision has no 'nothing'"),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
