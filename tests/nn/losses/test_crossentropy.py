"""Losses against their formulas written in NumPy, the lectures' numbers, and what must hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

Sparse = SparseCategoricalCrossentropy

N, K = 6, 4
RNG = np.random.default_rng(12)
LABELS = RNG.integers(0, K, N)
ONE_HOT = np.eye(K)[LABELS]
LOGITS = RNG.normal(size=(N, K))
BITS = RNG.integers(0, 2, (N, K)).astype(float)


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def gradient(loss: Loss, y_true: Any, y_pred: Any) -> Any:
    x = ad.Variable(y_pred)
    with ad.GradientTape() as tape:
        value = loss(y_true, x)
    return tape.gradient(value, x).numpy()


SURPRISE = -np.log(softmax(LOGITS))
COIN_SURPRISE = -np.where(BITS == 1, np.log(sigmoid(LOGITS)), np.log(sigmoid(-LOGITS)))

FORMULAS = [
    (Sparse, LABELS, softmax(LOGITS), SURPRISE[range(N), LABELS]),
    (CategoricalCrossentropy, ONE_HOT, softmax(LOGITS), (ONE_HOT * SURPRISE).sum(1)),
    (BinaryCrossentropy, BITS, sigmoid(LOGITS), COIN_SURPRISE.mean(1)),
    (MeanSquaredError, BITS, LOGITS, ((LOGITS - BITS) ** 2).mean(1)),
]


@pytest.mark.parametrize(("kind", "y_true", "y_pred", "expected"), FORMULAS)
def test_the_formula_and_its_reductions(kind: Any, y_true: Any, y_pred: Any, expected: Any) -> None:
    assert kind(reduction="none")(y_true, y_pred).numpy() == pytest.approx(expected)
    assert kind(reduction=None)(y_true, y_pred).numpy() == pytest.approx(expected)
    assert float(kind()(y_true, y_pred)) == pytest.approx(expected.mean())
    assert float(kind(reduction="sum")(y_true, y_pred)) == pytest.approx(expected.sum())


@pytest.mark.parametrize(("kind", "y_true", "y_pred", "expected"), FORMULAS)
def test_the_dtype_is_that_of_the_predictions(
    kind: Any, y_true: Any, y_pred: Any, expected: Any
) -> None:
    for dtype in (np.float32, np.float64):
        assert kind()(y_true, y_pred.astype(dtype)).dtype == dtype
        assert gradient(kind(), y_true, y_pred.astype(dtype)).dtype == dtype


CROSS_ENTROPIES = [
    (Sparse, LABELS, softmax, ONE_HOT, 1),
    (CategoricalCrossentropy, ONE_HOT, softmax, ONE_HOT, 1),
    (BinaryCrossentropy, BITS, sigmoid, BITS, K),
]


@pytest.mark.parametrize(("kind", "y_true", "probabilities", "y", "d"), CROSS_ENTROPIES)
def test_from_logits_is_from_their_probabilities(
    kind: Any, y_true: Any, probabilities: Any, y: Any, d: int
) -> None:
    from_logits = kind(from_logits=True)
    assert float(from_logits(y_true, LOGITS)) == pytest.approx(
        float(kind()(y_true, probabilities(LOGITS))), rel=1e-12
    )
    expected = (probabilities(LOGITS) - y) / (N * d)  # p − y, whichever it is
    assert gradient(from_logits, y_true, LOGITS) == pytest.approx(expected, rel=1e-10, abs=1e-14)


@given(z=arrays(np.float32, (3, K), elements=st.floats(-1000, 1000, width=32)))
def test_huge_logits_are_harmless(z: Any) -> None:
    """A cross-entropy lies between 0 and the span of the logits, its gradient between −1 and 1."""
    labels = [0, 1, 2]
    for kind, y in (
        (Sparse, labels),
        (CategoricalCrossentropy, np.eye(K)[labels]),
        (BinaryCrossentropy, np.eye(K)[labels]),
    ):
        losses = kind(from_logits=True, reduction="none")(y, z).numpy()
        assert np.isfinite(losses).all()
        assert losses.min() >= 0
        assert losses.max() <= 2000 + math.log(K) + 1e-3
        assert np.abs(gradient(kind(from_logits=True), y, z)).max() <= 1


@pytest.mark.parametrize("z", [1000.0, -1000.0])
def test_the_true_class_far_ahead_or_behind(z: float) -> None:
    ahead = max(0.0, -z)
    logits = np.array([[z, 0.0]])
    sparse = Sparse(from_logits=True)
    assert float(sparse([0], logits)) == ahead
    assert float(CategoricalCrossentropy(from_logits=True)([[1, 0]], logits)) == ahead
    assert float(BinaryCrossentropy(from_logits=True)([[1.0]], [[z]])) == ahead


def test_an_excluded_class_costs_nothing() -> None:
    logits = np.array([[0.0, 0.0, -np.inf]])
    loss = CategoricalCrossentropy(from_logits=True)
    assert float(loss([[1, 0, 0]], logits)) == pytest.approx(math.log(2))
    assert gradient(loss, [[1, 0, 0]], logits).tolist() == [[-0.5, 0.5, 0.0]]


@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_binary_crossentropy_has_its_gradient_at_zero(y: float) -> None:
    assert gradient(BinaryCrossentropy(from_logits=True), [[y]], np.zeros((1, 1))) == 0.5 - y


def test_impossible_and_certain_probabilities_are_cut_off_at_1e_7() -> None:
    worst = -math.log(1e-7)
    sparse = Sparse(reduction="none")
    assert sparse([0, 1], np.array([[0.0, 1.0]] * 2)).numpy() == pytest.approx([worst, 1e-7], 1e-6)
    categorical = CategoricalCrossentropy()
    assert float(categorical([[1, 0]], np.array([[0.0, 1.0]]))) == pytest.approx(worst)
    assert float(BinaryCrossentropy()([[1.0]], np.array([[0.0]]))) == pytest.approx(worst)
    assert float(BinaryCrossentropy()([[0.0]], np.array([[1.0]]))) == pytest.approx(worst)


def test_the_lectures_cross_entropies() -> None:
    """Probabilities 0.2, 0.7, 0.9 and 1.0 for the true class."""
    p = np.array([0.2, 0.7, 0.9, 1.0])
    losses = Sparse(reduction="none")([0] * 4, np.stack([p, 1 - p], axis=1))
    assert losses.numpy() == pytest.approx([1.61, 0.357, 0.105, 0], abs=5e-3)


def test_the_numbers_in_keras_documentation() -> None:
    y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    assert float(Sparse()([1, 2], y_pred)) == pytest.approx(1.177, abs=5e-4)
    one_hot = [[0, 1, 0], [0, 0, 1]]
    each = CategoricalCrossentropy(reduction="none")(one_hot, y_pred).numpy()
    assert each == pytest.approx([0.0513, 2.303], abs=5e-4)
    assert float(CategoricalCrossentropy(reduction="sum")(one_hot, y_pred)) == pytest.approx(
        2.354, abs=5e-4
    )
    logits = np.array([-18.6, 0.51, 2.94, -12.8])
    assert float(BinaryCrossentropy(from_logits=True)([0, 1, 0, 0], logits)) == pytest.approx(
        0.8654, abs=1e-4
    )
    y_true, y_pred = [[0.0, 1.0], [0.0, 0.0]], np.array([[0.6, 0.4], [0.4, 0.6]])
    assert float(BinaryCrossentropy()(y_true, y_pred)) == pytest.approx(0.815, abs=5e-4)


@pytest.mark.parametrize(("kind", "y"), [(Sparse, LABELS), (CategoricalCrossentropy, ONE_HOT)])
def test_probabilities_of_classes_are_divided_by_their_sum(kind: Any, y: Any) -> None:
    expected = kind()(y, softmax(LOGITS))
    assert float(kind()(y, 5 * softmax(LOGITS))) == pytest.approx(float(expected), rel=1e-12)


def test_label_smoothing_mixes_in_the_even_distribution() -> None:
    smooth = CategoricalCrossentropy(label_smoothing=0.2)(ONE_HOT, softmax(LOGITS))
    mixed = CategoricalCrossentropy()(0.8 * ONE_HOT + 0.2 / K, softmax(LOGITS))
    assert float(smooth) == pytest.approx(float(mixed))
    smooth = BinaryCrossentropy(label_smoothing=0.2)(BITS, sigmoid(LOGITS))
    assert float(smooth) == pytest.approx(
        float(BinaryCrossentropy()(0.8 * BITS + 0.1, sigmoid(LOGITS)))
    )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_labels_in_a_column_and_with_more_axes(from_logits: bool, dtype: str) -> None:
    y_pred = LOGITS if from_logits else softmax(LOGITS)
    loss = Sparse(from_logits, reduction="none")
    labels = LABELS.astype(dtype)
    flat = loss(labels, y_pred).numpy()
    assert (loss(labels[:, None], y_pred).numpy() == flat).all()
    assert (loss(ad.asarray(labels), y_pred).numpy() == flat).all()
    deep = loss(labels.reshape(2, 3), y_pred.reshape(2, 3, K)).numpy()
    assert deep == pytest.approx(flat.reshape(2, 3), rel=1e-12)


@pytest.mark.parametrize("kind", [MeanSquaredError, BinaryCrossentropy])
def test_a_last_axis_of_one_may_be_missing(kind: Any) -> None:
    column, flat = sigmoid(LOGITS[:, :1]), sigmoid(LOGITS[:, 0])
    expected = float(kind()(BITS[:, :1], column))
    assert float(kind()(BITS[:, 0], column)) == pytest.approx(expected, rel=1e-12)
    assert float(kind()(BITS[:, :1], flat)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.host
@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred", "error", "message"),
    [
        (Sparse(), [0.5] * N, LOGITS, TypeError, "y_true holds float64; expected integer labels"),
        (Sparse(), [K] * N, LOGITS, ValueError, "labels run from 4 to 4; expected 0 to 3"),
        (Sparse(True), [-1] * N, LOGITS, ValueError, "labels run from -1 to -1; expected 0 to 3"),
        (Sparse(), LABELS[1:], LOGITS, ValueError, r"shape \(5,\) for y_pred of shape \(6, 4\)"),
        (
            CategoricalCrossentropy(),
            ONE_HOT[1:],
            LOGITS,
            ValueError,
            r"y_true of shape \(5, 4\), y_pred of shape \(6, 4\); expected the same",
        ),
        (MeanSquaredError(), BITS[:, 0], LOGITS, ValueError, "mean_squared_error: y_true of shape"),
    ],
)
def test_what_does_not_fit_is_refused(
    loss: Loss, y_true: Any, y_pred: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(y_true, y_pred)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MeanSquaredError("average"),
            "reduction must be one of 'sum_over_batch_size', 'sum'",
        ),
        (lambda: BinaryCrossentropy(label_smoothing=2), "label_smoothing must lie between 0 and 1"),
    ],
)
def test_wrong_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
