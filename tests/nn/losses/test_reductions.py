"""Reductions, sample weights and masks, of a loss whose values are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from nn import losses
from nn.losses import Loss, SparseCategoricalCrossentropy
from tests.autodiff.flat.agreement import assert_agree


class Itself(Loss):
    """The predictions are the losses."""

    def call(self, y_true: Any, y_pred: Any) -> ad.Tensor:
        return ad.asarray(y_pred)


@st.composite
def weighted(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Values, weights of a shape that fits, and the weights broadcast."""
    shape = draw(st.lists(st.integers(1, 3), min_size=0, max_size=3).map(tuple))
    values = draw(arrays(np.float64, shape, elements=st.floats(-10, 10)))
    kept = draw(st.integers(0, len(shape)))
    given_shape = tuple(draw(st.sampled_from((1, n))) for n in shape[:kept])
    weights = draw(arrays(np.float64, given_shape, elements=st.floats(0.1, 3)))
    whole = np.broadcast_to(weights.reshape(given_shape + (1,) * (len(shape) - kept)), shape)
    if kept == len(shape) and draw(st.booleans()):
        weights = weights[..., None]
    return values, weights, whole


@given(case=weighted())
def test_reductions(case: tuple[Any, Any, Any]) -> None:
    values, weights, whole = case
    for sample_weight, w in ((None, np.ones_like(values)), (weights, whole)):
        each = values * w
        expected = {
            "sum_over_batch_size": each.mean(),
            "mean": each.mean(),
            "sum": each.sum(),
            "mean_with_sample_weight": each.sum() / w.sum(),
            "none": each,
            None: each,
        }
        for reduction, answer in expected.items():
            found = Itself(reduction=reduction)(None, values, sample_weight)
            assert found.numpy() == pytest.approx(answer, rel=1e-12, abs=1e-12)


def test_weights_of_a_list_and_of_integers_keep_the_dtype() -> None:
    values = np.array([1.0, 2.0], np.float32)
    for weights in ([1, 3], [1.0, 3.0], np.array([1, 3], np.uint8), np.array([1.0, 3.0])):
        found = Itself()(None, values, weights)
        assert found.dtype == np.float32
        assert float(found) == 3.5


@pytest.mark.parametrize("weights", [[1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]] * 2, [[[1.0, 2.0]]]])
def test_weights_that_do_not_fit(weights: Any) -> None:
    with pytest.raises(ValueError, match=r"sample_weight of shape .* for values of shape \(2, 2\)"):
        Itself()(None, np.ones((2, 2)), weights)


def test_no_samples_and_no_weight_cost_nothing() -> None:
    assert float(Itself()(None, np.zeros((0,)))) == 0.0
    assert float(Itself(reduction="mean_with_sample_weight")(None, np.ones(2), [0.0, 0.0])) == 0.0
    nothing = SparseCategoricalCrossentropy(ignore_class=0)([0, 0], np.ones((2, 3)))
    assert float(nothing) == 0.0


P = np.array([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("ignored", [-1, 1, 255])
def test_an_ignored_class(from_logits: bool, ignored: int) -> None:
    labels = np.array([0, ignored, 0])
    scores = np.log(P) if from_logits else P
    left, weights = -np.log(P[[0, 2], 0]), np.array([1.0, 5.0, 3.0])

    def loss(reduction: str | None = None, sample_weight: Any = None) -> Any:
        kind = SparseCategoricalCrossentropy(from_logits, ignored, reduction)
        return kind(labels, scores, sample_weight).numpy()

    assert loss("none") == pytest.approx([left[0], 0, left[1]])
    assert loss("sum") == pytest.approx(left.sum())
    assert loss("sum_over_batch_size") == pytest.approx(left.mean())
    assert loss("mean") == pytest.approx(left.mean())
    assert loss("mean_with_sample_weight") == pytest.approx(left.mean())
    assert loss("sum", weights) == pytest.approx(left @ [1, 3])
    assert loss("mean", weights) == pytest.approx(left @ [1, 3] / 2)
    assert loss("mean_with_sample_weight", weights) == pytest.approx(left @ [1, 3] / 4)


def test_an_ignored_class_passes_no_gradient_however_bad_its_scores() -> None:
    scores = ad.Variable(np.where([[False], [True], [False]], np.nan, np.log(P)))
    with ad.GradientTape() as tape:
        value = SparseCategoricalCrossentropy(True, ignore_class=-1)([0, -1, 0], scores)
    slope = tape.gradient(value, scores).numpy()
    assert (slope[1] == 0).all()
    assert slope[[0, 2], 0] == pytest.approx((P[[0, 2], 0] - 1) / 2)


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight", "none"])
def test_an_ignored_class_in_a_flat_program(reduction: str) -> None:
    def build() -> Any:
        return SparseCategoricalCrossentropy(ignore_class=9, reduction=reduction), []

    calls = [(np.array(y), P, np.array([1.0, 2.0, 3.0])) for y in ([0, 9, 1], [9, 9, 0], [1, 1, 0])]
    assert_agree(build, calls, ulps=2)


@pytest.mark.host
def test_labels_outside_are_found_in_a_flat_program_too() -> None:
    for from_logits in (False, True):
        flat = ad.function(SparseCategoricalCrossentropy(from_logits).__call__)
        flat(np.array([0, 1, 0]), P)
        with pytest.raises(ValueError, match="labels outside 0 to 1"):
            flat(np.array([0, 2, 0]), P)


def test_a_dtype_of_its_own() -> None:
    found = losses.MeanSquaredError(dtype="float64")(*np.array([[[1.0]], [[2.0]]], np.float32))
    assert found.dtype == np.float64
    with pytest.raises(TypeError, match="dtype must be a float, got int32"):
        losses.MeanSquaredError(dtype="int32")
