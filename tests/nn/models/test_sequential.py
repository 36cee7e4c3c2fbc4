from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import initializers, losses
from nn.layers import Activation, Dense, Flatten, Input, Layer
from nn.models import Sequential

X = np.random.default_rng(2).normal(size=(5, 4)).astype(np.float32)


def build() -> Sequential:
    return Sequential([Input((4,)), Dense(3, "relu"), Dense(2)])


def test_the_output_is_that_of_the_layers_in_turn() -> None:
    model = build()
    w1, b1, w2, b2 = (v.numpy() for v in model.variables)
    assert model(X).numpy() == pytest.approx(np.maximum(X @ w1 + b1, 0) @ w2 + b2, rel=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        build,
        lambda: Sequential([Dense(3, "relu", input_shape=(4,)), Dense(2)]),
        lambda: Sequential([Input((4,)), Dense(3), Activation("relu"), Dense(2, name="dense_1")]),
    ],
)
def test_declared_shapes_build_at_once(make: Any) -> None:
    model = make()
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert [(v.name, v.shape) for v in model.trainable_variables] == [
        ("dense/kernel", (4, 3)),
        ("dense/bias", (3,)),
        ("dense_1/kernel", (3, 2)),
        ("dense_1/bias", (2,)),
    ]
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2


def test_without_a_shape_the_first_call_builds() -> None:
    model = Sequential()
    model.add(Flatten())
    model.add(Dense(2))
    assert not model.built
    assert model.variables == []
    assert model(np.ones((3, 2, 2))).shape == (3, 2)
    assert (model.input_shape, model.output_shape) == ((None, 2, 2), (None, 2))
    model.add(Dense(7))
    assert model(np.ones((3, 2, 2))).shape == (3, 7)
    assert [layer.name for layer in model.layers] == ["flatten", "dense", "dense_1"]


def test_names_are_unique_in_a_model_and_start_anew_in_the_next() -> None:
    for _ in range(2):
        model = Sequential([Dense(2), Dense(2), Dense(2, name="out"), Flatten(), Dense(2)])
        names = [layer.name for layer in model.layers]
        assert names == ["dense", "dense_1", "out", "flatten", "dense_2"]


def test_a_layer_built_before_takes_its_new_name_along() -> None:
    first, second = Dense(4), Dense(4)
    second(X)
    model = Sequential([first, second])
    model(X)
    assert [v.name for v in model.variables][2:] == ["dense_1/kernel", "dense_1/bias"]


def test_pop_takes_the_last_layer_away() -> None:
    model = build()
    last = model.layers[-1]
    assert model.pop() is last
    assert model.output_shape == (None, 3)
    assert model(X).shape == (5, 3)
    model.add(Dense(4))
    assert model(X).shape == (5, 4)
    model.pop()
    model.pop()
    assert not model.built
    with pytest.raises(ValueError, match="has no layers to take away"):
        model.pop()


def test_models_nest() -> None:
    inner = build()
    model = Sequential([inner, Dense(1)])
    assert model(X).shape == (5, 1)
    assert len(model.trainable_variables) == 6


def test_float64_layers_see_float64_inputs() -> None:
    model = Sequential([Dense(2, kernel_initializer="ones", dtype="float64")])
    assert float(model(np.array([[1.0, 1e-12]]))[0, 0]) - 1 == pytest.approx(1e-12, rel=1e-3)


def test_the_same_seed_makes_the_same_model() -> None:
    def weights(seed: int) -> list[Any]:
        nn.utils.set_random_seed(seed)
        return [v.numpy().tolist() for v in build().variables]

    assert weights(1) == weights(1) != weights(2)
    kernels = [
        Sequential([Dense(3, kernel_initializer=initializers.HeNormal(seed=5))])(X).numpy()
        for _ in range(2)
    ]
    assert (kernels[0] == kernels[1]).all()


def test_gradients_reach_every_variable() -> None:
    model = Sequential([Dense(3, "tanh"), Dense(2, "softmax")])
    with ad.GradientTape() as tape:
        loss = -ad.sum(ad.log(model(X)[:, 0]))
    gradients = tape.gradient(loss, model.trainable_variables)  # the tape saw them being made
    assert all(np.abs(g.numpy()).max() > 0 for g in gradients)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softmax", "linear"])
