"""Mixed precision beside Keras': the same weights and batches, steps that are left out, scales.

pip install 'autodiff-tape[oracles,testing]' && KERAS_BACKEND=jax python -m pytest -m oracle
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import optim
from tests.nn import oracle_keras

pytestmark = oracle_keras.marks

RNG = np.random.default_rng(6)
X = RNG.normal(size=(60, 6)).astype(np.float32)
IMAGES = RNG.normal(size=(60, 6, 6, 1)).astype(np.float32)
KIND = RNG.integers(0, 3, 60)
WEIGHT = RNG.uniform(0.5, 2.0, 60).astype(np.float32)


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


def rows(lib: Any) -> list[Any]:
    layers = lib.layers
    return [
        layers.Input((6,), dtype="float32"),
        layers.Dense(8, "tanh", dtype="mixed_float16"),
        layers.BatchNormalization(dtype="mixed_float16"),
        layers.Dense(5, "sigmoid", dtype="mixed_float16"),
        layers.LayerNormalization(dtype="mixed_float16"),
        layers.Dense(3, dtype="float32"),
    ]


def images(lib: Any) -> list[Any]:
    layers = lib.layers
    return [
        layers.Input((6, 6, 1), dtype="float32"),
        layers.Conv2D(4, 3, padding="same", activation="tanh", dtype="mixed_float16"),
        layers.AveragePooling2D(2, dtype="mixed_float16"),  # the largest of rounded numbers is moot
        layers.Conv2D(3, 2, activation="tanh", dtype="mixed_float16"),
        layers.Flatten(dtype="mixed_float16"),
        layers.Dense(3, dtype="float32"),
    ]


def inner(lib: Any, kind: str) -> Any:
    of = lib.optimizers if hasattr(lib, "optimizers") else optim
    if kind == "sgd":
        return of.SGD(0.05, momentum=0.9)
    if kind == "clipped":
        return of.SGD(0.05, momentum=0.9, global_clipnorm=0.5, weight_decay=0.01)
    if kind == "adam":
        return of.Adam(0.01, epsilon=1e-3, use_ema=True, ema_momentum=0.9)
    return of.SGD(0.05, gradient_accumulation_steps=2)


@pytest.mark.parametrize("power", [10, 28])
@pytest.mark.parametrize(
    ("make", "kind"),
    [(images, "sgd"), *((rows, kind) for kind in ("sgd", "clipped", "adam", "accumulated"))],
)
def test_twenty_steps(keras: Any, make: Any, kind: str, power: int) -> None:
    """From a scale that is far too large, or one that grows every third step."""
    keras.utils.set_random_seed(7)
    seen, weights, start = [], [], None
    for lib in (keras, nn):
        of = lib.optimizers if lib is keras else optim
        model = lib.models.Sequential(make(lib))
        if start is None:
            start = [np.asarray(v) for v in model.get_weights()]
        model.set_weights(start)
        scaling = of.LossScaleOptimizer(inner(lib, kind), 2.0**power, 3)
        loss = lib.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float32")
        model.compile(scaling, loss)
        found = []
        data = IMAGES if make is images else X
        for k in range(20):
            part = slice(k % 6 * 10, k % 6 * 10 + 10)
            given = {"sample_weight": WEIGHT[part]}
            report = model.train_on_batch(data[part], KIND[part], return_dict=True, **given)
            found.append((report["loss"], *state_of(model.optimizer)))
        seen.append(found)
        weights.append([np.asarray(v) for v in model.get_weights()])
    theirs, ours = (np.array(found, np.float64) for found in seen)
    np.testing.assert_array_equal(ours[:, 1:], theirs[:, 1:])  # scales, counts, steps
    assert len(set(ours[:, 1])) > 2
    np.testing.assert_allclose(ours[:, 0], theirs[:, 0], rtol=1e-2)
    for a, b in zip(*weights, strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(b, a, rtol=2e-2, atol=1e-2)


def state_of(optimizer: Any) -> tuple[float, int, int]:
    values = (optimizer.dynamic_scale, optimizer.step_counter, optimizer.iterations)
    scale, counter, iterations = (np.asarray(getattr(v, "value", v)) for v in values)
    return float(scale), int(counter), int(iterations)


def test_names_and_defaults(keras: Any) -> None:
    theirs = keras.mixed_precision
    assert set(nn.mixed_precision.__all__) == {n for n in dir(theirs) if not n.startswith("_")}
    for name in ("mixed_float16", "float16", "float32", "float64"):
        for ask in ("compute_dtype", "variable_dtype", "name"):
            mine = getattr(nn.mixed_precision.Policy(name), ask)
            assert str(mine) == getattr(theirs.Policy(name), ask)
    a, b = optim.LossScaleOptimizer(optim.SGD()), theirs.LossScaleOptimizer(keras.optimizers.SGD())
    for name in ("initial_scale", "dynamic_growth_steps"):
        assert getattr(a, name) == getattr(b, name)


@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "BatchNormalization", "Embedding", "Flatten"])
def test_dtypes_of_layers(keras: Any, kind: str) -> None:
    arguments = {"Dense": (3,), "Conv2D": (2, 2), "Embedding": (4, 3)}.get(kind, ())
    x = IMAGES[:2] if kind == "Conv2D" else X[:2]
    x = np.array([[1, 2]]) if kind == "Embedding" else x
    for policy in ("mixed_float16", "float16", "float64"):
        found = []
        for lib in (keras, nn):
            layer = getattr(lib.layers, kind)(*arguments, dtype=policy)
            y = layer(x)
            dtypes = {str(getattr(v, "dtype", v)) for v in layer.weights}
            found.append((str(y.dtype), dtypes, str(layer.dtype), str(layer.compute_dtype)))
        assert found[0] == found[1]
