"""erf and softplus at every size of input, against Python's own functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.concatenate([np.linspace(-7, 7, 4001), np.geomspace(1e-300, 1, 301), [np.inf, -np.inf, 0]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_erf_is_right_to_the_last_places(dtype: Any) -> None:
    with np.errstate(under="ignore"):
        x = X.astype(dtype)
    x = x[(x == 0) | (np.abs(x) >= np.finfo(dtype).smallest_normal * 2)]
    expected = np.array([math.erf(v) for v in x.astype(float)])
    found = ad.erf(x)
    assert found.dtype == dtype
    off = np.abs(found.numpy().astype(float) - expected)
    assert (off <= 2 * np.finfo(dtype).eps * np.abs(expected)).all()
    assert (np.abs(found.numpy()[np.abs(x) >= 6]) == 1).all()


def test_erf_of_nan_and_of_minus_zero() -> None:
    found = ad.erf(np.array([np.nan, -0.0, 1e30])).numpy()
    assert np.isnan(found[0])
    assert np.signbit(found[1])
    assert found[2] == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softplus_keeps_its_tails(dtype: Any) -> None:
    x = np.array([-1000, -80, -20, -1e-3, 0, 1e-3, 20, 80, 1000], dtype)
    expected = [v if v > 50 else math.log1p(math.exp(v)) for v in x.tolist()]
    v = ad.Variable(x)
    with ad.GradientTape() as tape:
        y = ad.softplus(v)
    assert y.numpy() == pytest.approx(expected, rel=4 * float(np.finfo(dtype).eps))
    slope = [1 / (1 + math.exp(-v)) if v > -50 else math.exp(v) for v in x.tolist()]
    assert tape.gradient(y, v).numpy() == pytest.approx(slope, rel=4 * float(np.finfo(dtype).eps))


def test_sigmoid_cross_entropy_keeps_its_tails() -> None:
    """Certain and right it costs exp(-|z|), certain and wrong |z|; nothing overflows."""
    z = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    right, wrong = (ad.sigmoid_cross_entropy(z, y).numpy() for y in ((z > 0) * 1.0, (z < 0) * 1.0))
    assert right == pytest.approx([0, math.exp(-40), math.log(2), math.exp(-40), 0], rel=1e-12)
    assert wrong == pytest.approx([1000, 40, math.log(2), 40, 1000], rel=1e-12)
