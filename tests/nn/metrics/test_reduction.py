"""Mean and Sum of values with weights of every shape that fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from nn.metrics import Mean, Sum
from tests.nn.losses.test_reductions import weighted


@given(case=weighted())
def test_mean_and_sum(case: tuple[Any, Any, Any]) -> None:
    values, weights, whole = case
    for sample_weight, w in ((None, np.ones_like(values)), (weights, whole)):
        mean, total = Mean(dtype="float64"), Sum(dtype="float64")
        for scale in (1.0, 3.0):
            mean.update_state(scale * values, sample_weight)
            total.update_state(scale * values, sample_weight)
        sums = (values * w).sum()
        assert float(total.result()) == pytest.approx(4 * sums, rel=1e-12, abs=1e-12)
        assert float(mean.result()) == pytest.approx(2 * sums / w.sum(), rel=1e-12, abs=1e-12)


def test_batches_of_other_sizes_count_by_their_samples() -> None:
    mean = Mean()
    mean.update_state([1.0, 2.0, 3.0, 4.0])
    assert float(mean([5.0])) == 3.0
    mean.update_state(np.zeros((3, 7, 2)))
    assert float(mean.result()) == pytest.approx(15 / 8)


def test_means_of_batches_weighted_by_their_sizes() -> None:
    """As the loss of an epoch is put together."""
    mean = Mean()
    mean.update_state(np.float32(2.0), sample_weight=30)
    assert float(mean(np.float32(8.0), sample_weight=10)) == 3.5


def test_no_values_have_mean_and_sum_0() -> None:
    assert float(Mean().result()) == float(Sum().result()) == 0.0
    assert float(Mean()(np.zeros((0, 3)))) == 0.0
    assert float(Mean()([5.0], sample_weight=[0.0])) == 0.0


def test_integers_and_booleans_are_counted() -> None:
    assert float(Mean()(np.array([True, False, True, True]))) == 0.75
    assert float(Sum()(np.array([200, 200], np.uint8))) == 400.0


def test_weights_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"sample_weight of shape \(3,\) for values of shape \(2,"):
        Mean()(np.ones((2, 4)), sample_weight=[1.0, 2.0, 3.0])
