"""Convolution beside its definition, its adjoints, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.arrays._backend import numpy_namespace, pieces
from autodiff.testing import check_gradients

from .naive_images import conv2d, geometries

RNG = np.random.default_rng(5)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Images, a kernel, and statics."""
    size, window, statics = draw(geometries())
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    batch, filters = draw(st.integers(0, 3)), groups * draw(st.integers(1, 2))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    x = random.normal(size=(batch, *size, groups * per_group))
    return x, random.normal(size=(*window, per_group, filters)), {**statics, "groups": groups}


@given(convolutions())
def test_it_is_its_definition(call: tuple[np.ndarray, np.ndarray, dict[str, Any]]) -> None:
    x, kernel, statics = call
    expected = conv2d(x, kernel, **statics)
    y = ad.conv2d(x, kernel, **statics)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)


@given(convolutions())
def test_the_other_two_are_its_adjoints(
    call: tuple[np.ndarray, np.ndarray, dict[str, Any]],
) -> None:
    """⟨g, conv(x, k)⟩ = ⟨transpose(g, k), x⟩ = ⟨kernel(x, g), k⟩."""
    x, kernel, statics = call
    y = ad.conv2d(x, kernel, **statics).numpy()
    g = np.random.default_rng(0).normal(size=y.shape)
    by_x = ad.conv2d_transpose(g, kernel, size=x.shape[1:3], **statics)
    by_kernel = ad.conv2d_kernel(x, g, size=kernel.shape[:2], **statics)
    assert (by_x.shape, by_kernel.shape) == (x.shape, kernel.shape)
    scale = 1e-11 * max(1.0, y.size) * max(1.0, float(np.abs(y).max(initial=0)))
    assert np.sum(by_x.numpy() * x) == pytest.approx(np.sum(g * y), abs=scale)
    assert np.sum(by_kernel.numpy() * kernel) == pytest.approx(np.sum(g * y), abs=scale)


