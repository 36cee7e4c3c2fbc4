"""Ops with several outputs: gradients of each and of all, orders, Jacobians, programs, diagrams."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import DeclarationError, op
from autodiff.engine._samples import unary
from autodiff.testing import check_gradients
from tests.autodiff.flat.agreement import assert_agree
from tests.autodiff.scratch import scratch_registry

X = np.array([0.3, -0.7, 1.1])


class BothResult(NamedTuple):
    """What the test's op gives."""

    once: ad.Tensor
    twice: ad.Tensor


def declared(rule: Any) -> Any:
    @op(x=rule, outputs=BothResult, sample=unary())
    def both(xp: Any, x: Any, /, factor: Any = 2.0) -> Any:
        """exp(x), and a multiple of it."""
        return xp.exp(x), xp.exp(x) * factor

    return both


def _of_outputs(g: Any, out: Any, factor: Any) -> Any:
    parts = [None if g[0] is None else g[0] * out[0], None if g[1] is None else g[1] * out[1]]
    total, *rest = [part for part in parts if part is not None]
    return total + rest[0] if rest else total


def _of_the_input(xp: Any, g: Any, x: Any, factor: Any) -> Any:
    slope = xp.exp(x)
    first = 0.0 if g[0] is None else g[0] * slope
    return first if g[1] is None else first + g[1] * slope * factor


@pytest.fixture(params=[_of_outputs, _of_the_input])
def both(request: pytest.FixtureRequest) -> Iterator[Any]:
    with scratch_registry():
        yield declared(request.param)


def test_gradients(both: Any) -> None:
    check_gradients(both, X, order=3)
    check_gradients(lambda x: both(x).once, X)
    check_gradients(lambda x: both(x)[1] * x, X)
    check_gradients(lambda x: [both(both(x, 3.0).twice, factor=0.5).once, x], X)


def test_results_are_named(both: Any) -> None:
    found = both(X.tolist())
    assert found._fields == ("once", "twice")
    assert type(found).__name__ == "BothResult"
    assert found.once.dtype == found.twice.dtype == np.float32


def test_results_are_values_of_their_own() -> None:
    found = ad.linalg.eigh(np.diag([1.0, 2.0]))
    for twin in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert type(twin) is type(found)
        assert twin.eigenvalues.tolist() == [1.0, 2.0]


def test_jacobians(both: Any) -> None:
    def jacobians(x: Any) -> Any:
        with ad.GradientTape(persistent=True) as tape:
            tape.watch(x)
            once, twice = both(x)
        return tape.jacobian(once, x), tape.jacobian(twice, x)

    check_gradients(jacobians, X)
    first, second = jacobians(ad.Tensor(X))
    np.testing.assert_allclose(first.numpy(), np.diag(np.exp(X)))
    np.testing.assert_allclose(second.numpy(), np.diag(2 * np.exp(X)))


def test_what_no_target_depends_on(both: Any) -> None:
    x = ad.Variable(X)
    with ad.GradientTape(persistent=True) as tape:
        once, twice = both(x)
        y = twice * 1.0
    assert tape.gradient(once, twice) is None
    np.testing.assert_allclose(tape.gradient(y, once, unconnected_gradients="zero").numpy(), 0)
    np.testing.assert_allclose(tape.gradient(y, twice).numpy(), 1)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * np.exp(X))


@pytest.mark.host
def test_programs(both: Any) -> None:
    def build() -> Any:
        v = ad.Variable(X)

        def step(x: Any) -> Any:
            with ad.GradientTape() as outer:
                outer.watch(x)
                with ad.GradientTape() as inner:
                    inner.watch(x)
                    first, second = both(x * v)
                    y = first * second
                g = inner.gradient(y, x)
            v.assign(second)
            return y, g, outer.gradient(g, x), both(x)

        return step, [v]

    assert_agree(build, [[X], [X + 0.1], [X]], ulps=2)
    f = ad.function(lambda x: both(x).twice)
    assert f.cost(X).flops == 6


@pytest.mark.host
def test_diagrams(both: Any) -> None:
    x = ad.Variable(X, name="x")
    with ad.GradientTape(persistent=True) as tape:
        once, twice = both(x)
        y = ad.sum(once * twice)
    diagram = tape.diagram(y)
    labels = [node.label for node in diagram.picture.nodes]
    assert labels.count("both") == 1
    values = [wire.value for wire in diagram.picture.wires]
    assert any(np.array_equal(np.asarray(value), np.exp(X) * 2) for value in values)
    assert "both" in str(ad.function(lambda x: both(x).once).diagram(X))


def test_bad_declarations() -> None:
    def f(xp: Any, x: Any, /) -> Any:
        """A test."""
        return x, x

    names: Any = ("a", "b")
    with scratch_registry(), pytest.raises(DeclarationError, match="class of named tuples; given"):
        op(x=lambda g: g, outputs=names, sample=unary())(f)
    with scratch_registry(), pytest.raises(DeclarationError, match="several outputs"):
        op(x=lambda g: g, outputs=BothResult, broadcast=True, sample=unary())(f)
