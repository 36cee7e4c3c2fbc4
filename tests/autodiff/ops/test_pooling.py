"""Pooling beside its definition: values, where gradients go, ties, borders, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients

from .naive_images import geometries, pool2d

POOLS = {"max": ad.max_pool2d, "avg": ad.avg_pool2d}


@st.composite
def poolings(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """Images of small whole numbers, so that there are equal ones, and statics."""
    size, window, statics = draw(geometries(pooling=True))
    if statics["padding"] == "same":
        statics["dilation_rate"] = 1  # a small image may have windows of padding alone
    strides = draw(st.sampled_from([None, statics["strides"]]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    shape = draw(st.integers(0, 2)), *size, draw(st.integers(1, 2))
    x = random.integers(-3, 3, shape).astype(np.float64)
    return x, {**statics, "pool_size": window, "strides": strides}


@pytest.mark.parametrize("kind", POOLS)
@given(call=poolings())
def test_it_is_its_definition(kind: str, call: tuple[np.ndarray, dict[str, Any]]) -> None:
    x, statics = call
    expected, by_x = pool2d(kind, x, **statics)
    v = ad.Variable(x)
    with ad.GradientTape() as tape:
        y = POOLS[kind](v, **statics)
    upstream = np.arange(1.0, y.size + 1).reshape(y.shape)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(tape.gradient(y, v, upstream).numpy(), by_x, rtol=1e-13)


@given(poolings())
def test_the_largest_are_taken_and_put_back(call: tuple[np.ndarray, dict[str, Any]]) -> None:
    x, statics = call
    taken = ad.max_take2d(x, x, **statics).numpy()
    np.testing.assert_array_equal(taken, ad.max_pool2d(x, **statics).numpy())
    h, g = np.random.default_rng(0).normal(size=(2, x.size))
    h, g = h.reshape(x.shape), g[: taken.size].reshape(taken.shape) if taken.size <= x.size else 1.0
    if taken.size <= x.size:
        back = ad.max_unpool2d(g, x, **statics).numpy()
        forth = ad.max_take2d(h, x, **statics).numpy()
        assert np.sum(back * h) == pytest.approx(np.sum(forth * g))


@pytest.mark.parametrize(
    ("window", "winner"),
    [
        ([[1, 1], [1, 1]], (0, 0)),
        ([[0, 1], [1, 0]], (0, 1)),
        ([[0, 0], [1, 1]], (1, 0)),
        ([[0, 1], [0, 1]], (0, 1)),
        ([[-np.inf, -np.inf], [-np.inf, -np.inf]], (0, 0)),
    ],
)
def test_of_equal_elements_the_first_one_gets_the_gradient(window: Any, winner: Any) -> None:
    x = ad.Variable(np.array(window, np.float32)[None, :, :, None])
    with ad.GradientTape() as tape:
        y = ad.max_pool2d(x, 2)
    g = tape.gradient(y, x).numpy()[0, :, :, 0]
    assert g.sum() == g[winner] == 1


def test_a_window_with_nan_is_nan() -> None:
    x = np.array([[1, np.nan], [3, 2]], np.float32)[None, :, :, None]
    v = ad.Variable(x)
    with ad.GradientTape() as tape:
        y = ad.max_pool2d(v, 2)
    assert np.isnan(float(y.reshape(())))
    assert tape.gradient(y, v).numpy().sum() == 1


def test_padding_is_never_the_largest_and_never_counts() -> None:
    x = -np.ones((1, 3, 3, 1), np.float32)
    assert ad.max_pool2d(x, 2, padding="same").reshape(-1).tolist() == [-1.0] * 4
    assert ad.avg_pool2d(x, 3, strides=1, padding=1).reshape(-1).tolist() == [-1.0] * 9
    whole = ad.max_pool2d(np.full((1, 3, 3, 1), -5), 2, padding="same")
    assert whole.dtype == np.int64
    assert whole.reshape(-1).tolist() == [-5] * 4
    assert ad.avg_pool2d(np.full((1, 2, 2, 1), 3), 2).dtype == np.float64


def test_images_to_third_order() -> None:
    random = np.random.default_rng(1)
    x = random.permutation(np.linspace(-1, 1, 2 * 5 * 4)).reshape(1, 5, 4, 2)

    def f(x: Any) -> Any:
        y = ad.max_pool2d(ad.tanh(x) + x, (3, 2), strides=(2, 1), padding="same")
        return ad.avg_pool2d(ad.sin(y), 2, strides=1)

    check_gradients(f, x, order=3)


@pytest.mark.parametrize("pool", [ad.max_pool2d, ad.avg_pool2d])
@pytest.mark.parametrize(
    ("shape", "statics", "error", "message"),
    [
        ((4, 4, 1), {}, ValueError, r"x must have axes \(..., N, H, W, C\)"),
        ((1, 1, 4, 1), {}, ValueError, r"no window of \(2, 2\) fits into images of \(1, 4\)"),
        ((1, 4, 4, 1), {"pool_size": 0}, ValueError, "pool_size must be one or two integers from"),
        ((1, 4, 4, 1), {"pool_size": "2"}, TypeError, "pool_size must be an integer or two"),
        ((1, 4, 4, 1), {"padding": 2}, ValueError, r"windows of \(2, 2\) that are all padding"),
        ((1, 4, 4, 1), {"strides": -1}, ValueError, "strides must be one or two integers from 1"),
    ],
)
def test_what_does_not_fit(
    pool: Any, shape: Any, statics: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pool(np.ones(shape), **{"pool_size": 2, **statics})


def test_what_belongs_to_other_images_is_refused() -> None:
    x = np.ones((1, 4, 4, 1))
    with pytest.raises(ValueError, match=r"x must have shape \(..., 1, 2, 2, 1\)"):
        ad.max_unpool2d(np.ones((1, 3, 2, 1)), x, 2)
    with pytest.raises(ValueError, match="x and largest must have the same last four axes"):
        ad.max_take2d(np.ones((1, 3, 4, 1)), x, 2)
    with pytest.raises(ValueError, match="x must have 2 rows and 2 columns"):
        ad.avg_unpool2d(np.ones((1, 3, 2, 1)), (4, 4), 2)
