from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import autodiff as ad
from autodiff.testing import check_gradients
from nn import regularizers
from nn.regularizers import L1, L1L2, L2, OrthogonalRegularizer
from tests.autodiff.flat.agreement import assert_agree

W = np.random.default_rng(0).normal(size=(4, 3))
factors = st.floats(0, 10)


@given(
    w=arrays(np.float64, array_shapes(max_dims=4, max_side=4), elements=st.floats(-10, 10)),
    a=factors,
    b=factors,
)
def test_formulas(w: Any, a: float, b: float) -> None:
    absolute, squares = np.abs(w).sum(), (w**2).sum()
    assert float(L1(a)(w)) == pytest.approx(a * absolute)
    assert float(L2(a)(w)) == pytest.approx(a * squares)
    assert float(L1L2(a, b)(w)) == pytest.approx(a * absolute + b * squares)


def test_names_in_lower_case_are_the_classes() -> None:
    assert (regularizers.l1, regularizers.l2, regularizers.l1_l2) == (L1, L2, L1L2)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_the_mean_cosine_between_rows_or_columns(mode: str) -> None:
    w = W if mode == "rows" else W.T
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    n = len(w)
    cosines = [abs(unit[i] @ unit[j]) for i in range(n) for j in range(i)]
    found = OrthogonalRegularizer(0.5, mode)(W)
    assert float(found) == pytest.approx(0.5 * np.mean(cosines))


KINDS = [L1(0.3), L2(0.3), L1L2(0.1, 0.2), OrthogonalRegularizer(0.5)]


@pytest.mark.parametrize("penalty", KINDS, ids=lambda kind: type(kind).__name__)
def test_gradients_dtypes_and_flat_programs(penalty: Any) -> None:
    check_gradients(penalty, W)
    for dtype in (np.float32, np.float64):
        assert penalty(ad.Variable(W.astype(dtype))).dtype == dtype
    assert_agree(lambda: (penalty, []), [(W,), (2 * W,), (W - 1,)], ulps=4)


def test_a_variable_in_training() -> None:
    w = ad.Variable([2.0, -3.0])
    with ad.GradientTape() as tape:
        value = L1L2(0.5, 0.5)(w)
    assert tape.gradient(value, w).numpy().tolist() == [2.5, -3.5]


def test_by_name() -> None:
    for name, kind in (("l1", L1), ("L2", L2), ("l1_l2", L1L2), ("l1l2", L1L2)):
        assert type(regularizers.get(name)) is kind
    assert type(regularizers.get(L2)) is L2
    assert regularizers.get(None) is None
    assert regularizers.get(abs) is abs
    default: Any = regularizers.get("l1")
    assert default.l1 == 0.01


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: regularizers.get("l3"), ValueError, "unknown regularizer 'l3'"),
        (lambda: regularizers.get(cast(Any, 3)), TypeError, "a regularizer is a name, a function"),
        (lambda: L1(-1.0), ValueError, "l1 must be a finite number of 0 or more, got -1.0"),
        (lambda: L2(float("inf")), ValueError, "l2 must be a finite number"),
        (lambda: L1L2(l2=cast(Any, "a")), TypeError, "l2 must be a number, got 'a'"),
        (lambda: OrthogonalRegularizer(mode="row"), ValueError, "unknown mode 'row'; did you mean"),
        (lambda: OrthogonalRegularizer()(np.ones(3)), ValueError, "expected a matrix, got shape"),
        (lambda: regularizers.Regularizer()(W), NotImplementedError, "Regularizer has no __call__"),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
