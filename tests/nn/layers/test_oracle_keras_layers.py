"""Every layer beside Keras': outputs, gradients by inputs and weights, what training moves.

pip install 'autodiff-tape[oracles,testing]' && KERAS_BACKEND=jax python -m pytest -m oracle
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import layers
from tests.nn import oracle_keras

pytestmark = oracle_keras.marks

IMAGE, ROWS, SERIES = (3, 4, 5, 2), (6, 4), (3, 5, 4)
#: layer, its arguments, shapes of the inputs, and whether training makes a difference
CASES: list[tuple[str, dict[str, Any], Any, bool]] = [
    ("Dense", {"units": 3, "activation": "relu"}, ROWS, False),
    ("Dense", {"units": 3, "activation": "softmax", "use_bias": False}, SERIES, False),
    ("Flatten", {}, IMAGE, False),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "activation": "relu"}, IMAGE, False),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same", "groups": 2},
        IMAGE,
        False,
    ),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": (1, 2)}, IMAGE, False),
    ("MaxPooling2D", {}, IMAGE, False),
    ("MaxPooling2D", {"pool_size": (3, 2), "strides": 1, "padding": "same"}, IMAGE, False),
    ("AveragePooling2D", {"pool_size": 3, "strides": (1, 2)}, IMAGE, False),
    ("AveragePooling2D", {"pool_size": 2, "padding": "same"}, IMAGE, False),
    ("GlobalAveragePooling2D", {}, IMAGE, False),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE, False),
    ("Reshape", {"target_shape": (5, -1, 2)}, IMAGE, False),
    ("Activation", {"activation": "tanh"}, ROWS, False),
    ("ReLU", {}, ROWS, False),
    ("ReLU", {"max_value": 0.5, "negative_slope": 0.1, "threshold": 0.2}, ROWS, False),
    ("LeakyReLU", {}, ROWS, False),
    ("Softmax", {}, ROWS, False),
    ("Softmax", {"axis": 1}, SERIES, False),
    ("Rescaling", {"scale": 1 / 255, "offset": -0.5}, IMAGE, False),
    ("BatchNormalization", {}, ROWS, True),
    ("BatchNormalization", {"momentum": 0.7, "epsilon": 1e-2}, IMAGE, True),
    ("BatchNormalization", {"axis": 1, "center": False}, IMAGE, True),
    ("BatchNormalization", {"scale": False}, SERIES, True),
    ("LayerNormalization", {}, ROWS, False),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 1e-5}, SERIES, False),
    ("LayerNormalization", {"center": False, "scale": False}, ROWS, False),
    ("Add", {}, [ROWS, ROWS, ROWS], False),
    ("Subtract", {}, [ROWS, ROWS], False),
    ("Multiply", {}, [ROWS, (6, 1)], False),
    ("Average", {}, [ROWS, ROWS, ROWS], False),
    ("Maximum", {}, [ROWS, ROWS], False),
    ("Minimum", {}, [ROWS, ROWS], False),
    ("Concatenate", {}, [ROWS, (6, 2)], False),
    ("Concatenate", {"axis": 1}, [SERIES, (3, 2, 4)], False),
]


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


def named(case: Any) -> str:
    name, options, shapes, _ = case
    return f"{name} {options} {shapes}"


def drawn(shapes: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if isinstance(shapes, list):
        return [rng.normal(size=shape) for shape in shapes]
    return rng.normal(size=shapes)


def theirs(layer: Any, x: Any, training: bool, g: Any) -> tuple[Any, Any, Any, Any]:
    """Output, new state, gradients by x and by the weights."""
    jax = importlib.import_module("jax")
    trained = [v.value for v in layer.trainable_variables]
    state = [v.value for v in layer.non_trainable_variables]

    def f(trained: Any, x: Any) -> Any:
        options = {"training": training} if layer._call_has_training_arg else {}
        y, after = layer.stateless_call(trained, state, x, **options)
        return (y * g).sum(), (y, after)

    by, (y, after) = jax.grad(f, argnums=(0, 1), has_aux=True)(trained, x)
    return y, after, by[1], by[0]


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("training", [False, True])
def test_layers(keras: Any, case: Any, training: bool) -> None:
    name, options, shapes, differs = case
    if training and not differs:
        pytest.skip("training makes no difference, or one that is drawn")
    x = drawn(shapes, 0)
    other = getattr(keras.layers, name)(**options, dtype="float64")
    other(x)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, v.shape) for v in other.weights]
    other.set_weights(weights)
    layer = getattr(layers, name)(**options, dtype="float64")
    layer(x)
    assert [v.name.split("/")[-1] for v in layer.weights] == [v.name for v in other.weights]
    layer.set_weights(weights)

    leaves = [ad.Variable(part) for part in (x if isinstance(x, list) else [x])]
    with ad.GradientTape() as tape:
        parts = [ad.copy(leaf) for leaf in leaves]
        y = layer(parts if isinstance(x, list) else parts[0], training=training)
    g = np.random.default_rng(2).normal(size=y.shape)
    by_x, by_weights = tape.gradient(y, [leaves, layer.trainable_variables], output_gradients=g)

    expected, after, expected_by_x, expected_by_weights = theirs(other, x, training, g)
    close: dict[str, Any] = {
        "rtol": 1e-5,
        "atol": 2e-6,
    }  # Keras' tanh and normalization are float32's
    np.testing.assert_allclose(y.numpy(), expected, **close)
    for found, wanted in zip(layer.non_trainable_variables, after, strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, **close)
    if not isinstance(expected_by_x, list):
        expected_by_x = [expected_by_x]
    for found, wanted in zip(
        [*by_x, *by_weights], [*expected_by_x, *expected_by_weights], strict=True
    ):
        np.testing.assert_allclose(found.numpy(), wanted, **close)
    assert layer.compute_output_shape(_open(shapes)) == other.compute_output_shape(_open(shapes))


def _open(shapes: Any) -> Any:
    if isinstance(shapes, list):
        return [(None, *shape[1:]) for shape in shapes]
    return (None, *shapes[1:])


def test_embedding(keras: Any) -> None:
    indices = np.array([[0, 3, 3], [6, 1, 0]])
    other = keras.layers.Embedding(7, 4, dtype="float64")
    other(indices)
    layer = layers.Embedding(7, 4, dtype="float64")
    layer(indices)
    layer.set_weights(other.get_weights())
    with ad.GradientTape() as tape:
        y = layer(indices)
    g = np.random.default_rng(2).normal(size=y.shape)
    by_table = tape.gradient(y, layer.embeddings, output_gradients=g)
    expected, _, _, (wanted,) = _embedded(other, indices, g)
    np.testing.assert_allclose(y.numpy(), expected)
    np.testing.assert_allclose(by_table.numpy(), wanted)


def _embedded(layer: Any, indices: Any, g: Any) -> Any:
    jax = importlib.import_module("jax")

    def f(trained: Any) -> Any:
        y, _ = layer.stateless_call(trained, [], indices)
        return (y * g).sum(), y

    by, y = jax.grad(f, has_aux=True)([v.value for v in layer.trainable_variables])
    return y, None, None, by


def test_how_parameters_begin(keras: Any) -> None:
    """The spread of a large layer's first weights, and which of them are constant."""
    for name, options, shape in (
        ("Dense", {"units": 300}, (2, 200)),
        ("Embedding", {"input_dim": 300, "output_dim": 200}, (2, 3)),
        ("BatchNormalization", {}, (2, 50)),
        ("LayerNormalization", {}, (2, 50)),
    ):
        x = np.zeros(shape, np.int64)
        other = getattr(keras.layers, name)(**options)
        layer = getattr(layers, name)(**options)
        other(x.astype(float) if name != "Embedding" else x), layer(x)
        for found, wanted in zip(layer.get_weights(), other.get_weights(), strict=True):
            assert found.shape == wanted.shape
            assert found.mean() == pytest.approx(wanted.mean(), abs=1e-3)
            assert found.std() == pytest.approx(wanted.std(), rel=0.02)
            assert np.abs(found).max() == pytest.approx(np.abs(wanted).max(), rel=0.02)
