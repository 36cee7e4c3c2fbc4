"""Mixed precision: what is float16 and what stays float32, and training that is as good."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import layers, losses, mixed_precision, models
from nn.mixed_precision import DTypePolicy, global_policy, set_global_policy

F16, F32 = np.dtype("float16"), np.dtype("float32")


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    set_global_policy("float32")


# -- policies ------------------------------------------------------------------------------------


def test_a_keras_listing_reads_the_same() -> None:
    policy = mixed_precision.Policy("mixed_float16")
    mixed_precision.set_global_policy(policy)
    assert f"Compute dtype: {policy.compute_dtype}" == "Compute dtype: float16"
    assert f"Variable dtype: {policy.variable_dtype}" == "Variable dtype: float32"
    inputs = nn.Input(shape=(784,), name="digits")
    dense1 = layers.Dense(32, activation="relu", name="dense_1")
    x = dense1(inputs)
    assert dense1.dtype_policy == mixed_precision.global_policy() == policy
    assert (x.dtype, dense1.kernel.dtype, dense1.compute_dtype) == (F16, F32, F16)
    x = layers.Dense(10, name="dense_logits")(x)
    outputs = layers.Activation("softmax", dtype="float32", name="predictions")(x)
    assert outputs.dtype == F32
    model = nn.Model(inputs=inputs, outputs=outputs)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert isinstance(model.optimizer, mixed_precision.LossScaleOptimizer)
    assert model.predict(np.ones((2, 784)), verbose=0).dtype == F32


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "mixed_float16"])
def test_a_policy_says_both_dtypes(name: str) -> None:
    policy = DTypePolicy(name)
    computes, keeps = {"mixed_float16": ("float16", "float32")}.get(name, (name, name))
    assert (policy.compute_dtype.name, policy.variable_dtype.name) == (computes, keeps)
    layer = layers.Dense(3, dtype=policy, input_shape=(2,))
    assert layer(np.ones((1, 2))).dtype == computes
    assert {v.dtype for v in layer.weights} == {np.dtype(keeps)}
    assert layer.dtype == layer.variable_dtype == keeps
    for other in (copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
        assert other == policy
        assert hash(other) == hash(policy)
    assert DTypePolicy.from_config(policy.get_config()) == policy
    assert repr(policy) == f'<DTypePolicy "{name}">'
    set_global_policy(name)
    assert DTypePolicy() == layers.Flatten().dtype_policy == policy
    for dtype in ("float32", F32, np.float32):
        assert layers.Flatten(dtype=dtype).dtype_policy == DTypePolicy("float32")


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("mixed_bfloat16", ValueError, "unknown dtype policy 'mixed_bfloat16': NumPy has no bfl"),
        ("bfloat16", ValueError, "unknown dtype policy 'bfloat16': NumPy has no bfloat16; known"),
        ("mixed_float32", ValueError, "unknown dtype policy 'mixed_float32': known are"),
        ("int32", TypeError, "dtype must be a float, got int32"),
        ("float", TypeError, None),
        (3, TypeError, None),
    ],
)
def test_no_policy(name: Any, error: Any, text: str | None) -> None:
    if text is not None:
        with pytest.raises(error, match=f"layer 'dense': {text}"):
            layers.Dense(2, dtype=name)
    with pytest.raises((ValueError, TypeError)):
        set_global_policy(name)
    assert global_policy() == DTypePolicy("float32")


def test_the_global_policy_is_for_all_threads() -> None:
    set_global_policy("mixed_float16")
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(layers.Dense(2).dtype_policy.name))
    thread.start()
    thread.join()
    assert seen == ["mixed_float16"]


# -- layers --------------------------------------------------------------------------------------


def every_layer() -> list[Any]:
    image, row = (6, 6, 2), (5,)
    return [
        (layers.Dense(3, "tanh"), row),
        (layers.Conv2D(3, 3, activation="relu"), image),
        (layers.MaxPooling2D(), image),
        (layers.AveragePooling2D(), image),
        (layers.GlobalAveragePooling2D(), image),
        (layers.Flatten(), image),
        (layers.Reshape((5, 1)), row),
        (layers.Activation("sigmoid"), row),
        (layers.Softmax(), row),
        (layers.Dropout(0.5), row),
        (layers.BatchNormalization(), image),
        (layers.LayerNormalization(), row),
    ]


@pytest.mark.parametrize("k", range(len(every_layer())))
@pytest.mark.parametrize("training", [True, False])
def test_every_layer_gives_half_precision_and_gradients_in_single(k: int, training: bool) -> None:
    set_global_policy("mixed_float16")
    layer, shape = every_layer()[k]
    set_global_policy("float32")
    single = every_layer()[k][0]
    x = np.random.default_rng(k).normal(size=(4, *shape)).astype(np.float32)
    results, slopes = [], []
    for one in (layer, single):
        one.build_for((None, *shape))
        one.set_weights(layer.get_weights())
        nn.utils.set_random_seed(1)
        with ad.GradientTape() as tape:
            given = ad.asarray(x)
            tape.watch(given)
            y = one(given, training=training) if one._training_at else one(given)
            loss = ad.sum(ad.sin(ad.astype(y, "float32")))
        sources = [given, *one.trainable_variables]
        results.append(y)
        slopes.append(tape.gradient(loss, sources))
    assert (results[0].dtype, results[1].dtype) == (F16, F32)
    assert layer.compute_output_shape((4, *shape)) == results[0].shape
    if not isinstance(layer, layers.Dropout):
        np.testing.assert_allclose(results[0].numpy(), results[1].numpy(), atol=2e-2)
        for half, full in zip(*slopes, strict=True):
            assert half.dtype == F32
            np.testing.assert_allclose(half.numpy(), full.numpy(), atol=0.15)


def test_normalization_is_computed_in_single() -> None:
    """The mean of squares of 300 is 90 000, more than a float16 holds."""
    x = np.array([[300.0], [-300.0], [100.0]], np.float32)
    for kind in (layers.BatchNormalization, layers.LayerNormalization):
        given = x if kind is layers.BatchNormalization else x.T
        half, single = kind(dtype="mixed_float16"), kind()
        a = half(given, training=True) if half._training_at else half(given)
        b = single(given, training=True) if half._training_at else single(given)
        assert (a.dtype, {v.dtype for v in half.weights}) == (F16, {F32})
        np.testing.assert_array_equal(a.numpy(), b.numpy().astype(np.float16))
        for v, w in zip(half.weights, single.weights, strict=True):
            np.testing.assert_array_equal(v.numpy(), w.numpy())


def test_an_embedding_adds_gradients_in_single() -> None:
    layer = layers.Embedding(2, 3, dtype="mixed_float16")
    with ad.GradientTape() as tape:
        y = layer(np.zeros((3000, 1), np.int64))
        loss = ad.sum(ad.astype(y, "float32"))
    assert y.dtype == F16
    gradient = tape.gradient(loss, layer.embeddings)
    np.testing.assert_array_equal(gradient.numpy(), [[3000.0] * 3, [0.0] * 3])


class Scaled(layers.Layer):
    """x · scale + the last of the offsets; counts its calls."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(input_shape[1:], "ones", name="scale")
        self.offsets = {"all": [self.add_weight((), "ones", name=f"o{k}") for k in range(2)]}
        self.calls = self.add_weight((), "zeros", trainable=False, name="calls")
        self.exact = self.add_weight((), "ones", name="exact", autocast=False)
        self.half = self.add_weight((), "ones", trainable=False, name="half", autocast=True)

    def call(self, x: Any) -> Any:
        self.seen = self.scale, self.calls, self.exact, self.half
        self.me = self
        self.calls.assign_add(1.0)
        return self.moved(x * self.scale)

    def moved(self, x: Any) -> Any:
        return x + self.offsets["all"][-1]


