"""Layers of images beside their formulas; LeNet-5 as the lectures count it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from nn import layers, models
from nn.layers import (
    AveragePooling2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
    Subsampling,
)

RNG = np.random.default_rng(9)


@pytest.mark.parametrize("use_bias", [True, False])
@given(
    st.sampled_from([1, 2, (1, 3)]),
    st.sampled_from(["valid", "same", 1]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
)
def test_conv2d_is_its_formula(
    use_bias: bool, strides: Any, padding: Any, dilation: Any, groups: int
) -> None:
    layer = Conv2D(
        4,
        (3, 2),
        strides,
        padding,
        dilation_rate=dilation,
        groups=groups,
        activation="tanh",
        use_bias=use_bias,
        bias_initializer="normal",
        dtype="float64",
    )
    x = RNG.normal(size=(2, 7, 6, 2))
    y = layer(x)
    kernel, *bias = layer.get_weights()
    z = ad.conv2d(x, kernel, strides, padding, dilation, groups).numpy()
    assert y.numpy() == pytest.approx(np.tanh(z + (bias[0] if bias else 0)))
    assert layer.compute_output_shape((None, 7, 6, 2)) == (None, *y.shape[1:])
    assert layer.compute_output_shape((None, None, 6, 2)) == (None, None, *y.shape[2:])


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (MaxPooling2D(), lambda x: ad.max_pool2d(x, 2)),
        (MaxPooling2D(3, 2, "same"), lambda x: ad.max_pool2d(x, 3, 2, "same")),
        (AveragePooling2D((2, 3), 1), lambda x: ad.avg_pool2d(x, (2, 3), 1)),
        (AveragePooling2D(padding="same"), lambda x: ad.avg_pool2d(x, 2, padding="same")),
        (
            Subsampling(activation="sigmoid"),
            lambda x: ad.sigmoid(ad.avg_pool2d(x, 2)),
        ),
        (GlobalAveragePooling2D(), lambda x: ad.mean(x, axis=(1, 2))),
        (GlobalAveragePooling2D(keepdims=True), lambda x: ad.mean(x, axis=(1, 2), keepdims=True)),
    ],
)
def test_pooling_is_its_formula(layer: Layer, formula: Any) -> None:
    x = RNG.normal(size=(2, 7, 6, 3)).astype(np.float32)
    y = layer(x)
    np.testing.assert_array_equal(y.numpy(), formula(x).numpy())
    assert layer.compute_output_shape((None, 7, 6, 3)) == (None, *y.shape[1:])


def test_subsampling_has_a_weight_and_a_bias_for_each_map() -> None:
    layer = Subsampling(weight_initializer="normal", bias_initializer="normal", dtype="float64")
    x, g = RNG.normal(size=(2, 4, 4, 3)), RNG.normal(size=(2, 2, 2, 3))
    with ad.GradientTape() as tape:
        y = layer(x)
    by_weight, by_bias = tape.gradient(y, layer.trainable_variables, output_gradients=g)
    weight, bias = layer.get_weights()
    mean = x.reshape(2, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    assert y.numpy() == pytest.approx(weight * mean + bias)
    assert by_weight.numpy() == pytest.approx((g * mean).sum(axis=(0, 1, 2)))
    assert by_bias.numpy() == pytest.approx(g.sum(axis=(0, 1, 2)))


def lenet5(pooling: type[Layer]) -> models.Sequential:
    return models.Sequential(
        [
            layers.Input((28, 28, 1)),
            Conv2D(6, 5, padding="same", activation="relu"),
            pooling(),
            Conv2D(16, 5, activation="relu"),
            pooling(),
            Flatten(),
            Dense(120, activation="relu"),
            Dense(84, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(
    ("pooling", "counts", "total"),
    [
        (Subsampling, [156, 12, 2416, 32, 0, 48120, 10164, 850], 61750),
        (MaxPooling2D, [156, 0, 2416, 0, 0, 48120, 10164, 850], 61706),
    ],
)
def test_lenet5_has_the_lectures_parameters(
    pooling: type[Layer], counts: list[int], total: int
) -> None:
    model = lenet5(pooling)
    assert [layer.count_params() for layer in model.layers] == counts
    assert model.count_params() == total
    shapes = [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)]
    x = ad.asarray(RNG.uniform(size=(3, 28, 28, 1)).astype(np.float32))
    for layer, shape in zip(model.layers, shapes, strict=True):
        x = layer(x)
        assert x.shape == (3, *shape)
    assert x.numpy().sum(axis=1) == pytest.approx(np.ones(3))


@pytest.mark.parametrize("pooling", [Subsampling, MaxPooling2D])
def test_lenet5_learns_and_runs_flat_as_eagerly(pooling: type[Layer]) -> None:
    x = RNG.uniform(size=(8, 28, 28, 1)).astype(np.float32)
    labels = np.arange(8) % 10

    def trained(decorate: Any) -> tuple[list[float], list[np.ndarray]]:
        model = lenet5(pooling)
        for v in model.weights:
            fan = np.prod(v.shape[:-1]) if v.ndim > 1 else np.inf
            draws = np.random.default_rng(v.size).normal(size=v.shape)
            v.assign((draws * np.sqrt(2 / fan)).astype(np.float32))

        def step(x: Any, y: Any) -> Any:
            with ad.GradientTape() as tape:
                h = x
                for layer in model.layers:
                    h = layer(h)
                loss = -ad.mean(ad.log(ad.sum(h * ad.one_hot(y, 10), axis=1)))
            variables = model.trainable_variables
            for v, g in zip(variables, tape.gradient(loss, variables), strict=True):
                v.assign_sub(0.05 * g)
            return loss

        run = decorate(step)
        return [float(run(x, labels)) for _ in range(6)], model.get_weights()

    eager, eager_weights = trained(lambda f: f)
    flat, flat_weights = trained(ad.function)
    assert eager[-1] < eager[0]
    assert flat == pytest.approx(eager, rel=1e-4)
    for v, w in zip(flat_weights, eager_weights, strict=True):
        assert v == pytest.approx(w, rel=1e-3, abs=1e-4)


BUILT = Conv2D(4, 3, name="edges")
BUILT.build_for((None, 8, 8, 2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2D(0, 3), ValueError, "'conv2d': filters must be at least 1, got 0"),
        (
            lambda: Conv2D(cast(Any, "6"), 3),
            TypeError,
            "'conv2d': filters must be an integer, got '6'",
        ),
        (lambda: Conv2D(4, 3, groups=3), ValueError, "filters must be a multiple of groups"),
        (lambda: Conv2D(4, (3, 0)), ValueError, "'conv2d': kernel_size must be one or two integer"),
        (lambda: Conv2D(4, 3, padding="full"), ValueError, "'conv2d': padding must be 'valid'"),
        (
            lambda: Conv2D(4, 3, data_format="channels_first"),
            ValueError,
            r"'conv2d': data_format must be 'channels_last', images \(N, H, W, C\); got",
        ),
        (
            lambda: Conv2D(4, 3)(np.ones((2, 8, 8))),
            ValueError,
            r"'conv2d': input of shape \(None, 8, 8\); expected \(batch, height, width, channels\)",
        ),
        (
            lambda: Conv2D(4, 3, groups=2)(np.ones((2, 8, 8, 3))),
            ValueError,
            "3 channels do not make 2 groups",
        ),
        (
            lambda: BUILT(np.ones((2, 8, 8, 3))),
            ValueError,
            r"'edges': input of shape \(2, 8, 8, 3\); expected 2 channels, as its kernel is",
        ),
        (
            lambda: BUILT.compute_output_shape((None, 8, 2, 2)),
            ValueError,
            r"'edges': .* no room for a window of \(3, 3\)",
        ),
        (
            lambda: MaxPooling2D()(np.ones((2, 8, 8))),
            ValueError,
            r"'max_pooling2d': input of shape \(2, 8, 8\); expected \(batch, height",
        ),
        (lambda: AveragePooling2D(strides=0), ValueError, "'average_pooling2d': strides must be"),
    ],
)
def test_errors_name_the_layer(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
