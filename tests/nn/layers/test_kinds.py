"""Each kind of layer beside its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import nn
from nn import layers
from nn.layers import (
    BatchNormalization,
    Dropout,
    Embedding,
    Lambda,
    LayerNormalization,
    Rescaling,
    Reshape,
)

RNG = np.random.default_rng(7)


@given(st.permutations([2, 3, 4]), st.sampled_from([None, 0, 1, 2]))
def test_reshape_keeps_the_order(target: list[int], open_at: int | None) -> None:
    x = RNG.normal(size=(5, 6, 4)).astype(np.float32)
    asked = [-1 if k == open_at else n for k, n in enumerate(target)]
    layer = Reshape(asked)
    assert (layer(x).numpy() == x.reshape(5, *target)).all()
    assert layer.compute_output_shape((None, 6, 4)) == (None, *target)
    assert layer.compute_output_shape((None, None, 4))[1:] == tuple(
        None if n == -1 else n for n in asked
    )


@pytest.mark.parametrize("shape", [(7, 4), (3, 5, 4), (2, 3, 5, 4)])
@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization_while_training(shape: tuple[int, ...], axis: int) -> None:
    layer = BatchNormalization(
        axis, momentum=0.9, gamma_initializer="normal", beta_initializer="normal", dtype="float64"
    )
    x = RNG.normal(2.0, 3.0, size=shape)
    others = tuple(k for k in range(len(shape)) if k != axis % len(shape))
    mean, variance = x.mean(others, keepdims=True), x.var(others, keepdims=True)
    y = layer(x, training=True).numpy()
    gamma, beta, moving_mean, moving_variance = (w.numpy() for w in layer.weights)
    by_feature = tuple(n if k == axis % len(shape) else 1 for k, n in enumerate(shape))
    gamma, beta = gamma.reshape(by_feature), beta.reshape(by_feature)
    assert y == pytest.approx(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta)
    assert moving_mean == pytest.approx(0.1 * mean.ravel())
    assert moving_variance == pytest.approx(0.9 + 0.1 * variance.ravel())
    shift, spread = moving_mean.reshape(by_feature), moving_variance.reshape(by_feature)
    for _ in range(2):  # and leaves them as they are
        y = layer(x).numpy()
        assert y == pytest.approx(gamma * (x - shift) / np.sqrt(spread + 1e-3) + beta)
    layer.trainable = False
    assert layer(x, training=True).numpy() == pytest.approx(y)


def test_batch_normalization_passes_gradients_through_its_statistics() -> None:
    layer = BatchNormalization(dtype="float64")
    x = RNG.normal(size=(6, 3))
    layer(x)
    ad.testing.check_gradients(lambda t: layer(t, training=True), x, order=1)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), (-1, -2)])
def test_layer_normalization(axis: Any) -> None:
    layer = LayerNormalization(
        axis, gamma_initializer="normal", beta_initializer="normal", dtype="float64"
    )
    x = RNG.normal(2.0, 3.0, size=(5, 3, 4))
    axes = tuple(sorted(np.atleast_1d(axis) % 3))
    by_axes = tuple(n if k in axes else 1 for k, n in enumerate(x.shape))
    y = layer(x)
    gamma, beta = (w.numpy().reshape(by_axes) for w in layer.weights)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    assert y.numpy() == pytest.approx(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta)
    ad.testing.check_gradients(layer, x, order=1)


@pytest.mark.parametrize("kind", [BatchNormalization, LayerNormalization])
def test_normalization_without_center_and_scale(kind: Any) -> None:
    layer = kind(center=False, scale=False)
    layer(np.ones((2, 3)))
    assert layer.trainable_variables == []


def test_dropout_keeps_the_mean_and_the_share() -> None:
    layer, x = Dropout(0.3, seed=1), np.ones((300, 300), np.float32)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert (layer(x).numpy() == x).all()
    assert y.dtype == np.float32


def test_dropout_of_whole_columns() -> None:
    y = Dropout(0.5, noise_shape=(None, 1, 3), seed=1)(np.ones((50, 9, 3)), training=True).numpy()
    assert (y == y[:, :1]).all()
    assert 0 < (y == 0).mean() < 1


def test_dropout_is_drawn_anew_and_repeats_by_its_seed() -> None:
    x = np.ones((4, 50), np.float32)

    def draws(layer: Dropout) -> Any:
        return [layer(x, training=True).numpy().tolist() for _ in range(2)]

    first, second = draws(Dropout(0.5, seed=5))
    assert first != second
    assert draws(Dropout(0.5, seed=5)) == [first, second]
    nn.utils.set_random_seed(3)
    shared = draws(Dropout(0.5))
    nn.utils.set_random_seed(3)
    assert draws(Dropout(0.5)) == shared


def test_dropout_in_a_flat_program_draws_what_it_draws_outside() -> None:
    x = np.ones((4, 50), np.float32)
    eager, flat = Dropout(0.5, seed=5), Dropout(0.5, seed=5)
    step = ad.function(lambda x: flat(x, training=True))
    for _ in range(3):
        assert (step(x).numpy() == eager(x, training=True).numpy()).all()


def test_batch_normalization_in_a_flat_program_moves_its_means() -> None:
    eager, flat = BatchNormalization(), BatchNormalization()
    step = ad.function(lambda x: flat(x, training=True))
    eager(np.zeros((1, 3))), flat(np.zeros((1, 3)))
    for k in range(4):
        x = np.random.default_rng(k).normal(size=(6, 3)).astype(np.float32)
        assert step(x).numpy() == pytest.approx(eager(x, training=True).numpy(), abs=1e-6)
        for v, w in zip(flat.weights, eager.weights, strict=True):
            assert v.numpy() == pytest.approx(w.numpy(), rel=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_embedding_looks_up_rows(dtype: str) -> None:
    layer, indices = Embedding(7, 3), RNG.integers(0, 7, (4, 5))
    y = layer(indices.astype(dtype))
    table = layer.embeddings.numpy()
    assert (y.numpy() == table[indices]).all()
    with ad.GradientTape() as tape:
        total = ad.sum(layer(indices))
    counts = np.bincount(indices.ravel(), minlength=7)
    by_table = tape.gradient(total, layer.embeddings).numpy()
    assert (by_table == np.repeat(counts[:, None], 3, axis=1)).all()
    assert layer.compute_output_shape((None, 5)) == (None, 5, 3)


def test_rescaling_and_lambda() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert Rescaling(0.5, offset=1.0)(pixels).numpy().tolist() == (pixels * 0.5 + 1).tolist()
    layer = Lambda(lambda x, power: x**power, arguments={"power": 2.0})
    assert layer(pixels).numpy().tolist() == (pixels.astype(float) ** 2).tolist()
    assert layer(layers.Input((3,))).shape == (None, 3)
    assert Lambda(lambda x: x[:, :2], (2,))(layers.Input((3,))).shape == (None, 2)
    stated = Lambda(lambda x: x[:, :2], lambda shape: (shape[0], 2))
    assert stated(layers.Input((3,))).shape == (None, 2)
    both = Lambda(lambda xs: xs[0] * xs[1])
    assert both([layers.Input((3,)), layers.Input((1,))]).shape == (None, 3)


@pytest.mark.host
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Reshape((2, -1, -1)), ValueError, "at most one -1"),
        (lambda: Reshape((4,))(np.ones((2, 3))), ValueError, r"3 numbers do not fill \(None, 4\)"),
        (lambda: Reshape((2, -1))(np.ones((2, 3))), ValueError, "3 numbers do not fill"),
        (lambda: Dropout(1.0), ValueError, "rate must lie from 0 to below 1, got 1.0"),
        (lambda: BatchNormalization(momentum=2), ValueError, "momentum must lie between 0 and 1"),
        (lambda: BatchNormalization(epsilon=-1), ValueError, "epsilon must be 0 or more, got -1"),
        (
            lambda: BatchNormalization(axis=0)(np.ones((2, 3))),
            ValueError,
            "axis 0 of an input of 2 axes; expected one from 1 to 1, or from -1 to -1",
        ),
        (lambda: LayerNormalization(axis=2)(np.ones((2, 3))), ValueError, "axis 2 of an input"),
        (lambda: Embedding(0, 2), ValueError, "must be at least 1, got 0 and 2"),
        (lambda: Embedding(3, 2)(np.array([[True]])), TypeError, "dtype bool; expected indices"),
        (lambda: Embedding(3, 2)([[3]]), ValueError, "labels run from 3 to 3; expected 0 to 2"),
        (lambda: Lambda(3), TypeError, "expected a function, got 3"),  # type: ignore[arg-type]
        (lambda: layers.Dense(2, foo=1), TypeError, "foo"),  # type: ignore[call-arg]
        (lambda: Dense_with_wrong_weight()([[1.0]]), TypeError, "takes the shape first"),
    ],
)
def test_wrong_options_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


class Dense_with_wrong_weight(layers.Layer):  # noqa: N801
    def build(self, input_shape: Any) -> None:
        self.add_weight("kernel", (1, 1))  # type: ignore[arg-type]