def test_a_layer_of_ones_own_reads_its_weights_in_half_precision() -> None:
    layer = Scaled(dtype="mixed_float16")
    with ad.GradientTape() as tape:
        y = layer([[1.0, 2.0]])
        loss = ad.sum(ad.astype(y, "float32"))
    assert y.dtype == F16
    assert [v.dtype for v in layer.seen] == [F16, F32, F32, F16]
    assert isinstance(layer.me, Scaled)
    assert float(layer.calls) == 1.0
    assert type(layer.scale) is ad.Variable
    assert layer.scale.dtype == F32
    slopes = tape.gradient(loss, [layer.scale, *layer.offsets["all"]])
    assert [None if g is None else (g.dtype, g.tolist()) for g in slopes] == [
        *((F32, [1.0, 2.0]), None, (F32, 2.0))
    ]
    # frozen it computes the same
    layer.trainable = False
    np.testing.assert_array_equal(layer([[1.0, 2.0]]).numpy(), y.numpy())
    # and without autocast nothing is cast
    plain = Scaled(dtype="mixed_float16", autocast=False)
    plain(ad.asarray([[1.0, 2.0]]))
    assert [v.dtype for v in plain.seen] == [F32] * 4


def test_threads_call_one_layer_at_a_time_or_together() -> None:
    layer = layers.Dense(16, dtype="mixed_float16", input_shape=(8,))
    layer.build_for((None, 8))
    x = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    expected, found = layer(x).numpy(), list[Any]()

    def run() -> None:
        found.extend(layer(x).numpy() for _ in range(50))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        assert layer.kernel.dtype == F32  # seen from outside
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert all((y == expected).all() for y in found)


