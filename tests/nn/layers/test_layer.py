from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import autodiff as ad
from nn import activations, layers
from nn.layers import Activation, Dense, Flatten, Layer

RNG = np.random.default_rng(11)


def arrays(layer: Layer) -> list[np.ndarray[Any, Any]]:
    return [v.numpy() for v in layer.variables]


@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 3), (0, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_is_its_formula(shape: tuple[int, ...], use_bias: bool) -> None:
    layer = Dense(4, "tanh", use_bias, bias_initializer="normal", dtype="float64")
    x = RNG.normal(size=shape)
    y = layer(x)
    kernel, *bias = arrays(layer)
    assert y.shape == (*shape[:-1], 4)
    assert y.numpy() == pytest.approx(np.tanh(x @ kernel + (bias[0] if bias else 0)))
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *shape[1:-1], 4)
    assert layer.count_params() == 3 * 4 + 4 * use_bias


def test_gradients_of_a_sigmoid_layer() -> None:
    """∂L/∂W = xᵀδ and ∂L/∂b = 1ᵀδ with δ = ∂L/∂y ⊙ y(1 − y)."""
    layer, x, g = (
        Dense(4, "sigmoid", dtype="float64"),
        RNG.normal(size=(6, 3)),
        RNG.normal(size=(6, 4)),
    )
    with ad.GradientTape() as tape:
        y = layer(x)
    by_kernel, by_bias = tape.gradient(y, layer.trainable_variables, output_gradients=g)
    delta = g * y.numpy() * (1 - y.numpy())
    assert by_kernel.numpy() == pytest.approx(x.T @ delta)
    assert by_bias.numpy() == pytest.approx(delta.sum(axis=0))


def test_defaults_are_those_of_keras() -> None:
    layer = Dense(200)
    layer(np.ones((1, 100)))
    kernel, bias = arrays(layer)
    assert np.abs(kernel).max() == pytest.approx(np.sqrt(6 / 300), rel=0.02)
    assert not bias.any()
    assert kernel.dtype == bias.dtype == np.float32


def test_a_layer_is_built_once_by_its_first_call() -> None:
    layer = Dense(2, name="out")
    assert (layer.built, layer.variables) == (False, [])
    layer([[1.0, 2.0, 3.0]])
    made = layer.variables
    layer([[1.0, 2.0, 3.0]])
    assert [v is w for v, w in zip(made, layer.variables, strict=True)] == [True, True]
    assert [v.name for v in made] == ["out/kernel", "out/bias"]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool", "float16", "float32", "float64"])
def test_inputs_are_cast_to_the_layers_dtype(dtype: str) -> None:
    x = np.array([[0, 1, 1]], dtype)
    for layer in (Dense(2), Flatten(), Activation("relu")):
        assert layer(x).dtype == np.float32
        assert layer(ad.asarray(x)).dtype == np.float32


def test_inputs_are_no_ones_to_change() -> None:
    x = np.ones((2, 3), np.float32)
    layer = Dense(2, kernel_initializer="ones")
    with ad.GradientTape() as tape:
        y = layer(x)
        x[:] = 5
    assert tape.gradient(y, layer.kernel).numpy().tolist() == [[2.0, 2.0]] * 3


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 12), (2,), (0, 3), (2, 1, 1, 5)])
def test_flatten_makes_rows(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    rows = Flatten()(x)
    assert rows.numpy().tolist() == x.reshape(shape[0], int(np.prod(shape[1:]))).tolist()
    assert Flatten().compute_output_shape((None, *shape[1:])) == (None, rows.shape[1])
    assert Flatten().compute_output_shape((None, None, 3)) == (None, None)


@pytest.mark.parametrize("name", ["relu", "softmax"])
def test_activation_layer_is_the_function(name: str) -> None:
    x = ad.asarray(RNG.normal(size=(3, 4)).astype(np.float32))
    assert (Activation(name)(x).numpy() == activations.get(name)(x).numpy()).all()


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (layers.ReLU(), activations.relu),
        (layers.ReLU(0.5, 0.1, 0.2), lambda x: activations.relu(x, 0.1, 0.5, 0.2)),
        (layers.LeakyReLU(), lambda x: activations.leaky_relu(x, 0.3)),
        (layers.Softmax(), activations.softmax),
        (layers.Softmax(axis=1), lambda x: activations.softmax(x, axis=1)),
    ],
)
def test_activations_with_arguments_are_the_functions(layer: Any, function: Any) -> None:
    x = ad.asarray(RNG.normal(size=(3, 4, 2)).astype(np.float32))
    again = type(layer).from_config(layer.get_config())
    for each in (layer, again):
        assert (each(x).numpy() == function(x).numpy()).all()
    assert layer.compute_output_shape((None, 4, 2)) == (None, 4, 2)