@pytest.mark.parametrize("groups", [1, 2])
def test_axes_before_the_last_four_broadcast(groups: int) -> None:
    x, kernel = RNG.normal(size=(3, 1, 2, 5, 4, 2)), RNG.normal(size=(4, 3, 2, 2 // groups, 6))
    y = ad.conv2d(x, kernel, padding="same", groups=groups).numpy()
    assert y.shape == (3, 4, 2, 5, 4, 6)
    for i in range(3):
        for j in range(4):
            one = ad.conv2d(x[i, 0], kernel[j], padding="same", groups=groups)
            np.testing.assert_allclose(y[i, j], one.numpy(), rtol=1e-12)


def test_the_layout_of_the_images_does_not_matter() -> None:
    x, kernel = RNG.normal(size=(2, 6, 5, 3)), RNG.normal(size=(3, 2, 3, 4))
    expected = ad.conv2d(x, kernel).numpy()
    for axes in ((3, 2, 1, 0), (2, 3, 1, 0), (0, 3, 1, 2)):
        back = np.argsort(axes)
        odd = ad.permute_dims(np.ascontiguousarray(x.transpose(axes)), tuple(back))
        np.testing.assert_allclose(ad.conv2d(odd, kernel).numpy(), expected, rtol=1e-13)
    wide = np.repeat(np.repeat(x, 2, axis=1), 3, axis=2)[:, ::2, ::3]
    np.testing.assert_allclose(ad.conv2d(wide, kernel).numpy(), expected, rtol=1e-13)


def test_products_in_pieces_are_the_product() -> None:
    """A matrix times a stack of matrices, whose columns BLAS is given a part at a time."""
    matrix, stack = RNG.normal(size=(16, 150)), RNG.normal(size=(3, 150, 1280))
    assert pieces(matrix.size * 1280, 1280) == 4
    found = numpy_namespace.matmul(matrix, stack)
    np.testing.assert_allclose(found, np.matmul(matrix, stack), rtol=1e-11, atol=1e-11)
    found = numpy_namespace.matmul(matrix.astype(np.float32), stack)
    assert found.dtype == np.float64
    with pytest.raises(ValueError, match="matmul"):
        numpy_namespace.matmul(matrix[:, :-1], stack)


def test_numbers_of_every_kind() -> None:
    x = np.arange(12).reshape(1, 3, 4, 1)
    kernel = np.ones((2, 2, 1, 1), np.int64)
    y = ad.conv2d(x, kernel)
    half = ad.conv2d(x.astype(np.float16), kernel.astype(np.float16))
    assert (y.dtype.name, half.dtype.name) == ("int64", "float16")
    assert y.reshape(-1).tolist() == half.reshape(-1).tolist() == [10, 14, 18, 26, 30, 34]
    mixed = ad.conv2d(x.astype(np.float32), kernel.astype(np.float64))
    assert mixed.dtype == np.float64


def test_gradients_keep_each_inputs_dtype() -> None:
    x = ad.Variable(RNG.normal(size=(2, 4, 4, 2)).astype(np.float32))
    kernel = ad.Variable(RNG.normal(size=(3, 3, 2, 3)))
    with ad.GradientTape() as tape:
        y = ad.sum(ad.conv2d(x, kernel))
    assert [g.dtype for g in tape.gradient(y, [x, kernel])] == [np.float32, np.float64]


def test_a_layer_to_third_order() -> None:
    x, kernel = RNG.normal(size=(2, 5, 4, 2)), RNG.normal(size=(3, 2, 2, 2))

    def f(x: Any, kernel: Any, bias: Any) -> Any:
        return ad.mean(ad.tanh(ad.conv2d(x, kernel, padding="same", strides=(2, 1)) + bias) ** 2)

    check_gradients(f, x, kernel, RNG.normal(size=2), order=3)


@pytest.mark.parametrize(
    ("x", "kernel", "statics", "message"),
    [
        ((4, 4, 1), (2, 2, 1, 1), {}, r"x must have axes \(..., N, H, W, C\); its shape is"),
        ((1, 4, 4, 1), (2, 1, 1), {}, r"kernel must have axes \(..., kh, kw, C, F\)"),
        ((1, 4, 4, 3), (2, 2, 2, 4), {}, r"3 channels need a kernel \(kh, kw, 3, filters\)"),
        ((1, 4, 4, 4), (2, 2, 4, 4), {"groups": 2}, r"4 channels in 2 groups need .* 2, filters"),
        ((1, 4, 4, 3), (2, 2, 1, 3), {"groups": 2}, "groups must divide 3 channels"),
        ((1, 4, 4, 4), (2, 2, 2, 3), {"groups": 2}, "4 channels and 3 filters; given 2"),
        ((1, 4, 4, 4), (2, 2, 2, 4), {"groups": 0}, "groups must divide"),
        ((1, 4, 4, 1), (5, 2, 1, 1), {}, r"no window of \(5, 2\) fits into images of \(4, 4\)"),
        ((1, 4, 4, 1), (3, 3, 1, 1), {"dilation_rate": 2}, r"with dilation \(2, 2\) fits"),
        ((1, 0, 4, 1), (1, 1, 1, 1), {"padding": 1}, r"fits into images of \(0, 4\)"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {"strides": 0}, "strides must be one or two integers from 1"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {"strides": (1, 2, 3)}, "strides must be one or two integers"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {"padding": "full"}, "padding must be 'valid', 'same' or"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {"padding": -1}, "padding must be one or two integers from 0"),
        ((1, 4, 4, 1), (2, 2, 1, 1), {"padding": (1, 2, 3)}, "padding must be for rows and for"),
    ],
)
def test_what_does_not_fit(x: Any, kernel: Any, statics: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ad.conv2d(np.ones(x), np.ones(kernel), **statics)


def test_what_is_no_number() -> None:
    x, kernel = np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1))
    with pytest.raises(TypeError, match=r"strides must be an integer or two of them; given 1\.5"):
        ad.conv2d(x, kernel, strides=1.5)
    with pytest.raises(TypeError, match="padding must be an integer"):
        ad.conv2d(x, kernel, padding=(None, 1))


def test_gradients_of_other_images_are_refused() -> None:
    x, kernel = np.ones((2, 5, 5, 1)), np.ones((2, 2, 1, 3))
    with pytest.raises(ValueError, match=r"\(4, 4\) windows need as many rows and columns of g"):
        ad.conv2d_transpose(np.ones((2, 4, 3, 3)), kernel, size=(5, 5))
    with pytest.raises(ValueError, match="2 images, but 1 in y"):
        ad.conv2d_kernel(x, np.ones((1, 4, 4, 3)), size=2)
    with pytest.raises(ValueError, match="groups must divide 1 channels"):
        ad.conv2d_kernel(x, np.ones((2, 4, 4, 3)), size=2, groups=3)
