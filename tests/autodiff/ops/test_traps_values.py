"""Where gradients of single ops go wrong elsewhere: ties, zeros, extremes, NaN, half precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import check_gradients

INF, NAN = np.inf, np.nan


def gradients(f: Callable[..., Any], *inputs: Any, upstream: Any = None) -> list[np.ndarray]:
    xs = [ad.Tensor(np.asarray(x)) for x in inputs]
    with ad.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return [g.numpy() for g in tape.gradient(y, xs, upstream, "zero")]


def gradient(f: Callable[..., Any], x: Any, upstream: Any = None) -> np.ndarray:
    return gradients(f, x, upstream=upstream)[0]


def second(f: Callable[..., Any], x: Any) -> np.ndarray:
    """The gradient of the gradient's sum."""
    return gradient(lambda x: ad.grad(f)(x), x)


# -- ties ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [ad.max, ad.min])
@given(data=st.data())
def test_equal_extremes_share_evenly(f: Any, data: st.DataObject) -> None:
    whole = st.lists(st.integers(0, 2), min_size=6, max_size=6)
    x = np.array(data.draw(whole), np.float64).reshape(2, 3)
    axis = data.draw(st.sampled_from([None, 0, 1, -1, (0, 1), (1, 0)]))
    g = gradient(lambda x: f(x, axis=axis), x)
    chosen = x == f(x, axis=axis, keepdims=True).numpy()
    np.testing.assert_allclose(g.sum(axis), 1, rtol=1e-15)
    np.testing.assert_allclose(g, chosen / chosen.sum(axis, keepdims=True), rtol=1e-15)
    check_gradients(lambda x: f(x, axis=axis), x, order=1)


@pytest.mark.parametrize("f", [ad.maximum, ad.minimum])
def test_equal_operands_share_half_and_half(f: Any) -> None:
    x, y = gradients(f, [1.0, 2.0, 0.0, -0.0], [[2.0, 2.0, 0.0, 0.0]])
    assert x.tolist()[1:] == [0.5] * 3
    assert (x + y[0]).tolist() == [1.0] * 4
    assert gradient(lambda x: f(x, x), 3.0) == 1
    assert gradient(lambda x: f(x, 3.0), 3.0) == 0.5


def test_kinks_have_the_documented_slopes() -> None:
    assert gradient(ad.relu, [-1.0, 0.0, 1.0]).tolist() == [0, 0, 1]
    assert gradient(ad.abs, [-1.0, 0.0, 1.0]).tolist() == [-1, 0, 1]
    assert gradient(ad.sign, [-1.0, 0.0, 1.0]).tolist() == [0, 0, 0]
    assert gradient(lambda x: ad.clip(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0]).tolist() == [
        *(0, 1, 1, 1, 0)
    ]


# -- zeros ---------------------------------------------------------------------------------------


def test_sqrt_at_zero() -> None:
    assert gradient(ad.sqrt, [0.0, 4.0]).tolist() == [INF, 0.25]
    assert gradient(ad.sqrt, [0.0, 4.0], upstream=[0.0, 1.0]).tolist() == [0, 0.25]
    assert gradient(lambda x: ad.where(x > 0, ad.sqrt(x), 0.0), [0.0, 4.0]).tolist() == [0, 0.25]


@pytest.mark.parametrize("exponent", [int, float, np.float64, np.array, ad.Tensor, ad.Variable])
@pytest.mark.parametrize(
    ("power", "slope", "curvature"), [(0, 0, 0), (1, 1, 0), (2, 0, 2), (3, 0, 0)]
)
def test_pow_at_zero(exponent: Any, power: float, slope: float, curvature: float) -> None:
    y = exponent(power) if exponent is int else exponent(float(power))
    assert gradient(lambda x: x**y, [0.0, 0.0]).tolist() == [slope] * 2
    assert second(lambda x: ad.sum(x**y), [0.0, 0.0]).tolist() == [curvature] * 2


def test_pow_of_zero_and_of_negative_numbers() -> None:
    x, y = gradients(ad.pow, [0.0, 0.0, 0.0, -2.0, -2.0], [0.0, 1.0, 2.0, 2.0, 3.0])
    assert x.tolist() == [0, 1, 0, -4, 12]
    assert np.abs(y).tolist() == [0] * 5
    assert gradient(lambda y: 0.0**y, 2.0) == 0
    with np.errstate(divide="ignore"):
        assert gradient(lambda x: x**0.5, 0.0) == INF
        assert gradient(lambda x: x**-1, 0.0) == -INF


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 3.0, 4.0], [12, 8, 6]),
        ([0.0, 3.0, 4.0], [12, 0, 0]),
        ([0.0, 3.0, 0.0], [0, 0, 0]),
        ([0.0], [1]),
        ([-0.0, 5.0], [5, 0]),
    ],
)
def test_prod_with_zeros(x: list[float], expected: list[float]) -> None:
    assert gradient(ad.prod, x).tolist() == expected
    check_gradients(ad.prod, x, order=3)