# -- losses and metrics --------------------------------------------------------------------------

HALF = np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]], np.float16)


LOSSES = sorted(set(losses.__all__) - {"Loss", "LossFunctionWrapper", "for_shapes", "get"})


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_half_precision_are_those_of_the_same_numbers_in_single(name: str) -> None:
    loss: Any = losses.get(getattr(losses, name))
    truth = np.array([1, 0]) if "parse" in name else np.eye(3, dtype=np.float32)[[1, 0]]
    half, single = (loss(truth, ad.asarray(HALF.astype(d))) for d in (F16, F32))
    assert half.dtype == F32
    np.testing.assert_array_equal(half.numpy(), single.numpy())


def test_a_loss_and_a_metric_of_ones_own_see_single_precision() -> None:
    seen = []

    def distance(y_true: Any, y_pred: Any) -> Any:
        seen.append(y_pred.dtype)
        return ad.mean(ad.abs(y_pred - y_true), axis=-1)

    class Distance(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return distance(y_true, y_pred)

    set_global_policy("mixed_float16")
    model = models.Sequential([layers.Dense(1, input_shape=(2,))])
    for loss in (distance, Distance()):
        model.compile("sgd", loss, metrics=[distance])
        model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert set(seen) == {F32}


def test_cross_entropy_goes_by_the_logits_of_a_softmax() -> None:
    """A probability below 6·10⁻⁸ is zero in float16, its logarithm still is a number."""
    set_global_policy("mixed_float16")
    logits = np.array([[0.0, 30.0]], np.float32)
    p = layers.Softmax()(logits)
    assert p.dtype == F16
    loss = losses.SparseCategoricalCrossentropy()([0], p)
    assert (loss.dtype, float(loss)) == (F32, 30.0)


def test_regularizers_see_the_weights_themselves() -> None:
    layer = layers.Dense(1, kernel_regularizer="l2", dtype="mixed_float16", input_shape=(1,))
    layer.build_for((None, 1))
    layer.kernel.assign([[1.0001]])
    assert layer.losses[0].dtype == F32
    assert float(layer.losses[0]) == pytest.approx(0.01 * 1.0001**2, rel=1e-6)
    layer = layers.Dense(4, activity_regularizer="l2", dtype="mixed_float16", use_bias=False)
    layer.build_for((None, 1))
    layer.kernel.assign(np.full((1, 4), 200.0))
    layer([[1.0]])  # the squares are 160 000 together
    assert float(layer.losses[0]) == pytest.approx(1600.0)
