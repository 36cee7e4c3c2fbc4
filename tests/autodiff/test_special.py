"""Special functions: against mpmath, as SciPy's ufuncs, in programs, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special

import autodiff as ad
from autodiff.arrays._wide import Late, scipy_special
from autodiff.engine._op import DeclarationError, op, registry
from autodiff.testing import check_gradients
from tests.autodiff.scratch import scratch_registry

S = ad.special


def _beta(f: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: f(2.5, 1.5, 0, x, regularized=True)


#: name -> mpmath's function of the last argument, the arguments before, numbers to take it at
ORACLES: dict[str, tuple[Callable[[Any], Any], tuple[float, ...], tuple[float, ...]]] = {
    "gamma": (mp.gamma, (), (0.3, 2.5, -0.7, -1.4)),
    "gammaln": (mp.loggamma, (), (0.2, 5.0, 300.0)),
    "rgamma": (mp.rgamma, (), (0.4, 3.0, -1.5)),
    "digamma": (mp.digamma, (), (0.3, 4.0, -0.4)),
    "polygamma": (lambda x: mp.polygamma(3, x), (3,), (0.4, 2.0, 7.0)),
    "beta": (lambda x: mp.beta(2.5, x), (2.5,), (0.4, 3.0)),
    "betaln": (lambda x: mp.log(mp.beta(2.5, x)), (2.5,), (0.4, 3.0)),
    "gammainc": (lambda x: mp.gammainc(2.5, 0, x, regularized=True), (2.5,), (0.2, 2.0, 7.0)),
    "gammaincc": (lambda x: mp.gammainc(2.5, x, regularized=True), (2.5,), (0.2, 2.0, 7.0)),
    "betainc": (_beta(mp.betainc), (2.5, 1.5), (0.1, 0.8)),
    "erfc": (mp.erfc, (), (-2.0, 0.5, 6.0)),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), (), (-1.0, 2.0)),
    "erfinv": (mp.erfinv, (), (-0.9, 0.3)),
    "erfcinv": (lambda x: mp.erfinv(1 - x), (), (0.3, 1.8)),
    "ndtr": (mp.ncdf, (), (-5.0, 0.5)),
    "ndtri": (lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), (), (0.01, 0.7)),
    "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), (), (-8.0, -3.0, 2.0)),
    "logit": (lambda x: mp.log(x / (1 - x)), (), (0.05, 0.7)),
    "log_expit": (lambda x: -mp.log(1 + mp.exp(-x)), (), (-30.0, 2.0)),
    "xlogy": (lambda x: 2.5 * mp.log(x), (2.5,), (0.3, 2.0)),
    "xlog1py": (lambda x: 2.5 * mp.log1p(x), (2.5,), (-0.3, 2.0)),
    "entr": (lambda x: -x * mp.log(x), (), (0.2, 3.0)),
    "exp1": (mp.e1, (), (0.1, 4.0)),
    "expi": (mp.ei, (), (0.1, 4.0)),
    "j0": (lambda x: mp.besselj(0, x), (), (-3.0, 0.0, 9.0)),
    "j1": (lambda x: mp.besselj(1, x), (), (-3.0, 0.0, 9.0)),
    "jv": (lambda x: mp.besselj(1.5, x), (1.5,), (0.7, 9.0)),
    "y0": (lambda x: mp.bessely(0, x), (), (0.3, 9.0)),
    "y1": (lambda x: mp.bessely(1, x), (), (0.3, 9.0)),
    "yn": (lambda x: mp.bessely(2, x), (2,), (0.6, 9.0)),
    "yv": (lambda x: mp.bessely(1.5, x), (1.5,), (0.7, 9.0)),
    "i0": (lambda x: mp.besseli(0, x), (), (-3.0, 0.0, 9.0)),
    "i1": (lambda x: mp.besseli(1, x), (), (-3.0, 0.0, 9.0)),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-x), (), (0.3, 9.0)),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-x), (), (0.3, 9.0)),
    "iv": (lambda x: mp.besseli(1.5, x), (1.5,), (0.7, 9.0)),
    "ive": (lambda x: mp.besseli(1.5, x) * mp.exp(-x), (1.5,), (0.7, 9.0)),
    "kv": (lambda x: mp.besselk(1.5, x), (1.5,), (0.7, 9.0)),
    "kve": (lambda x: mp.besselk(1.5, x) * mp.exp(x), (1.5,), (0.7, 9.0)),
}


@pytest.mark.parametrize("name", ORACLES)
def test_values_and_two_derivatives_are_mpmaths(name: str) -> None:
    theirs, before, places = ORACLES[name]
    ours = lambda x: getattr(S, name)(*before, x)  # noqa: E731
    slope = ad.grad(ours)
    with mp.workdps(40):
        for x in map(np.float64, places):
            for order, f in enumerate((ours, slope, ad.grad(slope))):
                expected = complex(mp.diff(theirs, mp.mpf(float(x)), order)).real
                np.testing.assert_allclose(float(f(x)), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["gammaincinv", "gammainccinv", "betaincinv"])
def test_inverses_have_the_inverse_derivative(name: str) -> None:
    before = (2.5,) if name.startswith("gamma") else (2.5, 1.5)
    forth = getattr(S, name.removesuffix("inv"))
    y = np.linspace(0.05, 0.95, 7)
    round_trip = lambda y: forth(*before, getattr(S, name)(*before, y))  # noqa: E731
    np.testing.assert_allclose(round_trip(y).numpy(), y, rtol=1e-12)
    slopes = ad.grad(lambda y: ad.sum(round_trip(y)))(y)
    np.testing.assert_allclose(slopes.numpy(), 1.0, rtol=1e-10)


UFUNCS = [n for n in S.__all__ if isinstance(getattr(scipy.special, n), np.ufunc)]


@pytest.mark.parametrize("name", UFUNCS)
def test_scipys_ufuncs_take_tensors(name: str) -> None:
    ufunc = getattr(scipy.special, name)
    whole = [2.0, 1.0][: ufunc.nin - 1]
    x = ad.Variable(np.array([0.3, 0.6]))
    with ad.GradientTape(persistent=True) as tape:
        theirs, ours = ufunc(*whole, x), getattr(S, name)(*whole, x)
    assert isinstance(theirs, ad.Tensor)
    np.testing.assert_allclose(theirs.numpy(), ufunc(*whole, x.numpy()), rtol=1e-13)
    slopes = tape.gradient(theirs, x), tape.gradient(ours, x)
    np.testing.assert_array_equal(*(s.numpy() for s in slopes))


def test_scipys_other_ufuncs_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"np.fresnel of a Tensor: it has no rule"):
        scipy.special.fresnel(ad.asarray([1.0]))
    with pytest.raises(TypeError, match=r"np.gamma of a Tensor: .*'out' is not supported"):
        scipy.special.gamma(ad.asarray([1.0]), out=np.zeros(1))


def test_the_list_is_whole() -> None:
    declared = {k for k, o in registry.items() if ".special_" in o.forward.__module__}
    assert len(declared) > 40
    assert declared <= {n for n in S.__all__ if callable(getattr(S, n))}
    assert sorted(S.__all__) == S.__all__


@pytest.mark.parametrize("order", [2, 2.0, np.array(2), np.array([2, 1])])
def test_single_precision_stays(order: Any) -> None:
    x = ad.Variable([0.5, 0.25])
    with ad.GradientTape() as tape:
        ys = [f(order, x) for f in (S.jv, S.yn, S.gammainc, S.beta, S.xlogy, S.rel_entr)]
        if not isinstance(order, float):
            ys.append(S.polygamma(order, x))
        ys.append(S.betainc(order, 3, x))
    assert {y.dtype for y in [*ys, tape.gradient(ys, x)]} == {np.dtype(np.float32)}


def test_numbers_among_arrays_are_exact() -> None:
    found = S.betainc(0.1, 0.2, np.array([0.3])).numpy()
    np.testing.assert_allclose(found, scipy.special.betainc(0.1, 0.2, 0.3), rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        # CuPy has no jv
        pytest.param(lambda v: S.jv(v, 1.5), "jv has no derivative by 'v'", marks=pytest.mark.host),
        (lambda v: S.gammainc(v, 1.5), "gammainc has no derivative by 'a'"),
        (lambda v: S.betainc(1.0, v, 0.5), "betainc has no derivative by 'b'"),
        (lambda v: S.polygamma(v, 1.5), "polygamma has no derivative by 'n'"),
    ],
)
def test_derivatives_that_nobody_knows_raise(f: Any, name: str) -> None:
    with pytest.raises(NotImplementedError, match=name):
        ad.grad(f)(2.0)
    with pytest.raises(NotImplementedError, match=name):
        ad.function(ad.grad(f))(2.0)
    assert float(ad.grad(lambda v: f(ad.stop_gradient(v)) + 3 * v)(2.0)) == 3.0


def test_underived_inputs_are_inputs_without_a_rule() -> None:
    for wrong in ("y", "x"):
        with scratch_registry(), pytest.raises(DeclarationError, match="no input without a rule"):

            @op(x=lambda g: g, underived=(wrong,), sample=lambda draw: ((np.ones(1),), {}))
            def scratch(_: Any, x: Any, /) -> Any:
                """One."""
                return x


def test_edges_of_entropies() -> None:
    x = ad.Variable([0.0, 0.0, 2.0])
    y = ad.Variable([0.0, 3.0, 0.5])
    with ad.GradientTape() as tape:
        out = S.xlogy(x, y)
    by_x, by_y = tape.gradient(out, [x, y])
    np.testing.assert_allclose(by_x.numpy(), [-np.inf, np.log(3.0), np.log(0.5)], rtol=1e-6)
    np.testing.assert_array_equal(by_y.numpy(), [0.0, 0.0, 4.0])


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("keepdims", [True, False])
def test_logsumexp_with_factors(axis: Any, keepdims: bool) -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(3, 4)) * 300, random.uniform(0.5, 2, size=(3, 1))
    b[1] = 0.0
    found = S.logsumexp(a, axis, b, keepdims=keepdims)
    expected = scipy.special.logsumexp(a, axis, b, keepdims=keepdims)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)
    b[1] = -0.3
    found = S.logsumexp(a, axis, b, keepdims, return_sign=True)
    expected = scipy.special.logsumexp(a, axis, b, keepdims, return_sign=True)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-13)
    check_gradients(lambda a, b: S.logsumexp(a, axis, b, keepdims), a / 300, np.abs(b))


def test_multigammaln() -> None:
    a = np.array([2.5, 4.0])
    np.testing.assert_allclose(S.multigammaln(a, 3).numpy(), scipy.special.multigammaln(a, 3))
    check_gradients(lambda a: S.multigammaln(a, 3), a)
    with pytest.raises(ValueError, match=r"d is 0; expected 1, 2, 3"):
        S.multigammaln(a, 0)


def test_orders_are_looked_at() -> None:
    for n in (-1, 1.5):
        with pytest.raises(ValueError, match=rf"n is {n}; expected 0, 1, 2"):
            S.polygamma(n, [1.0])
    with pytest.raises(TypeError, match="x is complex"):
        S.ive(1, [1j])


@pytest.mark.host
def test_source_of_programs_runs_by_itself() -> None:
    def scipy(x: Any) -> Any:
        return ad.value_and_grad(lambda x: ad.sum(S.gammaln(x) * S.jv(2, x)))(x)

    x = np.array([1.5, 2.5])
    text = ad.function(scipy).source(x)
    assert "import scipy.special\n" in text
    assert "def _scipy(x):" in text
    names: dict[str, Any] = {}
    exec(text, names)  # the project's own text
    for a, b in zip(names["_scipy"](x), scipy(x), strict=True):
        np.testing.assert_array_equal(a, b.numpy())
    assert "scipy" not in ad.function(lambda x: ad.sin(x)).source(x)


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    program = """
import sys
import autodiff as ad
assert not {"scipy", "autodiff.special"} & {*sys.modules}
ad.special
assert "scipy" not in sys.modules
ad.special.gammaln(3.0)
assert "scipy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'autodiff-tape\[special\]'"):
        Late(scipy_special).gammaln  # noqa: B018
