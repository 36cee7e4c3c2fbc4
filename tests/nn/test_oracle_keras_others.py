"""Activations, initializers and regularizers beside Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import activations, initializers, regularizers
from tests.nn import oracle_keras

from .test_activations import FORMULAS, IDS

pytestmark = oracle_keras.marks


@pytest.fixture(scope="module")
def keras() -> Any:
    return oracle_keras.load()


def ours(f: Any, x: Any) -> tuple[Any, Any]:
    v = ad.Variable(x)
    with ad.GradientTape() as tape:
        y = f(ad.copy(v))
    return y.numpy(), tape.gradient(y, v).numpy()


def assert_agree(one: Any, other: Any, x: Any) -> None:
    for found, expected in zip(
        ours(one, x), oracle_keras.value_and_gradient(other, x), strict=True
    ):
        np.testing.assert_allclose(
            found, expected, rtol=1e-6, atol=5e-7
        )  # Keras' tanh is float32's


@pytest.mark.parametrize(("name", "options"), [case[:2] for case in FORMULAS], ids=IDS)
def test_activations(keras: Any, name: str, options: Any) -> None:
    theirs = getattr(keras.activations, name, None) or keras.activations.get(name)
    mine = getattr(activations, name)
    for x in (
        np.random.default_rng(0).uniform(-8, 8, (4, 5)),
        np.array([[-700.0, -30.0, -1e-3, 1e-3, 30.0, 700.0]]),
    ):
        assert_agree(lambda x: mine(x, **options), lambda x: theirs(x, **options), x)


def test_glu(keras: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    for axis in (0, -1):
        assert_agree(
            lambda x, axis=axis: activations.glu(x, axis),
            lambda x, axis=axis: keras.activations.glu(x, axis),
            x,
        )


@pytest.mark.parametrize(
    ("name", "options"), [case[:2] for case in FORMULAS if case[-1] is not None]
)
def test_activations_at_0(keras: Any, name: str, options: Any) -> None:
    theirs = getattr(keras.activations, name, None) or keras.activations.get(name)
    mine = getattr(activations, name)
    found = ours(lambda x: mine(x, **options), np.zeros(1))
    expected = oracle_keras.value_and_gradient(lambda x: theirs(x, **options), np.zeros(1))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=5e-7)  # Keras' tanh is float32's


SHAPES = [(64, 96), (3, 3, 32, 48), (4000,), (5, 64, 32)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "name",
    [
        *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal"),
        *("LecunUniform", "RandomNormal", "RandomUniform", "TruncatedNormal"),
    ],
)
def test_statistics_of_initializers(keras: Any, name: str, shape: Any) -> None:
    """Of many draws the same quantiles, within what chance allows."""
    mine = getattr(initializers, name)(seed=1)(shape).numpy().ravel()
    theirs = np.asarray(getattr(keras.initializers, name)(seed=1)(shape))
    scale, n = theirs.std(), theirs.size
    assert mine.std() == pytest.approx(scale, rel=6 / np.sqrt(n))
    assert mine.mean() == pytest.approx(0, abs=6 * scale / np.sqrt(n))
    levels = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    loose = 0.6 if name == "RandomNormal" else 0.1  # its extremes are open
    spread = np.quantile(mine, levels) - np.quantile(theirs, levels)
    assert np.abs(spread[1:-1]).max() < 12 * scale / np.sqrt(n)
    assert np.abs(spread).max() < loose * np.abs(theirs).max()


@pytest.mark.parametrize("distribution", ["normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling(keras: Any, distribution: str, mode: str) -> None:
    options: dict[str, Any] = {"scale": 3.0, "mode": mode, "distribution": distribution, "seed": 2}
    mine = initializers.VarianceScaling(**options)((5, 5, 40, 80)).numpy()
    theirs = np.asarray(keras.initializers.VarianceScaling(**options)((5, 5, 40, 80)))
    assert mine.std() == pytest.approx(theirs.std(), rel=0.02)


def test_what_initializers_are_without_chance(keras: Any) -> None:
    for name, arguments in (
        ("Identity", (2.0,)),
        ("Constant", (0.3,)),
        ("Zeros", ()),
        ("Ones", ()),
    ):
        for shape in ((3, 3), (2, 4)):
            found = getattr(initializers, name)(*arguments)(shape).numpy()
            expected = getattr(keras.initializers, name)(*arguments)(shape)
            np.testing.assert_allclose(found, expected, rtol=1e-7)
    whole: Any
    for whole in ((6, 4), (4, 6), (3, 2, 4)):
        mine = initializers.Orthogonal(1.5, seed=0)(whole).numpy().reshape(-1, whole[-1])
        theirs = np.asarray(keras.initializers.Orthogonal(1.5, seed=0)(whole)).reshape(mine.shape)
        for q in (mine, theirs):
            gram = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
            np.testing.assert_allclose(gram, 2.25 * np.eye(min(q.shape)), atol=1e-5)


def test_regularizers(keras: Any) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))
    cases: list[tuple[str, tuple[Any, ...]]] = [
        ("L1", ()),
        ("L1", (0.3,)),
        ("L2", ()),
        ("L2", (0.3,)),
        ("L1L2", ()),
        ("L1L2", (0.3,)),
        ("L1L2", (0.1, 0.2)),
        ("OrthogonalRegularizer", ()),
        ("OrthogonalRegularizer", (0.5, "columns")),
    ]
    for name, arguments in cases:
        mine = getattr(regularizers, name)(*arguments)
        theirs = getattr(keras.regularizers, name)(*arguments)
        if arguments or name != "L1L2":
            assert_agree(mine, theirs, x)
        else:
            assert float(mine(x)) == float(theirs(x)) == 0.0
    for name in ("l1", "l2", "L1", "L2", "l1l2", "orthogonal_regularizer"):
        found: Any = regularizers.get(name)
        assert type(found).__name__ == type(keras.regularizers.get(name)).__name__
