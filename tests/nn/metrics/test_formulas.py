"""Every metric is its formula over all samples, however batched, and the same in flat programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from nn import metrics
from tests.autodiff.flat.agreement import Program, assert_agree

from .cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
@given(seed=st.integers(0, 2**32))
def test_the_formula_over_batches(case: Case, seed: int) -> None:
    batches = case.batches(seed)
    unweighted = [(y, p, np.ones_like(w)) for y, p, w in batches]
    metric = case.make()
    for _ in range(2):  # before and after a reset
        for y_true, y_pred, w in batches:
            metric.update_state(y_true, y_pred, sample_weight=w)
        assert metric.result().numpy() == pytest.approx(case.expected(batches), rel=3e-5, abs=1e-6)
        metric.reset_state()
    for y_true, y_pred, _ in batches:
        found = metric(y_true, y_pred)
    assert found.numpy() == pytest.approx(case.expected(unweighted), rel=3e-5, abs=1e-6)


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_updates_in_a_flat_program(case: Case, weighted: bool) -> None:
    """State and results agree with eager updates, call after call."""

    def build() -> Program:
        metric = case.make()

        def update(y_true: Any, y_pred: Any, weights: Any) -> Any:
            metric.update_state(y_true, y_pred, weights if weighted else None)
            return metric.result()

        return update, metric.variables

    assert_agree(build, case.batches(1), ulps=8)


@every_case
def test_state_is_not_trainable_and_float32(case: Case) -> None:
    metric = case.make()
    metric(*case.batches(0)[0])
    assert metric.variables
    for v in metric.variables:
        assert not v.trainable
        assert v.dtype == np.float32
        assert v.name is not None
        assert v.name.startswith(f"{metric.name}/")
    assert metric.result().dtype == np.float32
    metric.reset_state()
    assert all((v.numpy() == 0).all() for v in metric.variables)


@every_case
def test_a_weight_of_k_is_k_copies(case: Case) -> None:
    once, many = case.make(), case.make()
    for k, (y_true, y_pred, _) in enumerate(case.batches(3)):
        copies = np.arange(len(y_pred)) % 3 + k
        once.update_state(y_true, y_pred, copies)
        many.update_state(np.repeat(y_true, copies, axis=0), np.repeat(y_pred, copies, axis=0))
    assert once.result().numpy() == pytest.approx(many.result().numpy(), rel=1e-5, abs=1e-6)


@pytest.mark.host
@every_case
def test_a_reset_needs_no_other_trace(case: Case) -> None:
    metric, batches, traces = case.make(), case.batches(2), []

    @ad.function
    def update(*batch: Any) -> None:
        traces.append(batch)
        metric.update_state(*batch)

    update(*batches[0])
    assert len(traces) <= 2  # a first call that makes Variables runs twice
    traces.clear()
    metric.reset_state()
    for batch in batches[1:]:
        update(*batch)
    assert not traces
    assert metric.result().numpy() == pytest.approx(case.expected(batches[1:]), rel=3e-5, abs=1e-6)


def test_double_precision_where_asked_for() -> None:
    metric = metrics.MeanSquaredError(dtype="float64")
    assert metric(np.array([[1e-9]]), np.array([[0.0]])).dtype == np.float64
    assert float(metric.result()) == pytest.approx(1e-18, rel=1e-12)
    with pytest.raises(TypeError, match="dtype must be a float, got int64"):
        metrics.Mean(dtype="int64")


def test_all_metrics_have_their_case() -> None:
    made = {case.kind.__name__ for case in CASES}
    assert {name for name in metrics.__all__ if name[0].isupper()} - made == {
        *("Mean", "MeanMetricWrapper", "Metric", "Sum"),
    }
