"""Losses and metrics of several outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import losses, metrics
from nn.layers import Dense, Input
from nn.models import Model, Sequential

RNG = np.random.default_rng(5)
X = RNG.normal(size=(12, 4)).astype(np.float32)
VALUE = RNG.normal(size=(12, 1)).astype(np.float32)
KIND = RNG.integers(0, 3, 12)


def build(**options: Any) -> Model:
    x = Input((4,))
    h = Dense(5, "tanh")(x)
    model = Model(x, [Dense(1, name="value")(h), Dense(3, "softmax", name="kind")(h)])
    model.compile("sgd", **options)
    return model


LOSS = {"value": "mse", "kind": "sparse_categorical_crossentropy"}


def parts(model: Model) -> tuple[float, float, float]:
    value, kind = (y.numpy() for y in model(X))
    mse = np.square(value - VALUE).mean()
    ce = -np.log(kind[np.arange(12), KIND]).mean()
    return mse, ce, (kind.argmax(axis=1) == KIND).mean()


@pytest.mark.parametrize("loss", [LOSS, list(LOSS.values())])
@pytest.mark.parametrize("loss_weights", [None, [2.0, 0.5], {"value": 2.0, "kind": 0.5}])
@pytest.mark.parametrize("y", [[VALUE, KIND], (VALUE, KIND), {"kind": KIND, "value": VALUE}])
def test_losses_add_up_with_their_weights(loss: Any, loss_weights: Any, y: Any) -> None:
    model = build(loss=loss, loss_weights=loss_weights, metrics={"kind": ["accuracy"]})
    mse, ce, accuracy = parts(model)
    a, b = (1.0, 1.0) if loss_weights is None else (2.0, 0.5)
    found = model.evaluate(X, y, 5, verbose=0, return_dict=True)
    assert found == pytest.approx(
        {
            "loss": a * mse + b * ce,
            "value_loss": mse,
            "kind_loss": ce,
            "kind_accuracy": accuracy,
        },
        rel=1e-5,
    )


def test_metrics_of_each_output() -> None:
    model = build(
        loss=LOSS,
        metrics=[["mae", metrics.MeanSquaredError()], "accuracy"],
        weighted_metrics=[None, ["accuracy"]],
    )
    weight = np.linspace(0, 1, 12, dtype=np.float32)
    found = model.evaluate(X, [VALUE, KIND], verbose=0, sample_weight=weight, return_dict=True)
    assert list(found) == [
        *("loss", "value_loss", "kind_loss"),
        *("value_mae", "value_mean_squared_error", "kind_accuracy", "kind_weighted_accuracy"),
    ]
    value, kind = (y.numpy() for y in model(X))
    hits = kind.argmax(axis=1) == KIND
    assert found["value_mae"] == pytest.approx(np.abs(value - VALUE).mean(), rel=1e-5)
    assert found["kind_weighted_accuracy"] == pytest.approx((hits * weight).sum() / weight.sum())
    assert found["value_loss"] == pytest.approx(
        (np.square(value - VALUE)[:, 0] * weight).mean(), rel=1e-5
    )


def test_weights_for_each_output() -> None:
    model = build(loss=LOSS)
    weight = np.linspace(0, 1, 12, dtype=np.float32)
    ones = np.ones(12, np.float32)
    both = model.evaluate(X, [VALUE, KIND], verbose=0, sample_weight=[weight, ones])
    by_name = model.evaluate(X, [VALUE, KIND], verbose=0, sample_weight={"value": weight})
    assert both == by_name
    assert both[2] == pytest.approx(parts(model)[1], rel=1e-5)


def test_one_loss_for_all_outputs() -> None:
    model = build(loss=lambda y, p: ad.mean(p, axis=-1))
    found = model.evaluate(X, [VALUE, KIND], verbose=0)
    value, kind = (y.numpy() for y in model(X))
    assert found[1:] == pytest.approx([value.mean(), kind.mean()], rel=1e-5)


@pytest.mark.parametrize("loss", [{"kind": LOSS["kind"]}, [None, LOSS["kind"]]])
@pytest.mark.parametrize("y", [KIND, [KIND], {"kind": KIND}, [VALUE, KIND]])
def test_an_output_without_a_loss(loss: Any, y: Any) -> None:
    model = build(loss=loss)
    before = [v.numpy() for v in model.weights]
    with pytest.warns(UserWarning, match="no gradient for 'value/kernel', 'value/bias'"):
        history = model.fit(X, y, 12, verbose=0)
    assert list(history.history) == ["loss"]
    moved = [(v.numpy() != b).any() for v, b in zip(model.weights, before, strict=True)]
    assert moved == [True, True, False, False, True, True]


def test_outputs_in_a_dictionary() -> None:
    x = Input((4,))
    model = Model(x, {"a": Dense(1)(x), "b": Dense(3, "softmax")(x)})
    model.compile("sgd", {"b": LOSS["kind"], "a": "mse"}, metrics={"b": ["accuracy"]})
    history = model.fit(X, {"a": VALUE, "b": KIND}, verbose=0)
    assert list(history.history) == ["loss", "a_loss", "b_loss", "b_accuracy"]
    p = model.predict(X, verbose=0)
    assert {name: y.shape for name, y in p.items()} == {"a": (12, 1), "b": (12, 3)}


@pytest.mark.parametrize(
    ("y", "width", "activation", "expected"),
    [
        (KIND, 3, "softmax", metrics.SparseCategoricalAccuracy),
        (KIND[:, None], 3, "softmax", metrics.SparseCategoricalAccuracy),
        (np.eye(3)[KIND], 3, "softmax", metrics.CategoricalAccuracy),
        ((KIND > 0)[:, None], 1, "sigmoid", metrics.BinaryAccuracy),
        (KIND > 0, 1, "sigmoid", metrics.BinaryAccuracy),
    ],
)
def test_accuracy_and_crossentropy_go_by_the_shapes(
    y: Any, width: int, activation: str, expected: Any
) -> None:
    model = Sequential([Input((4,)), Dense(width, activation)])
    model.compile("sgd", "crossentropy", metrics=["acc"])
    loss, accuracy = model.evaluate(X, y, verbose=0)
    assert type(model.metrics[1]) is expected
    p = model(X).numpy()
    bits = np.reshape(y, -1) if width == 1 else KIND
    found = (p[:, 0] > 0.5) if width == 1 else p.argmax(axis=1)
    chosen = np.where(bits, p[:, 0], 1 - p[:, 0]) if width == 1 else p[np.arange(12), KIND]
    assert accuracy == pytest.approx((found == bits).mean())
    assert loss == pytest.approx(-np.log(chosen).mean(), rel=1e-5)


def test_a_metric_given_twice_is_numbered() -> None:
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", losses.MeanSquaredError(), metrics=["mse", "mse", "mae"])
    assert list(model.evaluate(X, VALUE, verbose=0, return_dict=True)) == [
        *("loss", "mse", "mse_1", "mae")
    ]


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({"loss": {"vlaue": "mse"}}, [VALUE, KIND], "loss names 'vlaue'; the outputs are 'value'"),
        ({"loss": ["mse"]}, [VALUE, KIND], "loss has 1 entries; expected one for each of"),
        ({"loss": LOSS, "loss_weights": [1.0]}, [VALUE, KIND], "loss_weights has 1 entries"),
        ({"loss": LOSS, "metrics": ["mae"]}, [VALUE, KIND], "metrics has 1 entries"),
        ({"loss": LOSS}, VALUE, "y has 1; expected one for each of the outputs 'value', 'kind'"),
        ({"loss": LOSS}, {"a": VALUE, "b": KIND, "c": KIND}, "y names 'a', 'b', 'c'; expected"),
        (
            {"loss": {"kind": LOSS["kind"]}, "metrics": {"value": ["mae"]}},
            KIND,
            "output 'value' has metrics, but y has nothing for it",
        ),
    ],
)
def test_what_does_not_match_the_outputs_is_refused(options: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**options).fit(X, y, verbose=0)


def test_one_output_has_one_loss() -> None:
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", ["mse", "mae"])
    with pytest.raises(ValueError, match="loss has 2 entries for one output"):
        model.fit(X, VALUE, verbose=0)
