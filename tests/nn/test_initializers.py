from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

import nn
from nn import initializers
from nn.initializers import VarianceScaling

SHAPE = (300, 200)

#: name -> (limit of the uniform, or deviation of the truncated normal) for SHAPE
UNIFORM = {
    "glorot_uniform": math.sqrt(6 / 500),
    "xavier_uniform": math.sqrt(6 / 500),
    "he_uniform": math.sqrt(6 / 300),
    "lecun_uniform": math.sqrt(3 / 300),
    "random_uniform": 0.05,
    "uniform": 0.05,
}
NORMAL = {
    "glorot_normal": math.sqrt(2 / 500),
    "xavier_normal": math.sqrt(2 / 500),
    "he_normal": math.sqrt(2 / 300),
    "lecun_normal": math.sqrt(1 / 300),
}


def draw(name: str, seed: int = 3) -> np.ndarray[Any, Any]:
    nn.utils.set_random_seed(seed)
    values: np.ndarray[Any, Any] = initializers.get(name)(SHAPE).numpy()
    assert values.shape == SHAPE
    assert values.dtype == np.float32
    return values


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_draws_fill_their_interval(name: str) -> None:
    values, limit = draw(name), UNIFORM[name]
    assert np.abs(values).max() <= limit
    counts, _ = np.histogram(values, bins=10, range=(-limit, limit))
    assert counts == pytest.approx(np.full(10, 6000), abs=5 * math.sqrt(6000))


@pytest.mark.parametrize("name", NORMAL)
def test_truncated_normal_draws_have_the_variance_asked_for(name: str) -> None:
    values, deviation = draw(name), NORMAL[name]
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert values.mean() == pytest.approx(0, abs=5 * deviation / math.sqrt(values.size))
    cut = 2 * deviation / 0.87962566103423978  # the deviation of a standard normal within ±2
    assert 0.98 * cut < np.abs(values).max() <= cut * (1 + 1e-6)


@pytest.mark.parametrize("name", ["normal", "random_normal"])
def test_normal_draws(name: str) -> None:
    values = draw(name)
    assert values.std() == pytest.approx(0.05, rel=0.02)
    assert (np.abs(values) > 0.1).mean() == pytest.approx(0.0455, rel=0.1)


def test_truncated_normal_is_within_two_deviations() -> None:
    values = initializers.TruncatedNormal(1.0, 0.5, seed=0)(SHAPE).numpy()
    assert 0 <= values.min() <= values.max() <= 2
    assert values.std() == pytest.approx(0.5 * 0.87962566103423978, rel=0.01)


def test_constants() -> None:
    assert initializers.get("zeros")((2, 3)).numpy().tolist() == [[0.0] * 3] * 2
    assert initializers.get("ones")((2,), dtype="float64").numpy().tolist() == [1.0, 1.0]
    assert initializers.Constant(2.5)(()).numpy() == 2.5


def test_a_constant_may_be_an_array() -> None:
    values = np.arange(3.0)
    assert (initializers.Constant(values)((2, 3)).numpy() == [values, values]).all()
    with pytest.raises(ValueError, match=r"shape \(3,\) do not broadcast to shape \(3, 2\)"):
        initializers.Constant(values)((3, 2))


def test_identity() -> None:
    assert (initializers.get("identity")((2, 3)).numpy() == [[1, 0, 0], [0, 1, 0]]).all()
    assert (initializers.Identity(2.5)((2, 2)).numpy() == 2.5 * np.eye(2)).all()
    with pytest.raises(ValueError, match=r"an identity is a matrix, got shape \(2,\)"):
        initializers.Identity()((2,))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 3, 2, 4), (2, 2, 1, 9)])
def test_orthogonal_rows_or_columns(shape: Any) -> None:
    q = initializers.Orthogonal(gain=3.0, seed=0)(shape, dtype="float64").numpy()
    assert q.shape == shape
    q = q.reshape(-1, shape[-1])
    gram = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    assert gram == pytest.approx(9 * np.eye(len(gram)), abs=1e-12)


def test_all_rotations_and_reflections_are_equally_likely() -> None:
    """The first column of a 2 by 2 matrix lies anywhere on the circle, its determinant is ±1."""
    rng = np.random.default_rng(0)
    qs = [initializers.Orthogonal(seed=rng)((2, 2)).numpy() for _ in range(2000)]
    angles = np.array([math.atan2(q[1, 0], q[0, 0]) for q in qs])
    counts, _ = np.histogram(angles, bins=8, range=(-math.pi, math.pi))
    assert counts == pytest.approx(np.full(8, 250), abs=5 * math.sqrt(250))
    turned = np.mean([np.linalg.det(q) > 0 for q in qs])
    assert turned == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(2000))
    with pytest.raises(ValueError, match=r"has two axes or more, got shape \(4,\)"):
        initializers.Orthogonal()((4,))


def test_the_untruncated_normal() -> None:
    values = VarianceScaling(2.0, "fan_in", "untruncated_normal", seed=0)(SHAPE).numpy()
    assert values.std() == pytest.approx(math.sqrt(2 / 300), rel=0.01)
    assert (np.abs(values) > 2 * values.std()).mean() == pytest.approx(0.0455, rel=0.1)
    one, other = (
        VarianceScaling(distribution=name, seed=1)((4,)) for name in ("normal", "truncated_normal")
    )
    assert (one == other).all()


@pytest.mark.parametrize("name", ["Zeros", "zeros", "zero", "GlorotUniform", "he_normal", "one"])
def test_classes_by_name(name: str) -> None:
    assert isinstance(initializers.get(name), initializers.Initializer)


@pytest.mark.parametrize(("mode", "n"), [("fan_in", 100), ("fan_out", 200), ("fan_avg", 150)])
def test_fans_of_a_kernel_with_a_receptive_field(mode: str, n: int) -> None:
    values = VarianceScaling(3.0, mode, "uniform", seed=1)((5, 5, 4, 8)).numpy()
    limit = math.sqrt(3 * 3.0 / n)
    assert 0.98 * limit < np.abs(values).max() <= limit


@pytest.mark.parametrize("kind", [initializers.RandomNormal, initializers.GlorotUniform])
def test_seeds(kind: Any) -> None:
    seeded, other = kind(seed=7), kind(seed=8)
    again = seeded(SHAPE).numpy()
    assert (seeded(SHAPE).numpy() == again).all()
    assert (kind(seed=7)(SHAPE).numpy() == again).all()
    assert (other(SHAPE).numpy() != again).any()
    assert (kind()(SHAPE).numpy() != kind()(SHAPE).numpy()).any()
    drawn_on = kind(seed=np.random.default_rng(7))
    assert (drawn_on(SHAPE).numpy() == again).all()
    assert (drawn_on(SHAPE).numpy() != again).any()


def test_the_shared_seed_repeats_what_has_none() -> None:
    assert (draw("glorot_uniform") == draw("glorot_uniform")).all()
    assert (draw("glorot_uniform") != draw("glorot_uniform", seed=4)).any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: initializers.get("glorot"), ValueError, "unknown initializer 'glorot'"),
        (
            lambda: initializers.get(cast(Any, 0.5)),
            TypeError,
            "an initializer is a name or a function",
        ),
        (lambda: VarianceScaling(mode="fan_on"), ValueError, "unknown mode 'fan_on'; did you mean"),
        (lambda: VarianceScaling(scale=0), ValueError, "scale must be above 0, got 0"),
        (lambda: VarianceScaling(distribution="cauchy"), ValueError, "distribution must be"),
    ],
)
def test_what_is_no_initializer(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
