"""Every loss is its formula, has the formula's gradients, and is the same in a flat program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients
from nn import losses
from tests.autodiff.flat.agreement import Program, assert_agree

from .cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
@given(seed=st.integers(0, 2**32))
def test_the_formula_of_every_sample(case: Case, seed: int) -> None:
    y_true, y_pred = case.arguments(seed)
    expected = case.formula(y_true, y_pred)
    found = case.function(y_true, y_pred, **case.options).numpy()
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    by_class = case.kind(**case.options)
    assert float(by_class(y_true, y_pred)) == pytest.approx(expected.mean(), rel=1e-9, abs=1e-9)


@every_case
def test_gradients_by_the_predictions(case: Case) -> None:
    y_true, y_pred = case.arguments(3)
    loss = case.kind(**case.options)
    check_gradients(lambda x: loss(y_true, x), y_pred)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_that_of_the_predictions(case: Case, dtype: Any) -> None:
    y_true, y_pred = case.arguments(0, dtype)
    x = ad.Variable(y_pred)
    with ad.GradientTape() as tape:
        value = case.kind(**case.options)(y_true, x)
    assert value.dtype == dtype
    assert tape.gradient(value, x).dtype == dtype


@every_case
def test_half_precision_is_computed_in_single(case: Case) -> None:
    y_true, y_pred = case.arguments(0, np.float16)
    value = case.function(y_true, y_pred, **case.options)
    assert value.dtype == np.float32
    wide = case.function(y_true, y_pred.astype(np.float32), **case.options)
    assert (value == wide).all()


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_flat_programs_agree(case: Case, weighted: bool) -> None:
    def build() -> Program:
        loss = case.kind(**case.options)

        def step(y_true: Any, y_pred: Any, weight: Any) -> Any:
            with ad.GradientTape() as tape:
                tape.watch(y_pred)
                value = loss(y_true, y_pred, weight if weighted else None)
            return value, tape.gradient(value, y_pred)

        return step, []

    random = np.random.default_rng(5)
    shape = np.shape(case.formula(*case.arguments(0)))
    calls = [(*case.arguments(seed, "f4"), random.uniform(0, 2, shape)) for seed in range(3)]
    assert_agree(build, calls, ulps=4)


def test_losses_are_functions_of_values_alone() -> None:
    """Every exported function and class has its case."""
    named = {case.function.__name__ for case in CASES} | {case.kind.__name__ for case in CASES}
    helpers = {"Loss", "LossFunctionWrapper", "get", "for_shapes"}
    assert named == set(losses.__all__) - helpers
