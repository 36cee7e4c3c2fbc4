"""Training in mixed precision: steps that are left out, and results as good as in float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from data import digits
from nn import layers, losses, models
from nn.mixed_precision import DTypePolicy, set_global_policy
from nn.models import _steps
from tests.autodiff.flat.interpreted import by_python


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    set_global_policy("float32")


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


def test_fused_programs_scale_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are run by Python here."""
    monkeypatch.setattr(_steps, "_flat", lambda fuse: lambda f: ad.flat.Function(f, fuse is True))
    runs = []
    for fuse in (False, True):
        scaling = optim.LossScaleOptimizer(optim.Adam(0.01, use_ema=True), 2.0**20, 2)
        model = compiled(scaling, jit_compile=fuse)
        with by_python():
            for _ in range(6):
                model.train_on_batch(X[:8], Y[:8])
        runs.append([v.numpy() for v in [*scaling.variables, *model.weights]])
    assert 0 < runs[0][2] < 6  # some steps, not all
    np.testing.assert_array_equal(runs[0][:3], runs[1][:3])
    for a, b in zip(*runs, strict=True):
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
