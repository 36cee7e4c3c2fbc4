"""Models of any form: branches, several inputs and outputs, shared layers, subclasses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import layers
from nn.layers import Concatenate, Dense, Dropout, Flatten, Input, Layer
from nn.models import Model, Sequential

RNG = np.random.default_rng(5)
A = RNG.normal(size=(6, 4)).astype(np.float32)
B = RNG.normal(size=(6, 3)).astype(np.float32)


def two_by_two() -> Model:
    a, b = Input((4,), name="a"), Input((3,), name="b")
    h = Concatenate()([Dense(5, "tanh", name="left")(a), b])
    return Model([a, b], [Dense(1, name="value")(h), Dense(2, "softmax", name="kind")(h)])


def test_branches_compute_what_they_say() -> None:
    model = two_by_two()
    left, left_bias, value, value_bias, kind, kind_bias = model.get_weights()
    h = np.concatenate([np.tanh(A @ left + left_bias), B], axis=1)
    got_value, got_kind = model([A, B])
    assert got_value.numpy() == pytest.approx(h @ value + value_bias, abs=1e-5)
    e = np.exp(h @ kind + kind_bias)
    assert got_kind.numpy() == pytest.approx(e / e.sum(axis=1, keepdims=True), abs=1e-5)
    assert model.output_names == ["value", "kind"]
    assert model.output_shape == [(None, 1), (None, 2)]
    assert model.input_shape == [(None, 4), (None, 3)]


def test_inputs_come_in_a_list_a_tuple_or_by_name() -> None:
    model = two_by_two()
    expected = model([A, B])[0].numpy()
    for given in ((A, B), {"a": A, "b": B}, {"b": B, "a": A, "more": A}):
        assert (model(given)[0].numpy() == expected).all()
    x = Input((4,), name="a")
    single = Model(x, Dense(1)(x))
    expected = single(A).numpy()
    for one in ([A], {"a": A}, A.tolist()):
        assert (single(one).numpy() == expected).all()


def test_nests_of_inputs_and_outputs() -> None:
    x, y = Input((4,)), Input((3,))
    model = Model({"x": x, "y": y}, {"sum": [x[:, :3] + y], "x": x})
    got = model({"x": A, "y": B})
    assert (got["sum"][0].numpy() == A[:, :3] + B).all()
    assert (got["x"].numpy() == A).all()


def test_a_second_model_that_ends_at_a_hidden_layer() -> None:
    model = Sequential([Dense(5, "relu", input_shape=(4,)), Dense(2)])
    hidden = Model(model.inputs, model.layers[0].output)
    assert hidden.output_shape == (None, 5)
    kernel, bias = model.layers[0].get_weights()
    assert hidden(A).numpy() == pytest.approx(np.maximum(A @ kernel + bias, 0), abs=1e-5)
    model.layers[0].weights[0].assign(np.zeros((4, 5)))
    assert not (hidden(A).numpy() - np.maximum(bias, 0)).any()
    rest = Model(model.layers[1].input, model.output)
    assert (rest(hidden(A)).numpy() == model(A).numpy()).all()
    assert [v.name for v in hidden.weights] == ["dense/kernel", "dense/bias"]


def test_a_hidden_layer_of_a_model_that_was_built_by_a_call() -> None:
    model = Sequential([Flatten(), Dense(5), Dense(2)])
    model(np.ones((2, 2, 2), np.float32))
    both = Model(model.input, [layer.output for layer in model.layers])
    assert both.output_shape == [(None, 4), (None, 5), (None, 2)]


def test_shared_layers_share_their_weights() -> None:
    a, b, shared = Input((4,)), Input((4,)), Dense(3)
    model = Model([a, b], shared(a) - shared(b))
    assert len(model.weights) == 2
    kernel, _ = shared.get_weights()
    assert model([A, 2 * A]).numpy() == pytest.approx(-A @ kernel, abs=1e-5)
    with ad.GradientTape() as tape:
        y = ad.sum(model([A, 2 * A]))
    by_kernel, by_bias = tape.gradient(y, model.trainable_variables)
    assert by_kernel.numpy() == pytest.approx(np.repeat(-A.sum(0)[:, None], 3, 1), abs=1e-4)
    assert by_bias.numpy() == pytest.approx(np.zeros(3), abs=1e-5)


def test_models_are_layers() -> None:
    inner = two_by_two()
    x = Input((7,))
    value, kind = inner([x[:, :4], x[:, 4:]])
    outer = Sequential([Model(x, layers.concatenate([value, kind])), Dense(2)])
    whole = np.concatenate([A, B], axis=1)
    assert outer(whole).shape == (6, 2)
    assert outer.count_params() == inner.count_params() + 3 * 2 + 2


def test_training_reaches_every_layer() -> None:
    x = Input((4,))
    model = Model(x, Dropout(0.5, seed=0)(x))
    assert (model(A).numpy() == A).all()
    assert (model(A, training=True).numpy() == 0).any()
    always = Model(x, Dropout(0.5, seed=0)(x, training=True))
    assert (always(A).numpy() == 0).any()


def test_layers_are_numbered_in_the_order_of_their_calls() -> None:
    x = Input((4,))
    first, second = Dense(3), Dense(3)
    y = second(first(x))
    model = Model(x, y + 1.0)
    assert [layer.name for layer in model.layers] == ["input_layer", "dense", "dense_1", "add"]
    assert [v.name for v in second.weights] == ["dense_1/kernel", "dense_1/bias"]
    assert model.get_layer("dense_1") is second
    assert model.get_layer(index=1) is first


class Residual(Model):
    """A subclass that says in `call` what it does."""

    def __init__(self, width: int, **common: Any) -> None:
        super().__init__(**common)
        self.blocks = [Dense(width, "tanh") for _ in range(3)]
        self.drop = Dropout(0.5, seed=0)
        self.out = Dense(2)

    def call(self, x: ad.Tensor, training: bool = False) -> ad.Tensor:
        for block in self.blocks:
            x = x + block(x)
        return self.out(self.drop(x, training=training))


def test_a_subclass_computes_what_its_call_says() -> None:
    model = Residual(4)
    assert not model.built
    y = model(A)
    assert y.shape == (6, 2)
    x = A
    for block in model.blocks:
        x = x + block(x).numpy()
    assert y.numpy() == pytest.approx(model.out(x).numpy(), abs=1e-5)
    assert [v.name for v in model.weights][:4] == [
        *("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
    ]
    assert len(model.layers) == 5
    nested = Sequential([Input((4,)), Residual(4), Dense(1)])
    assert nested.output_shape == (None, 1)


def test_summary_says_what_is_connected() -> None:
    lines: list[str] = []
    two_by_two().summary(print_fn=lines.append)
    (text,) = lines
    assert "│ concatenate (Concatenate) │ (None, 8)    │       0 │ left, b      │" in text
    assert "│ a (InputLayer)            │ (None, 4)    │       0 │ -            │" in text
    assert " Total params: 52 (208.00 B)" in text
    lines.clear()
    model = Residual(4)
    model(A)
    model.summary(print_fn=lines.append)
    assert "│ dense_2 (Dense)   │ ?            │      20 │" in lines[0]


def test_weights_of_a_subclass_and_of_branches_are_saved(tmp_path: Any) -> None:
    for make, x in ((two_by_two, [A, B]), (lambda: Residual(4), A)):
        model, other = make(), make()
        model(x), other(x)
        model.save_weights(tmp_path / "w.safetensors")
        other.load_weights(tmp_path / "w.safetensors")
        assert [v.numpy().tolist() for v in model.weights] == [
            v.numpy().tolist() for v in other.weights
        ]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Model(Input((3,)), Dense(1)(Input((4,), name="far"))),
            ValueError,
            r"an output needs 'far' of shape \(None, 4\), which is not among the inputs",
        ),
        (lambda: Model(Input((3,)), 3), TypeError, "outputs holds 3; expected what Input or a"),
        (lambda: Model(Input((3,))), ValueError, "inputs and outputs come together"),
        (lambda: two_by_two()(A), ValueError, r"one input; expected 2, of shapes \(None, 4\)"),
        (lambda: two_by_two()([B, A]), ValueError, r"'a': input of shape \(6, 3\); expected"),
        (lambda: two_by_two()({"a": A}), ValueError, "inputs named 'a'; expected 'a', 'b'"),
        (lambda: two_by_two().get_layer("c"), ValueError, "no layer 'c'; it has 'a', 'b', 'left'"),
        (lambda: two_by_two().get_layer(index=9), ValueError, "has 6 layers, none at 9"),
        (lambda: two_by_two().get_layer(), ValueError, "takes a name or an index"),
        (lambda: Residual(4).inputs, ValueError, "knows no shapes yet"),
        (lambda: Model()(A), NotImplementedError, r"Model has no call\(x\)"),
        (lambda: Dense(3).output, AttributeError, "in no model whose input's shape is known"),
        (
            lambda: Sequential([Input((4,)), layers.Lambda(lambda x: [x, x])]),
            ValueError,
            "each layer gives one output",
        ),
        (
            lambda: Model(x := Input((3,)), Dense(1, name="d")(Dense(3, name="d")(x))),
            ValueError,
            "there is a layer named 'd' already",
        ),
    ],
)
def test_errors_name_what_was_given(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_layer_that_gives_several_outputs() -> None:
    class Split(Layer):
        def call(self, x: ad.Tensor) -> Any:
            return x[:, :1], x[:, 1:]

    x = Input((4,))
    head, tail = Split()(x)
    model = Model(x, Dense(2)(tail) + head)
    assert model(A).shape == (6, 2)
    assert Split()(x)[1].shape == (None, 3)
