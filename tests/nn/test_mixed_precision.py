"""Mixed precision: what is float16 and what stays float32, and training that is as good."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from data import digits
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


# -- training ------------------------------------------------------------------------------------


def mlp(**last: Any) -> models.Sequential:
    return models.Sequential(
        [layers.Dense(8, "relu", input_shape=(4,)), layers.Dense(3, **{"dtype": "float32", **last})]
    )


X = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 24)
LOSS: Any = losses.SparseCategoricalCrossentropy(from_logits=True)


def compiled(optimizer: Any = "adam", **more: Any) -> models.Sequential:
    set_global_policy("mixed_float16")
    nn.utils.set_random_seed(0)
    model = mlp()
    model.compile(optimizer, LOSS, metrics=["accuracy"], **more)
    return model


@pytest.mark.parametrize("eager", [True, False])
def test_a_gradient_of_infinity_leaves_the_weights(eager: bool) -> None:
    """At step k the loss is too large for its gradients; before and after it is not."""
    model = compiled(optim.SGD(0.1, momentum=0.9), run_eagerly=eager)
    weight = np.ones(24, np.float32)
    weight[8:16] = 1e6  # the second batch
    states = []
    for k in range(3):
        rows = slice(8 * k, 8 * k + 8)
        model.train_on_batch(X[rows], Y[rows], sample_weight=weight[rows])
        states.append(
            [v.numpy() for v in [*model.weights, *model.optimizer.inner_optimizer.variables]]
        )
        scale = float(model.optimizer.dynamic_scale)
        assert scale == (2.0**15 if k == 0 else 2.0**14)
        assert int(model.optimizer.step_counter) == (1, 0, 1)[k]
    for before, after in zip(states[0], states[1], strict=True):
        np.testing.assert_array_equal(after, before)
    assert all(np.isfinite(a).all() for state in states for a in state)
    assert any((a != b).any() for a, b in zip(states[1], states[2], strict=True))
    assert int(model.optimizer.iterations) == 2


@pytest.mark.parametrize(("scale", "steps"), [(15, 3), (18, 4), (26, 6)])
def test_programs_and_eager_steps_scale_alike(scale: int, steps: int) -> None:
    runs = []
    for eager in (True, False):
        wrapped = optim.LossScaleOptimizer(optim.Adam(0.01), 2.0**scale, 2)
        model = compiled(wrapped, run_eagerly=eager)
        for _ in range(steps):
            model.train_on_batch(X[:8], Y[:8])
        assert model.optimizer is wrapped
        runs.append((wrapped.state_dict(), model.get_weights()))
    (state, weights), (others, theirs) = runs
    assert (state["dynamic_scale"], state["iterations"]) == (
        *(others["dynamic_scale"], others["iterations"]),
    )
    for a, b in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_the_reported_loss_is_not_scaled() -> None:
    model = compiled()
    before = model.evaluate(X, Y, verbose=0)[0]
    assert model.train_on_batch(X, Y)[0] == pytest.approx(before, rel=1e-6)


def test_what_scales_and_what_does_not() -> None:
    assert type(compiled(auto_scale_loss=False).optimizer) is optim.Adam
    set_global_policy("float32")
    model = mlp()
    model.compile("adam", LOSS)
    assert type(model.optimizer) is optim.Adam
    model = models.Sequential([layers.Dense(3, input_shape=(4,))], dtype="mixed_float16")
    model.compile("adam", LOSS)
    assert isinstance(model.optimizer, optim.LossScaleOptimizer)


def test_weights_of_samples_and_classes() -> None:
    class_weight = {0: 2.0, 1: 0.5}
    weights = np.array([class_weight.get(int(k), 1.0) for k in Y], np.float32)
    runs = []
    for more in ({"class_weight": class_weight}, {"sample_weight": weights}):
        model = compiled()
        nn.utils.set_random_seed(1)
        runs.append(model.fit(X, Y, batch_size=8, epochs=2, verbose=0, **more).history)
    assert runs[0] == runs[1]


def test_callbacks_set_the_rate() -> None:
    model = compiled()
    schedule = nn.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5**epoch)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[schedule])
    assert float(model.optimizer.inner_optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("given", ["global", "each"])
def test_a_saved_model_is_what_it_was(given: str, tmp_path: Path) -> None:
    """Also where another policy is global when it is read."""
    if given == "global":
        set_global_policy("mixed_float16")
        inner = models.Sequential([layers.Dense(5, "relu", input_shape=(4,))])
        model = models.Sequential([inner, layers.Dense(3, dtype="float32")])
    else:
        first = layers.Dense(5, "relu", input_shape=(4,), dtype=DTypePolicy("mixed_float16"))
        model = models.Sequential([first, layers.Dense(3)], dtype="mixed_float16")
    model.compile(optim.Adam(0.01), LOSS, metrics=["accuracy"])
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "m")
    expected = model.predict(X, verbose=0)
    model.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    for policy in ("float32", "mixed_float16", "float64"):
        set_global_policy(policy)
        again: Any = models.load_model(tmp_path / "m")
        assert isinstance(again.optimizer, optim.LossScaleOptimizer)
        assert [layer.dtype_policy.name for layer in again.layers] == [
            *("mixed_float16", "float32")
        ]
        np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
        again.fit(X, Y, epochs=1, shuffle=False, verbose=0)
        for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        kept, wanted = again.optimizer.state_dict(), model.optimizer.state_dict()
        assert list(kept) == list(wanted)
        for name, value in wanted.items():
            np.testing.assert_array_equal(kept[name], value, err_msg=name)


def test_a_training_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    class Stops(nn.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    def run(*callbacks: Any) -> Any:
        model = compiled(optim.LossScaleOptimizer(optim.Adam(0.01), 2.0**20, 3))
        nn.utils.set_random_seed(2)
        backup = nn.callbacks.BackupAndRestore(tmp_path / "backup")
        model.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=[*callbacks, backup])
        return model

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(Stops())
    resumed = run()
    for a, b in zip(
        [*whole.weights, *whole.optimizer.variables],
        [*resumed.weights, *resumed.optimizer.variables],
        strict=True,
    ):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=str(a.name))


def images() -> Any:
    """LeNet-5 for digits of 8 by 8."""
    return models.Sequential(
        [
            layers.Conv2D(6, 3, padding="same", activation="relu", input_shape=(8, 8, 1)),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(60, activation="relu"),
            layers.Dense(42, activation="relu"),
            layers.Dense(10, dtype="float32"),
        ]
    )


def rows() -> Any:
    return models.Sequential(
        [
            layers.Flatten(input_shape=(8, 8, 1)),
            layers.Dense(24, activation="relu"),
            layers.Dense(10, dtype="float32"),
        ]
    )


@pytest.mark.parametrize(
    ("make", "epochs", "seeds"),
    [(rows, 4, 1), pytest.param(images, 12, 3, marks=pytest.mark.long)],
)
def test_digits_are_learnt_as_in_single_precision(make: Any, epochs: int, seeds: int) -> None:
    (x, y), (test_x, test_y) = digits.load_data()
    trained_on, tested_on = x[..., None] / 16.0, test_x[..., None] / 16.0
    accuracy: dict[str, list[float]] = {"float32": [], "mixed_float16": []}
    for seed in range(seeds):
        for policy, found in accuracy.items():
            set_global_policy(policy)
            nn.utils.set_random_seed(seed)
            model = make()
            model.compile(optim.Adam(0.003), LOSS, metrics=["accuracy"])
            model.fit(trained_on, y, batch_size=32, epochs=epochs, verbose=0)
            found.append(model.evaluate(tested_on, test_y, verbose=0)[1])
    single, mixed = (float(np.mean(found)) for found in accuracy.values())
    # of 359 test images; runs that are equally good differ by √(2 · 359 · 0.05) = 6, means by less
    assert single > 0.92
    assert abs(mixed - single) * 359 <= 7
