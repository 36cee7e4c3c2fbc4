"""Fourier transforms: NumPy's values for all lengths, axes and norms, and gradients of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.testing import check_gradients
from tests.autodiff.flat.agreement import assert_agree

random = np.random.default_rng(0)
X = random.normal(size=(3, 4, 5))
Z = X + 1j * random.normal(size=X.shape)
ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2")
OF_REALS = ("rfft", "ihfft", "rfftn", "rfft2")


def given(name: str) -> Any:
    return X if name in OF_REALS else Z


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward", None])
@pytest.mark.parametrize("name", ONE)
def test_values_along_one_axis(name: str, norm: Any) -> None:
    for n in (None, 1, 2, 3, 6, 7):
        for axis in (-1, 0, 1):
            assert_same(name, n, axis, norm)


@pytest.mark.parametrize("name", SEVERAL)
def test_values_along_several_axes(name: str) -> None:
    for s, axes in (((3, 6), (0, 2)), ((5,), (1,)), ((4, 2), (-1, -2)), (None, (2, 0))):
        for norm in ("backward", "ortho", "forward"):
            assert_same(name, s, axes, norm)
    assert_same(name)
    if name.endswith("n"):
        assert_same(name, None, (0, 0))  # one after the other


def assert_same(name: str, *args: Any) -> None:
    expected = getattr(np.fft, name)(given(name), *args)
    for found in (
        getattr(ad.fft, name)(given(name), *args),
        getattr(np.fft, name)(ad.Tensor(given(name)), *args),
    ):
        assert isinstance(found, ad.Tensor)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_gradients(name: str) -> None:
    x = given(name)[:2, :2, :3]
    check_gradients(lambda x: getattr(ad.fft, name)(x), x)
    args = (3, 1, "ortho") if name in ONE else ((4, 3), (0, 2), "forward")
    check_gradients(lambda x: ad.abs(getattr(ad.fft, name)(x, *args)) ** 2, x)


@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_programs(name: str) -> None:
    def build() -> Any:
        def f(x: Any) -> Any:
            with ad.GradientTape() as tape:
                tape.watch(x)
                y = ad.sum(ad.abs(getattr(np.fft, name)(x)) ** 2)
            return y, tape.gradient(y, x)

        return f, []

    assert_agree(build, [[given(name)], [given(name) * 0.5]], ulps=64, least=1.0)


def test_inverses() -> None:
    np.testing.assert_allclose(ad.fft.ifftn(ad.fft.fftn(Z)).numpy(), Z)
    np.testing.assert_allclose(ad.fft.irfftn(ad.fft.rfftn(X), X.shape).numpy(), X)
    np.testing.assert_allclose(ad.fft.hfft(ad.fft.ihfft(X), 5).numpy(), X)


def test_parseval() -> None:
    """The sum of squares of a spectrum is n times that of the signal, and so are the gradients."""
    x = ad.Variable(X)
    with ad.GradientTape() as tape:
        energy = ad.sum(ad.abs(ad.fft.fft(x)) ** 2) / X.shape[-1]
    np.testing.assert_allclose(energy.numpy(), np.sum(X**2))
    np.testing.assert_allclose(tape.gradient(energy, x).numpy(), 2 * X)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_frequencies_and_their_order(n: int) -> None:
    for name in ("fftfreq", "rfftfreq"):
        expected = getattr(np.fft, name)(n, 0.5)
        found = getattr(ad.fft, name)(n, d=0.5, dtype=np.float64)
        assert found.tolist() == expected.tolist()
        assert getattr(ad.fft, name)(n).dtype == np.float32
    x = np.arange(3.0 * n).reshape(3, n)
    for name in ("fftshift", "ifftshift"):
        for axes in (None, 0, (0, -1)):
            expected = getattr(np.fft, name)(x, axes)
            assert getattr(ad.fft, name)(x, axes=axes).tolist() == expected.tolist()
            assert getattr(np.fft, name)(ad.Tensor(x), axes).tolist() == expected.tolist()
        check_gradients(getattr(ad.fft, name), x)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float16", "int64"])
def test_dtypes(dtype: str) -> None:
    x = X.astype(dtype)
    assert ad.fft.fft(x).dtype == np.fft.fft(x).dtype
    if dtype != "int64":
        t = ad.Tensor(x)
        with ad.GradientTape() as tape:
            tape.watch(t)
            y = ad.sum(ad.abs(ad.fft.fft(t)))
        assert tape.gradient(y, t).dtype == x.dtype


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ad.fft.fft(X, 0), ValueError, "fft: n must be at least 1; given 0"),
        (lambda: ad.fft.fftn(X, (2.5,)), TypeError, "n must be an integer"),
        (lambda: ad.fft.fft(X, axis=3), ValueError, "axis 3 is out of range"),
        (lambda: ad.fft.rfft(X, norm="none"), ValueError, 'expected "backward", "ortho"'),
        (lambda: ad.fft.rfft(Z), TypeError, "given x complex128"),
        (lambda: ad.fft.fftn(X, (2, 2), (0,)), ValueError, "s has 2 lengths for 1 axes"),
        (lambda: ad.fft.fftn(X, (), ()), ValueError, "at least one axis"),
        (lambda: np.fft.fft(ad.Tensor(X), out=np.zeros(3, complex)), TypeError, "out"),
        (
            lambda: np.fft.fftn(ad.Tensor(X), out=np.zeros(3, complex)),
            TypeError,
            r"np\.fftn .*'out'",
        ),
    ],
)
def test_what_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*ONE, *SEVERAL[:4]])
def test_gradients_are_those_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed: the oracles extra")
    jax.config.update("jax_enable_x64", True)
    weights = np.cos(np.arange(200))

    def loss(xp: Any, x: Any) -> Any:
        y = getattr(xp.fft, name)(x, norm="ortho")
        return xp.sum(xp.abs(y) * weights[: y.size].reshape(y.shape))

    x = ad.Tensor(given(name))
    with ad.GradientTape() as tape:
        tape.watch(x)
        y = loss(ad, x)
    theirs = jax.grad(lambda x: loss(jax.numpy, x))(given(name))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.asarray(theirs), atol=1e-11)
