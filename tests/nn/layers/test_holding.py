"""Layers that hold layers: what belongs to them, what they are called, whether they train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import layers
from nn.layers import BatchNormalization, Dense, Dropout, Layer
from nn.models import Model, Sequential

X = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)


class Block(Layer):
    """Layers as attributes, in a list, in a dictionary; a Variable as an attribute."""

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.first = Dense(3)
        self.rest = [Dense(3), Dense(3)]
        self.by_name = {"norm": BatchNormalization(), "drop": Dropout(0.5, seed=0)}
        self.shift = ad.Variable([0.0, 0.0, 0.0], name="shift")

    def call(self, x: ad.Tensor, training: bool = False) -> ad.Tensor:
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return self.by_name["drop"](self.by_name["norm"](x)) + self.shift


def names(variables: list[ad.Variable]) -> list[str | None]:
    return [v.name for v in variables]


TRAINED = [
    *("shift", "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"),
    *("dense_2/kernel", "dense_2/bias"),
    *("batch_normalization/gamma", "batch_normalization/beta"),
]


def test_everything_inside_belongs_to_the_layer() -> None:
    block = Block()
    block(X)
    moving = ["batch_normalization/moving_mean", "batch_normalization/moving_variance"]
    assert names(block.weights) == TRAINED + moving
    assert names(block.trainable_variables) == TRAINED
    assert names(block.non_trainable_variables) == moving
    assert block.count_params() == 3 + (4 * 3 + 3) + 2 * (3 * 3 + 3) + 4 * 3


def test_layers_appended_later_belong_too() -> None:
    block = Block()
    block(X)
    block.rest.append(Dense(3))
    block(X)
    assert len(block.trainable_variables) == len(TRAINED) + 2


def test_a_shared_layer_counts_once() -> None:
    shared = Dense(4)

    class Twice(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.a = self.b = shared
            self.both = [shared, shared]

        def call(self, x: ad.Tensor) -> ad.Tensor:
            return self.a(self.b(x))

    layer = Twice()
    layer(X)
    assert names(layer.weights) == ["dense/kernel", "dense/bias"]
    with ad.GradientTape() as tape:
        y = ad.sum(layer(X))
    kernel = shared.kernel.numpy()
    by_bias = tape.gradient(y, shared.bias).numpy()
    assert by_bias == pytest.approx(5 * (1 + kernel.sum(axis=1)), rel=1e-5)


def test_a_layer_that_holds_its_owner_is_no_endless_loop() -> None:
    outer, inner = Block(), Block()
    vars(outer)["part"], vars(inner)["owner"] = inner, outer
    outer(X), inner(X)
    assert len(outer.weights) == len(inner.weights) == 2 * (len(TRAINED) + 2)


def test_trainable_reaches_what_is_inside_and_comes_back() -> None:
    block = Block()
    block(X)
    block.trainable = False
    assert block.trainable_variables == []
    assert not any(v.trainable for v in block.weights)
    with ad.GradientTape() as tape:
        y = ad.sum(block(X))
    assert tape.watched_variables() == ()
    assert float(y) == float(y)
    block.trainable = True
    assert names(block.trainable_variables) == TRAINED
    block.first.trainable = False
    assert names(block.trainable_variables) == [n for n in TRAINED if n not in TRAINED[1:3]]


def test_what_a_frozen_layer_makes_is_frozen() -> None:
    layer = Dense(3, trainable=False)
    layer(X)
    assert not any(v.trainable for v in layer.weights)
    layer.trainable = True
    assert all(v.trainable for v in layer.weights)


def test_training_reaches_the_layers_inside() -> None:
    block, x = Block(), np.ones((200, 4), np.float32)
    for training, expected in ((None, 0), (False, 0), (True, 1)):
        zeros = (block(x, training=training).numpy() == 0).mean()
        assert (zeros > 0.2) == bool(expected)
    assert (block(x, True).numpy() == 0).mean() > 0.2

    class Outer(Layer):
        def __init__(self, told: bool | None) -> None:
            super().__init__()
            self.block, self.told = block, told

        def call(self, x: ad.Tensor) -> ad.Tensor:
            return self.block(x, training=self.told)

    assert (Outer(None)(x, training=True).numpy() == 0).mean() > 0.2
    assert (Outer(False)(x, training=True).numpy() == 0).mean() == 0
    assert (Outer(True)(x).numpy() == 0).mean() > 0.2


def test_added_losses_are_those_of_the_last_call() -> None:
    class Sparse(Layer):
        def call(self, x: ad.Tensor, training: bool = False) -> ad.Tensor:
            if training:
                self.add_loss(ad.sum(ad.abs(x)))
            return x

    model = Sequential([Sparse(), Dense(2), Sparse()])
    y = model(X, training=True)
    assert [float(loss) for loss in model.losses] == [
        pytest.approx(np.abs(X).sum(), rel=1e-6),
        pytest.approx(np.abs(y.numpy()).sum(), rel=1e-6),
    ]
    model(X, training=True)
    assert len(model.losses) == 2
    model(X)
    assert model.losses == []
    with pytest.raises(RuntimeError, match="'sparse': add_loss belongs into `call`"):
        model.layers[0].add_loss(1.0)


def test_regularizers_join_the_losses_of_what_is_trained() -> None:
    def square(w: ad.Tensor) -> ad.Tensor:
        return ad.sum(w * w)

    model = Sequential([Dense(3, kernel_regularizer=square), Dense(2, bias_regularizer=square)])
    model(X)
    first = model.layers[0]
    expected = np.square(first.get_weights()[0]).sum()
    assert [float(loss) for loss in model.losses] == [pytest.approx(expected, rel=1e-6), 0.0]
    first.trainable = False
    assert len(model.losses) == 1


def test_penalties_on_outputs_join_the_losses() -> None:
    model = Sequential([Dense(3, activity_regularizer="l2"), Dense(2)])
    model(X)
    hidden = model.layers[0](X).numpy()
    model(X)
    assert [float(loss) for loss in model.losses] == [
        pytest.approx(0.01 * np.square(hidden).sum() / 5, rel=1e-5)
    ]


def test_weights_are_copied_and_assigned_as_a_list() -> None:
    a, b = Dense(3), Dense(3)
    a(X), b(X)
    b.set_weights(a.get_weights())
    assert (a(X).numpy() == b(X).numpy()).all()
    copy = a.get_weights()[0]
    copy[:] = 0
    assert a.get_weights()[0].any()
    with pytest.raises(ValueError, match=r"shapes \[\(3,\)\]; expected \[\(4, 3\), \(3,\)\]"):
        b.set_weights([np.zeros(3)])


def test_shapes_that_a_layer_does_not_state_are_tried_out() -> None:
    class Mean(Layer):
        def build(self, input_shape: Any) -> None:
            self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

        def call(self, x: ad.Tensor) -> Any:
            self.calls.assign_add(1.0)
            return {"rows": ad.mean(x, axis=1), "all": ad.sum(x), "x": x}

    layer = Mean()
    found = layer(layers.Input((None, 7)))
    assert {key: node.shape for key, node in found.items()} == {
        "rows": (None, 7),
        "all": (),
        "x": (None, None, 7),
    }
    assert float(layer.calls) == 0
    assert layer.compute_output_shape((None, 2))["x"] == (None, 2)

    class Picky(Layer):
        def call(self, x: ad.Tensor) -> ad.Tensor:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError) as caught:
        Picky()(layers.Input((3,)))
    assert "'picky' was tried on zeros" in caught.value.__notes__[0]


def test_random_generators_are_where_they_were_after_a_trial() -> None:
    class Noise(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.generator = ad.random.default_rng(3)

        def call(self, x: ad.Tensor) -> ad.Tensor:
            return x + self.generator.normal(size=x.shape)

    layer = Noise()
    layer(layers.Input((2,)))
    expected = ad.random.default_rng(3).normal(size=(5, 2)).numpy()
    assert (layer(np.zeros((5, 2), np.float32)).numpy() == expected).all()


def test_several_arguments() -> None:
    class Attend(Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1], 2), name="kernel")

        def call(self, query: ad.Tensor, value: ad.Tensor, factor: float = 1.0) -> ad.Tensor:
            return (query + value) @ self.kernel * factor

    layer = Attend()
    y = layer(X, np.ones((5, 4)), factor=2.0)
    assert y.dtype == np.float32
    assert y.numpy() == pytest.approx((X + 1) @ layer.get_weights()[0] * 2, rel=1e-5)
    assert (layer(query=X, value=X).numpy() == layer(X, X).numpy()).all()
    a, b = layers.Input((4,)), layers.Input((4,))
    model = Model([a, b], layer(a, b, factor=2.0))
    assert (model([X, np.ones((5, 4))]).numpy() == y.numpy()).all()
