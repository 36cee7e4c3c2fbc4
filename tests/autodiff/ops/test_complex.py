"""Complex numbers: what a gradient by them is, and that every op that takes them keeps to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.testing import Call, GradientError, check_gradients, sample_call
from autodiff.testing.strategies import calls
from tests.autodiff.flat.agreement import assert_agree

#: ops of real numbers, of comparisons, or that choose by values
REAL = {
    *("relu", "sigmoid", "softplus", "erf", "softmax", "log_softmax", "logsumexp"),
    *("softmax_cross_entropy", "sigmoid_cross_entropy", "clip", "maximum", "minimum", "max", "min"),
    *("max_pool2d", "max_take2d", "max_unpool2d", "astype", "rfft"),
    *("eig", "eigh", "svd", "qr", "cofactors"),  # beside their free phases in test_linalg
    *("gamma", "rgamma", "digamma"),  # SciPy's polygamma, their second derivative, is real
}
Z = np.array([[0.3 + 1.1j, -0.8 - 0.4j, 1.5j], [2.0, -0.7 + 0.2j, 0.6 - 1.3j]])


def complex_call(call: Call, seed: int, which: int = -1) -> list[Any]:
    """The sample's floats with imaginary parts, all of them or one; never on a negative real axis.

    There roots and logarithms jump.
    """
    random = np.random.default_rng(seed)
    floats = [k for k, a in enumerate(call.arrays) if a.dtype.kind == "f"]
    chosen = floats if which < 0 else [floats[which % len(floats)]]
    return [
        a + 1j * random.uniform(0.2, 0.7, a.shape) if k in chosen else a
        for k, a in enumerate(call.arrays)
    ]


def takes_complex(name: str) -> bool:
    """Whether an op has a meaning for complex numbers; NumPy refuses others."""
    call = sample_call(registry[name], 1)
    try:
        call(*map(ad.Tensor, complex_call(call, 0)))
    except (NotImplementedError, TypeError):  # or a device has it not
        return False
    return True


OPS = [
    name for name, op in registry.items() if op.rules and name not in REAL and takes_complex(name)
]


@pytest.mark.parametrize("op", OPS)
@settings(max_examples=4)
@given(data=st.data(), which=st.integers(-1, 1))
def test_first_and_second_order(op: str, data: st.DataObject, which: int) -> None:
    call = data.draw(calls(registry[op]))
    check_gradients(call, *complex_call(call, 0, 0 if op == "put" and which == 1 else which))


@pytest.mark.parametrize("op", OPS)
def test_single_precision(op: str) -> None:
    call = sample_call(registry[op], 3)
    low = [a.astype(np.complex64) if a.dtype.kind == "c" else a for a in complex_call(call, 1)]
    high = [a.astype(np.complex128) if a.dtype.kind == "c" else a for a in low]
    for a, b in zip(*(values_and_gradients(call, x) for x in (low, high)), strict=True):
        assert a.dtype in (np.complex64, np.float32)
        size = max(1.0, np.max(np.abs(b), initial=0.0))
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * size)


def values_and_gradients(call: Call, arrays: list[Any]) -> list[Any]:
    xs = [ad.Tensor(a) for a in arrays]
    sources = [x for x in xs if x.dtype.kind in "fc"]
    with ad.GradientTape() as tape:
        tape.watch(sources)
        y = call(*xs)
        ys = list(y) if isinstance(y, tuple) else [y]
    gradients = tape.gradient(ys, sources)
    assert all(g.dtype == x.dtype for g, x in zip(gradients, sources, strict=True))
    return [x.numpy() for x in [*ys, *gradients]]


@pytest.mark.parametrize("op", OPS)
def test_programs(op: str) -> None:
    call = sample_call(registry[op], 1)

    def build() -> Any:
        def f(*xs: Any) -> Any:
            sources = [x + 0 for x in xs if x.dtype.kind in "fc"]
            rest = iter(sources)
            with ad.GradientTape() as tape:
                tape.watch(sources)
                y = call(*(next(rest) if x.dtype.kind in "fc" else x for x in xs))
            return y, tape.gradient(y, sources, unconnected_gradients="zero")

        return f, []

    arrays = complex_call(call, 1)
    assert_agree(build, [arrays, arrays], ulps=64, least=1.0)


# -- the convention --------------------------------------------------------------------------------


def gradient(f: Any, *xs: Any) -> Any:
    tensors = [ad.Tensor(x) for x in xs]
    with ad.GradientTape() as tape:
        tape.watch(tensors)
        y = f(*tensors)
    return [g.numpy() for g in tape.gradient(y, tensors)]


def test_the_gradient_of_a_real_loss_is_not_conjugated() -> None:
    def loss(re: Any, im: Any) -> Any:
        return ad.sum(ad.sin(re) * im**2 + re**3)

    (g,) = gradient(lambda z: loss(z.real, z.imag), Z)
    by_re, by_im = gradient(loss, Z.real, Z.imag)
    np.testing.assert_allclose(g, by_re - 1j * by_im)


def test_the_gradient_of_an_analytic_function_is_its_derivative() -> None:
    z = ad.Tensor(Z)
    with ad.GradientTape() as outer:
        outer.watch(z)
        with ad.GradientTape() as tape:
            tape.watch(z)
            y = ad.exp(z) * z**2
        g = tape.gradient(y, z)
    np.testing.assert_allclose(g.numpy(), np.exp(Z) * (Z**2 + 2 * Z))
    np.testing.assert_allclose(outer.gradient(g, z).numpy(), np.exp(Z) * (Z**2 + 4 * Z + 2))


def test_jacobians_of_analytic_functions() -> None:
    a = Z @ Z.T
    z = ad.Tensor(Z[:, 0])
    with ad.GradientTape() as tape:
        tape.watch(z)
        y = ad.matmul(a, z) ** 2
    np.testing.assert_allclose(
        tape.jacobian(y, z).numpy(), 2 * (a @ Z[:, 0])[:, None] * a, rtol=1e-12
    )


def test_real_sources_have_real_gradients() -> None:
    def f(x: Any, z: Any) -> Any:
        return ad.real((x * 1j + z) * (x - 2j) * z)

    check_gradients(f, Z.real, Z)
    by_x, by_z = gradient(f, Z.real, Z[0])
    assert by_x.dtype == np.float64
    assert by_z.dtype == np.complex128
    (g,) = gradient(lambda x: x * 2j, 3.0)  # a scalar, and a Python number
    assert g == 0.0


@pytest.mark.parametrize("f", [ad.abs, ad.angle, ad.sign])
def test_at_zero(f: Any) -> None:
    (g,) = gradient(lambda z: ad.real(f(z)), np.zeros(2, complex))
    assert g.tolist() == [0, 0]


def test_real_arrays_hold_no_complex_values() -> None:
    for x in (np.arange(3.0), np.arange(3)):
        y = ad.Tensor(x)
        with pytest.raises(TypeError, match=f"x has dtype {x.dtype}, which holds no complex"):
            y[0] = 1j
        with pytest.raises(TypeError, match=f"put: x has dtype {x.dtype}, which holds no complex"):
            ad.put(x, np.array([1j]), index=[1])
        np.testing.assert_array_equal(y.numpy(), x)


def test_parts_are_attributes_as_in_numpy() -> None:
    z = ad.Tensor(Z)
    assert z.real.tolist() == Z.real.tolist()
    assert z.imag.tolist() == np.imag(z).tolist() == Z.imag.tolist()
    assert z.conj().tolist() == np.conj(z).tolist() == Z.conj().tolist()
    assert np.real(z).tolist() == Z.real.tolist()
    assert np.angle(z).tolist() == np.angle(Z).tolist()
    assert ad.imag(ad.Tensor([1.0, 2.0])).tolist() == [0.0, 0.0]


def test_wrong_conjugates_are_noticed() -> None:
    @ad.custom_gradient
    def square(z: Any) -> Any:
        return z * z, lambda g: 2 * ad.conj(z) * g

    with pytest.raises(GradientError, match="the real part of input 0"):
        check_gradients(lambda z: ad.imag(square(z)), Z.real[0] * 1j + 1)
    with pytest.raises(TypeError, match="complex step needs real"):
        check_gradients(ad.exp, Z, complex_step=True)


# -- second opinions -------------------------------------------------------------------------------

LOSSES: dict[str, Any] = {
    "abs": lambda xp, z: xp.abs(z),
    "angle": lambda xp, z: xp.angle(z),
    "parts": lambda xp, z: xp.sin(xp.real(z)) * xp.imag(z * z),
    "conjugate": lambda xp, z: xp.real(xp.conj(z) * xp.exp(z)),
    "log of sqrt": lambda xp, z: xp.imag(xp.log(z) * xp.sqrt(z + 3)),
    "product": lambda xp, z: xp.abs(xp.matmul(z, z.T)) ** 2,
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed: the oracles extra")
    jax.config.update("jax_enable_x64", True)
    theirs = jax.grad(lambda z: LOSSES[name](jax.numpy, z).sum())(Z)
    (ours,) = gradient(lambda z: ad.sum(LOSSES[name](ad, z)), Z)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-10, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_conjugates_of_pytorch_s(name: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: the oracles extra")
    z = torch.tensor(Z, requires_grad=True)
    LOSSES[name](torch, z).sum().backward()
    (ours,) = gradient(lambda z: ad.sum(LOSSES[name](ad, z)), Z)
    np.testing.assert_allclose(ours, z.grad.numpy().conj(), rtol=1e-10, atol=1e-12)
