"""NumPy's functions called as they are: several results, views, float16, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import TracingError
from autodiff.engine._op import op
from autodiff.engine._samples import unary
from tests.autodiff.scratch import scratch_registry

from ..agreement import assert_agree

X = np.array([[2.0, 0.3], [0.4, 1.5]])


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    with scratch_registry():
        yield


def declared(forward: Any, **more: Any) -> Any:
    forward.__doc__ = "A test."
    return op(sample=unary(), **more)(forward)


def inverse(xp: Any, x: Any, /) -> Any:
    return xp.linalg.inv(x)


def singular_values(xp: Any, x: Any, /) -> Any:
    u, s, v = xp.linalg.svd(x, full_matrices=False)
    return x * xp.sum(u) + s * 2 + xp.sum(v)


def running(xp: Any, x: Any, /) -> Any:
    return xp.cumsum(x, axis=-1)


def looked_at(xp: Any, x: Any, /) -> Any:
    return xp.real(x) * 2 + xp.swapaxes(x, -1, -2)


def chosen(xp: Any, x: Any, /) -> Any:
    return xp.nonzero(x)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("forward", [inverse, singular_values, running, looked_at])
def test_calls_in_programs(forward: Any, dtype: str) -> None:
    f = declared(forward)

    def build() -> Any:
        v = ad.Variable(X.astype(dtype))

        def step(x: Any) -> Any:
            y = f(x * 2)
            v.assign(f(v + x))
            return y, f(ad.ones_like(x) + np.eye(2, dtype=dtype)), v * y

        return step, [v]

    x = X.astype(dtype)
    assert_agree(build, [[x], [x * x.dtype.type(1.25)], [x]])


@pytest.mark.parametrize(
    "forward",
    [
        lambda xp, x: xp.sort(x, axis=-1),
        lambda xp, x: xp.einsum("ij,kj->ik", x, x, optimize=True),
        lambda xp, x: xp.pad(x, ((1, 0), (0, 2)), mode="constant", constant_values=0.5),
        lambda xp, x: xp.hypot(x, 2.0) + xp.logaddexp(x, xp.flip(x, axis=0)),
        lambda xp, x: xp.cumsum(x, axis=0, dtype=np.float32),
        lambda xp, x: xp.meshgrid(x[0], x[1], indexing="ij")[1],
        lambda xp, x: xp.where(xp.isin(x, np.array([1.0, 2.0])), x, xp.inf),
        lambda xp, x: xp.block([[x, x], [x, xp.zeros((2, 2))]]),
        lambda xp, x: xp.diagonal(x),
        lambda xp, x: xp.nan_to_num(x, nan=-np.inf),
        lambda xp, x: xp.take_along_axis(x, xp.argsort(x, axis=-1), axis=-1),
    ],
)
def test_arrays_anywhere_among_the_arguments(forward: Any) -> None:
    @op(sample=unary())
    def library(xp: Any, x: Any, /) -> Any:
        """A function of NumPy."""
        return forward(xp, x)

    def build() -> Any:
        def f(x: Any) -> Any:
            y = library(x + 0.25)
            return y, y * 2, library(x)

        return f, []

    assert_agree(build, [[X], [X - 1.5], [X[::-1]]])


def test_what_has_no_text_is_held() -> None:
    f = declared(lambda xp, x, /: xp.piecewise(x, [x > 0.4], [abs, -1.0]))
    program = ad.function(lambda x: f(x * 2))
    assert program(X).tolist() == program(X).tolist() == f(2 * X).tolist()


def test_views_are_copied() -> None:
    f = declared(lambda xp, x, /: xp.swapaxes(x, -1, -2))
    program = ad.function(lambda x: f(x * 2))
    first = program(X)
    program(X + 1)
    assert first.tolist() == (2 * X).T.tolist()


def test_shapes_that_depend_on_values_are_refused() -> None:
    f = declared(chosen)
    with pytest.raises(TracingError, match=r"np\.nonzero gives arrays whose shapes depend"):
        ad.function(lambda x: f(x))(X)


def test_what_numpy_does_not_have() -> None:
    f = declared(lambda xp, x, /: xp.no_such_function(x))
    with pytest.raises((TracingError, AttributeError), match="no_such_function"):
        ad.function(lambda x: f(x))(X)


def test_errors_of_linear_algebra_are_numpy_s() -> None:
    f = declared(inverse)
    with pytest.raises(np.linalg.LinAlgError, match=r"inverse: Singular matrix \(given x float64"):
        f(np.zeros((2, 2)))
    program = ad.function(lambda x: f(x))
    program(X)
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        program(0 * X)


def test_operations_are_counted_as_declared() -> None:
    f = declared(inverse, flops=lambda out, x: 2 * out[-1] ** 3)
    assert ad.function(lambda x: f(x)).cost(X).flops == 16
    g = declared(singular_values)
    lines = ad.function(lambda x: g(x)).source(X)
    assert "svd = np.linalg.svd(x, full_matrices=False)" in lines
    assert "u = svd[0]" in lines
