"""Training beside Keras': 25 steps from the same weights, and what is reported.

pip install 'autodiff-tape[oracles,testing]' && KERAS_BACKEND=jax python -m pytest -m oracle
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn.models import Model, Sequential
from tests.nn import oracle_keras

pytestmark = oracle_keras.marks

RNG = np.random.default_rng(4)
X = RNG.normal(size=(46, 6))
KIND = RNG.integers(0, 3, 46)
VALUE = RNG.normal(size=(46, 1))
WEIGHT = RNG.uniform(0.5, 2.0, 46)
#: 5 epochs of 5 batches, the last of them smaller
FIT: dict[str, Any] = {"batch_size": 10, "epochs": 5, "shuffle": False, "verbose": 0}


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


def chain(lib: Any, *, out: int = 3, activation: str = "softmax", penalty: float = 0.0) -> Any:
    regularizer = lib.regularizers.L2(penalty) if penalty else None
    layers = lib.layers
    return lib.models.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(
                5,
                "tanh",
                kernel_regularizer=regularizer,
                activity_regularizer=regularizer,
                dtype="float64",
            ),
            layers.BatchNormalization(dtype="float64"),
            layers.Dense(out, activation, dtype="float64"),
        ]
    )


def branches(lib: Any) -> Any:
    layers = lib.layers
    x = layers.Input((6,))
    h = layers.Dense(5, "sigmoid", dtype="float64")(x)
    both = layers.Concatenate(dtype="float64")([x, h])
    kind = layers.Dense(3, "softmax", name="kind", dtype="float64")(both)
    value = layers.Dense(1, name="value", dtype="float64")(h)
    return lib.models.Model(x, [kind, value])


def assert_trained_alike(
    keras: Any, make: Any, compile_: dict[str, Any], y: Any, fit: dict[str, Any]
) -> None:
    ours, theirs = make(nn), make(keras)
    rng = np.random.default_rng(5)  # the same weights whichever tests run
    weights = [rng.normal(size=v.shape) * 0.5 for v in theirs.weights]
    for k, v in enumerate(theirs.weights):  # a variance is positive
        if "variance" in v.name:
            weights[k] = np.abs(weights[k]) + 0.5
    histories = []
    for model in (ours, theirs):
        model.set_weights(weights)
        model.compile(**compile_)
        histories.append(model.fit(X, y, **{**FIT, **fit}).history)
    found, expected = histories
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-6, err_msg=name)
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(v.numpy(), np.asarray(w), rtol=1e-5, atol=5e-6, err_msg=v.name)
    np.testing.assert_allclose(
        np.hstack(ours.predict(X, verbose=0)), np.hstack(theirs.predict(X, verbose=0)), atol=1e-6
    )
    report = ours.evaluate(X, y, verbose=0, return_dict=True)
    wanted = theirs.evaluate(X, y, verbose=0, return_dict=True)
    assert report == pytest.approx(wanted, rel=2e-6)


SPARSE: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adagrad", "nadam", "adamw"])
def test_optimizers(keras: Any, optimizer: str) -> None:
    assert_trained_alike(keras, chain, {"optimizer": optimizer, **SPARSE}, KIND, {})


@pytest.mark.parametrize(
    ("loss", "out", "activation", "y"),
    [
        ("mse", 1, "linear", VALUE),
        ("mae", 1, "linear", VALUE[:, 0]),
        ("huber", 1, "linear", VALUE),
        ("binary_crossentropy", 1, "sigmoid", (VALUE > 0).astype(float)),
        ("categorical_crossentropy", 3, "softmax", np.eye(3)[KIND]),
        ("sparse_categorical_crossentropy", 3, "softmax", KIND),
        ("crossentropy", 3, "softmax", KIND),
        ("kl_divergence", 3, "softmax", np.eye(3)[KIND]),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses(keras: Any, loss: str, out: int, activation: str, y: Any, weighted: bool) -> None:
    def make(lib: Any) -> Any:
        return chain(lib, out=out, activation=activation, penalty=0.01)

    metrics = {"weighted_metrics" if weighted else "metrics": ["accuracy", "mse"]}
    if y.ndim < 2 and out > 1:
        metrics = {"weighted_metrics" if weighted else "metrics": ["acc"]}
    fit = {"sample_weight": WEIGHT} if weighted else {}
    assert_trained_alike(keras, make, {"optimizer": "adam", "loss": loss, **metrics}, y, fit)


def test_class_weights_and_validation(keras: Any) -> None:
    fit: dict[str, Any] = {"class_weight": {0: 2.0, 1: 0.5}, "validation_split": 0.2}
    assert_trained_alike(keras, chain, {"optimizer": "adam", **SPARSE}, KIND, fit)


def test_several_outputs(keras: Any) -> None:
    compile_ = {
        "optimizer": "adam",
        "loss": {"kind": "sparse_categorical_crossentropy", "value": "mse"},
        "loss_weights": {"kind": 1.0, "value": 0.3},
        "metrics": {"kind": ["accuracy"], "value": ["mae"]},
    }
    assert_trained_alike(keras, branches, compile_, [KIND, VALUE], {})
    lists = {
        "optimizer": "sgd",
        "loss": ["sparse_categorical_crossentropy", "mse"],
        "metrics": [["accuracy"], ["mae", "mse"]],
        "weighted_metrics": [["accuracy"], ["mae"]],
    }
    assert_trained_alike(keras, branches, lists, [KIND, VALUE], {"sample_weight": [WEIGHT, WEIGHT]})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("EarlyStopping", {"monitor": "loss", "patience": 1, "mode": "max"}),
        ("EarlyStopping", {"monitor": "accuracy", "restore_best_weights": True, "patience": 2}),
        ("EarlyStopping", {"monitor": "loss", "baseline": 0.1, "patience": 3}),
        ("ReduceLROnPlateau", {"monitor": "loss", "mode": "max", "patience": 1, "factor": 0.5}),
        ("ReduceLROnPlateau", {"monitor": "loss", "min_delta": 0.5, "patience": 2, "cooldown": 1}),
        ("LearningRateScheduler", {"schedule": lambda epoch, rate: rate * 0.9}),
    ],
)
def test_callbacks(keras: Any, name: str, options: Any) -> None:
    epochs = []

    def make(lib: Any) -> Any:
        model = chain(lib)
        fit = model.fit

        def fit_with_callback(*args: Any, **kwargs: Any) -> Any:
            callback = getattr(lib.callbacks, name)(**options)
            history = fit(*args, callbacks=[callback], **kwargs)
            epochs.append(history.epoch)
            return history

        object.__setattr__(model, "fit", fit_with_callback)
        return model

    assert_trained_alike(keras, make, {"optimizer": "adam", **SPARSE}, KIND, {"epochs": 8})
    assert epochs[0] == epochs[1]


def test_summaries_say_the_same(keras: Any) -> None:
    for make in (chain, branches):
        ours, theirs = make(nn), make(keras)
        assert ours.count_params() == theirs.count_params()
        assert ours.output_shape == theirs.output_shape
        assert [layer.count_params() for layer in ours.layers] == [
            layer.count_params() for layer in theirs.layers
        ]


def test_models_are_of_these_kinds() -> None:
    assert isinstance(chain(nn), Sequential)
    assert isinstance(branches(nn), Model)


@pytest.mark.parametrize("together", [2, 5, 7])
def test_several_steps_per_execution(keras: Any, together: int) -> None:
    """Callbacks hear of the same batches; Keras counts the last execution as if it were whole."""
    heard: list[list[Any]] = []
    for lib in (nn, keras):
        said: list[Any] = []

        class Hears(lib.callbacks.Callback):  # type: ignore[name-defined]
            def on_train_batch_begin(self, batch: int, logs: Any = None, said: Any = said) -> None:
                said.append(batch)

            def on_train_batch_end(self, batch: int, logs: Any = None, said: Any = said) -> None:
                said.append((min(batch, 4), float((logs or {})["loss"])))

        model = chain(lib, activation="linear")
        rng = np.random.default_rng(5)
        model.set_weights([np.abs(rng.normal(size=v.shape)) * 0.5 for v in model.weights])
        loss = lib.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, steps_per_execution=together)
        model.fit(X, KIND, sample_weight=WEIGHT, callbacks=[Hears()], **FIT)
        heard.append(said)
    assert [a if isinstance(a, int) else a[0] for a in heard[0]] == [
        a if isinstance(a, int) else a[0] for a in heard[1]
    ]
    ours, theirs = ([a[1] for a in said if not isinstance(a, int)] for said in heard)
    assert ours == pytest.approx(theirs, rel=2e-6)