def test_prod_with_zeros_along_axes() -> None:
    x = np.array([[[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], [[1.0, -2.0, 0.5], [0.0, 4.0, 3.0]]])
    for axis in (0, -1, (0, 2), None):
        check_gradients(lambda x, axis=axis: ad.prod(x, axis=axis, keepdims=True), x)


# -- NaN and infinity ----------------------------------------------------------------------------


def test_where_passes_no_nan_to_what_was_not_chosen() -> None:
    choose = np.array([True, False])
    x, y = gradients(lambda x, y: ad.where(choose, x, y), [1.0, 2.0], [3.0, 4.0], upstream=[1, NAN])
    assert x.tolist() == [1, 0]
    assert y[0] == 0
    assert np.isnan(y[1])
    # the values not chosen may be NaN or infinite
    x, y = gradients(lambda x, y: ad.where(choose, x, y), [1.0, NAN], [INF, 4.0])
    assert x.tolist() == [1, 0]
    assert y.tolist() == [0, 1]


@pytest.mark.parametrize("f", [ad.log, ad.sqrt, lambda x: 1 / x, lambda x: x**-0.5])
def test_where_twice_keeps_what_is_outside_the_domain_out(f: Any) -> None:
    def safe(x: ad.Tensor) -> ad.Tensor:
        inside = x > 0
        return ad.where(inside, f(ad.where(inside, x, 1.0)), 0.0)

    g = gradient(safe, [-1.0, 0.0, 1.0])
    assert g[:2].tolist() == [0, 0]
    assert np.isfinite(g).all()


def test_nan_is_passed_on_to_where_it_came_from() -> None:
    assert gradient(ad.max, [1.0, NAN, 3.0]).tolist() == [0, 1, 0]
    x, y = gradients(ad.maximum, [1.0, NAN], [2.0, 1.0])
    assert (x.tolist(), y.tolist()) == ([0, 1], [1, 0])


# -- extremes ------------------------------------------------------------------------------------

FAR = [-1000.0, 1000.0, -INF, INF]


def test_sigmoid_and_tanh_far_out() -> None:
    assert ad.sigmoid(np.array(FAR)).tolist() == [0, 1, 0, 1]
    for f in (ad.sigmoid, ad.tanh):
        assert gradient(f, FAR).tolist() == [0] * 4
        assert second(lambda x, f=f: ad.sum(f(x)), FAR).tolist() == [0] * 4
    # the left tail keeps its digits
    np.testing.assert_allclose(ad.sigmoid(np.array(-50.0)).item(), np.exp(-50.0), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_softmax_far_out(dtype: Any) -> None:
    x = np.array([[1000.0, -1000.0, 999.0], [-1000.0, -INF, -999.0], [0.0, -INF, -INF]], dtype)
    p, log_p = ad.softmax(x).numpy(), ad.log_softmax(x).numpy()
    tolerance = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=tolerance)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=tolerance, atol=tolerance)
    assert p[2].tolist() == [1, 0, 0]
    assert log_p[2].tolist() == [0, -INF, -INF]
    upstream = np.array([[1.0, -2.0, 3.0]] * 3, dtype)
    for f in (ad.softmax, ad.log_softmax):
        assert np.isfinite(gradient(f, x, upstream)).all()
    g = gradient(lambda x: ad.logsumexp(x, axis=-1), x)
    np.testing.assert_allclose(g, p, rtol=tolerance, atol=tolerance)
    assert np.isfinite(second(lambda x: ad.sum(ad.logsumexp(x, axis=-1)), x)).all()


def test_logsumexp_far_out() -> None:
    log2 = np.log(2.0)
    assert ad.logsumexp(np.array([1000.0, 1000.0])).item() == pytest.approx(1000 + log2, rel=1e-15)
    assert ad.logsumexp(np.array([-1000.0, -1000.0])).item() == pytest.approx(log2 - 1000)
    nothing = np.full((2, 3), -INF)
    assert ad.logsumexp(nothing).item() == -INF
    assert gradient(ad.logsumexp, nothing).tolist() == [[0] * 3] * 2
    nothing[0, 1] = 5.0
    assert gradient(lambda x: ad.logsumexp(x, axis=1), nothing).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert gradient(lambda x: ad.logsumexp(x, axis=1)[0], nothing)[1].tolist() == [0, 0, 0]
    assert gradient(ad.logsumexp, [INF, 1.0])[1] == 0


def test_softmax_cross_entropy_far_out() -> None:
    logits = [[1000.0, -1000.0], [-1000.0, 1000.0], [-INF, 1.0]]

    def f(x: ad.Tensor) -> ad.Tensor:
        return ad.softmax_cross_entropy(x, np.array([1, 1, 1]))

    assert f(ad.Tensor(logits)).tolist() == [2000, 0, 0]
    assert gradient(f, logits).tolist() == [[1, -1], [0, 0], [0, 0]]


def test_small_numbers_keep_their_digits() -> None:
    assert ad.log1p(np.float64(1e-20)).item() == 1e-20
    assert ad.expm1(np.float64(1e-20)).item() == 1e-20
    assert gradient(ad.expm1, 1e-20) == gradient(ad.log1p, 1e-20) == 1
    # 1 - tanh(x)² far out: no better than the rounding of tanh allows, but never negative
    assert (gradient(ad.tanh, np.linspace(-30, 30, 100)) >= 0).all()


# -- half precision ------------------------------------------------------------------------------


def test_float16_sums_do_not_stall() -> None:
    ones = np.ones((5000, 2), np.float16)  # added up one by one, they stall at 2048
    for axis, expected in ((0, [5000, 5000]), (None, 10000)):
        assert ad.sum(ones, axis=axis).tolist() == expected
        assert ad.mean(ones, axis=axis).numpy().max() == 1
    bias = gradients(ad.add, ones, np.ones(2, np.float16))[1]
    assert bias.tolist() == [5000, 5000]
    weights = gradients(ad.matmul, ones, np.ones((2, 3), np.float16))[1]
    assert weights.tolist() == [[5000] * 3] * 2
    assert ad.logsumexp(ones[:, 0]).item() == pytest.approx(1 + np.log(5000), rel=1e-3)


def test_float16_means_do_not_overflow() -> None:
    assert ad.mean(np.full(4096, 100, np.float16)).item() == 100
    many = np.ones(100_000, np.float16)  # a count that float16 cannot hold
    assert gradient(ad.mean, many)[0] == np.float16(1e-5)