@pytest.mark.parametrize(
    ("loss_of", "y"),
    [
        (losses.SparseCategoricalCrossentropy(from_logits=True), [0, 2, 1, 1, 0]),
        (losses.CategoricalCrossentropy(from_logits=True), np.eye(3)[[0, 2, 1, 1, 0]]),
        (losses.BinaryCrossentropy(from_logits=True), np.eye(3)[[0, 2, 1, 1, 0]]),
        (losses.MeanSquaredError(), np.ones((5, 3))),
    ],
)
def test_the_gradient_is_the_slope_of_the_loss(activation: str, loss_of: Any, y: Any) -> None:
    """Along a random direction in the space of all parameters, by central differences."""
    nn.utils.set_random_seed(9)
    model = Sequential([Dense(4, activation, dtype="float64"), Dense(3, dtype="float64")])
    model(X)
    weights = model.trainable_variables
    with ad.GradientTape() as tape:
        loss = loss_of(y, model(X))
    gradients = tape.gradient(loss, weights)
    rng, h = np.random.default_rng(3), 1e-5
    direction = [rng.normal(size=w.shape) for w in weights]

    def loss_at(step: float) -> float:
        for w, d in zip(weights, direction, strict=True):
            w.assign_add(step * d)
        return float(loss_of(y, model(X)))

    slope = (loss_at(h) - loss_at(-2 * h)) / (2 * h)
    expected = sum((g.numpy() * d).sum() for g, d in zip(gradients, direction, strict=True))
    assert slope == pytest.approx(expected, rel=1e-7)


def test_summary_of_a_model_that_is_not_built() -> None:
    lines: list[str] = []
    Sequential([Dense(3), Flatten(name="a_rather_long_name")]).summary(print_fn=lines.append)
    (text,) = lines
    assert "│ dense (Dense)                │ ?            │ 0 (unbuilt) │" in text
    assert " Total params: 0 (0.00 B)" in text
    assert len({len(line) for line in text.splitlines()[1:-3]}) == 1


def test_summary_counts_what_is_not_trained() -> None:
    class Seen(Layer):
        def build(self, input_shape: Any) -> None:
            self.add_weight((300,), "zeros", trainable=False, name="seen")

        def call(self, x: Any) -> Any:
            return x

    lines: list[str] = []
    Sequential([Input((4,)), Seen(), Dense(3)]).summary(print_fn=lines.append)
    assert " Trainable params: 15 (60.00 B)" in lines[0]
    assert " Non-trainable params: 300 (1.17 KB)" in lines[0]


SHARED = Dense(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: build()(np.ones((5, 3))), ValueError, r"'sequential': input of shape \(5, 3\)"),
        (lambda: Sequential()(X), ValueError, "'sequential' has no layers"),
        (
            lambda: Sequential([cast(Any, Dense)]),
            TypeError,
            "'sequential': expected a layer, got <class",
        ),
        (lambda: Sequential([Dense(2), Input((4,))]), ValueError, "an Input comes first"),
        (lambda: Sequential([SHARED, SHARED]), ValueError, "'dense'> is in this model already"),
        (
            lambda: Sequential([Dense(2, name="a"), Dense(2, name="a")]),
            ValueError,
            "there is a layer named 'a' already",
        ),
        (
            lambda: Sequential([Input((4,)), Dense(3), Dense(2, input_shape=(5,))]),
            ValueError,
            r"layer 'dense_1': input of shape \(None, 3\); expected \(None, 5\)",
        ),
        (
            lambda: Sequential([Flatten(input_shape=(None, 3)), Dense(2)]),
            ValueError,
            "'dense': the input's shape must be known",
        ),
        (lambda: Sequential([Dense(2)]).output_shape, ValueError, "knows no shapes yet: call it"),
    ],
)
def test_errors_name_the_layer_and_what_was_given(
    make: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_layer_that_does_not_fit_is_not_added() -> None:
    model, wrong = build(), Dense(2)
    wrong(np.ones((1, 9)))
    with pytest.raises(ValueError, match=r"'dense_2': input of shape \(None, 2\)"):
        model.add(wrong)
    assert len(model.layers) == 2
    assert model(X).shape == (5, 2)