def test_variables_that_training_leaves_alone() -> None:
    class Scale(Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight((), "ones", name="scale")
            self.seen = self.add_weight((), "zeros", trainable=False, name="seen")

        def call(self, x: ad.Tensor) -> ad.Tensor:
            self.seen.assign_add(1.0)
            return self.scale * x

    layer = Scale()
    layer([1.0])
    layer([1.0])
    assert [v.name for v in layer.variables] == ["scale/scale", "scale/seen"]
    assert [v.name for v in layer.trainable_variables] == ["scale/scale"]
    assert float(layer.seen) == 2


def test_a_failed_build_can_be_tried_again() -> None:
    tries: list[Any] = []

    def fails_once(shape: tuple[int, ...], dtype: Any) -> Any:
        tries.append(shape)
        if len(tries) == 1:
            raise MemoryError
        return np.zeros(shape)

    layer = Dense(2, bias_initializer=fails_once)
    with pytest.raises(MemoryError):
        layer([[1.0]])
    layer([[1.0]])
    assert [v.name for v in layer.variables] == ["dense/kernel", "dense/bias"]


BUILT = Dense(2, name="hidden")
BUILT(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: BUILT(np.ones((5, 4))),
            ValueError,
            r"layer 'hidden': input of shape \(5, 4\); expected \(None, 3\), as its kernel is",
        ),
        (lambda: BUILT(np.ones(3)), ValueError, r"input of shape \(3,\); expected \(None, 3\)"),
        (lambda: Dense(2)(np.ones(3)), ValueError, r"'dense': .* expected \(batch, features\)"),
        (
            lambda: Flatten(input_shape=(28, 28))(np.ones((5, 14, 14))),
            ValueError,
            r"'flatten': input of shape \(None, 14, 14\); expected \(None, 28, 28\)",
        ),
        (
            lambda: Dense(cast(Any, "ten")),
            TypeError,
            "'dense': units must be an integer, got 'ten'",
        ),
        (lambda: Dense(0), ValueError, "units must be at least 1, got 0"),
        (lambda: Dense(cast(Any, 2.5)), TypeError, "units must be an integer, got 2.5"),
        (lambda: Dense(2, "rleu"), ValueError, "unknown activation 'rleu'; did you mean 'relu'"),
        (
            lambda: Dense(2, input_shape=cast(Any, 784)),
            TypeError,
            r"a tuple of integers as in \(784,\)",
        ),
        (lambda: Dense(2, input_shape=(0,)), ValueError, r"length 1 or more, got shape \(0,\)"),
        (lambda: Dense(2, name="a/b"), ValueError, "a layer's name is a string without '/'"),
        (lambda: Dense(2, dtype="int32"), TypeError, "dtype must be a float, got int32"),
        (
            lambda: Dense(2)(np.ones((1, 2), complex)),
            TypeError,
            "dtype complex128; expected floats",
        ),
        (
            lambda: Dense(2, kernel_initializer=lambda shape, dtype: np.ones(3))(np.ones((1, 3))),
            ValueError,
            r"the initializer of 'kernel' gave shape \(3,\); expected \(3, 2\)",
        ),
        (lambda: Layer()([[1.0]]), NotImplementedError, "Layer has no call"),
        (lambda: layers.ReLU(threshold=-1.0), ValueError, "threshold must be 0 or more, got -1.0"),
        (lambda: layers.LeakyReLU(-0.1), ValueError, "negative_slope must be 0 or more, got -0.1"),
    ],
)
def test_errors_name_the_layer_and_what_was_given(
    make: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_input_states_a_shape() -> None:
    assert layers.Input((None, 3)).shape == (None, None, 3)
    with pytest.raises(TypeError, match="a shape is a tuple"):
        layers.Input(cast(Any, 3))
