"""The Array API's functions where it matters: zeros, ties, infinities, empty arrays, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.testing import check_gradients

INF = np.inf


def gradient(f: Any, *arrays: Any) -> list[Any]:
    xs = [ad.Tensor(np.asarray(a, np.float64)) for a in arrays]
    with ad.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    found = tape.gradient(y, xs, unconnected_gradients="none")
    return [None if g is None else g.tolist() for g in found]


@pytest.mark.parametrize(
    ("f", "arrays", "expected"),
    [
        (ad.std, ([2.0, 2.0, 2.0],), [[0.0, 0.0, 0.0]]),
        (lambda x: ad.std(x, correction=1), ([2.0, 2.0],), [[0.0, 0.0]]),
        (ad.var, ([2.0, 2.0],), [[0.0, 0.0]]),
        (ad.hypot, (0.0, 0.0), [0.0, 0.0]),
        (ad.atan2, (0.0, 0.0), [0.0, 0.0]),
        (ad.logaddexp, (-INF, -INF), [0.0, 0.0]),
        (ad.logaddexp, (-INF, 1.0), [0.0, 1.0]),
        (ad.logaddexp, (INF, 1.0), [1.0, 0.0]),
        (ad.prod, ([0.0, 2.0, 3.0],), [[6.0, 0.0, 0.0]]),
        (ad.prod, ([0.0, 2.0, 0.0],), [[0.0, 0.0, 0.0]]),
        (ad.cumulative_prod, ([0.0, 2.0, 0.0, 3.0],), [[3.0, 0.0, 0.0, 0.0]]),
        (ad.cumulative_prod, ([2.0, 0.0, 3.0],), [[1.0, 8.0, 0.0]]),
        (lambda x: ad.sort(x) * [1.0, 2.0, 3.0], ([1.0, 0.0, 1.0],), [[2.0, 1.0, 3.0]]),
        (lambda x: ad.take(x, [0, 0, 1, -1]), ([1.0, 2.0],), [[2.0, 2.0]]),
        (lambda x: ad.sum(ad.take_along_axis(x, [0, 0, 1])), ([1.0, 2.0],), [[2.0, 1.0]]),
        (lambda x: ad.unique_values(x) * [1.0, 5.0], ([3.0, 1.0, 3.0],), [[5.0, 1.0, 0.0]]),
        (ad.logsumexp, ([-INF, -INF],), [[0.0, 0.0]]),
    ],
)
def test_gradients_where_formulas_fail(f: Any, arrays: Any, expected: Any) -> None:
    with np.errstate(all="ignore"):
        assert gradient(f, *arrays) == expected


@pytest.mark.parametrize(
    "f",
    [
        *(ad.floor, ad.ceil, ad.trunc, ad.round, ad.argsort, ad.signbit, ad.isinf),
        *(ad.count_nonzero, lambda x: x // 2, lambda x: ad.searchsorted(x, x)),
        lambda x: ad.unique_counts(x).counts,
    ],
)
def test_what_has_no_derivative_computes(f: Any) -> None:
    assert gradient(f, [0.5, 1.5, 2.5]) == [None]


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (ad.sort, (0,)),
        (ad.sort, (2, 0)),
        (lambda x: ad.cumulative_sum(x, axis=0, include_initial=True), (0, 2)),
        (lambda x: ad.cumulative_prod(x, axis=1), (2, 0)),
        (lambda x: ad.roll(x, 3), (0,)),
        (lambda x: ad.flip(x), ()),
        (lambda x: ad.tile(x, (0, 2)), (2, 3)),
        (lambda x: ad.repeat(x, 0), (2,)),
        (lambda x: ad.pad(x, 2), (0,)),
        (lambda x: ad.take(x, np.zeros((0,), int), axis=0), (2, 3)),
        (lambda x: ad.einsum("i,i->", x, x), (0,)),
        (lambda x: ad.einsum("...,...", x, x), ()),
        (lambda x: ad.moveaxis(x, 0, -1), (0, 2)),
        (lambda x: ad.diff(x), (1,)),
        (lambda x: ad.concat([x, x], axis=None), ()),
        (lambda x: ad.stack(ad.unstack(x, axis=1)), (2, 2)),
    ],
)
def test_empty_and_scalar_arrays(f: Any, shape: tuple[int, ...]) -> None:
    check_gradients(f, np.ones(shape) * 0.5, order=2)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ii", [(3, 3)]),
        ("iij->ij", [(2, 2, 3)]),
        ("ij,kj->ik", [(2, 1), (3, 3)]),
        ("...ij,...jk", [(2, 1, 2, 3), (4, 3, 2)]),
        ("i...->...", [(2, 3)]),
        ("ij,jk,kl,lm", [(2, 3), (3, 2), (2, 4), (4, 1)]),
        ("a,b,c->", [(2,), (3,), (1,)]),
        ("ijk->j", [(2, 3, 2)]),
    ],
)
def test_einsum_is_numpys(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape) for shape in shapes]
    found = ad.einsum(subscripts, *map(ad.asarray, arrays))
    np.testing.assert_allclose(found.numpy(), np.einsum(subscripts, *arrays), rtol=1e-12)
    check_gradients(lambda *xs: ad.einsum(subscripts, *xs), *arrays)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ad.einsum("ij,jk", ad.ones((2, 3))), ValueError, "2 terms for 1 arrays"),
        (lambda: ad.einsum("ij", ad.ones((2, 3, 4))), ValueError, "does not fit an array with 3"),
        (lambda: ad.einsum("i->j", ad.ones(2)), ValueError, "'j' of the result"),
        (lambda: ad.einsum("ij,jk", ad.ones((2, 3)), ad.ones((4, 2))), ValueError, "contract: "),
        (lambda: ad.einsum(), ValueError, "needs subscripts"),
        (lambda: ad.cumulative_sum(ad.ones((2, 2))), ValueError, "axis is needed for shape"),
        (lambda: ad.take(ad.ones(3), [0.5]), TypeError, "indices must be integers; given float"),
        (lambda: ad.take(ad.ones(3), [3]), IndexError, "take: "),
        (lambda: ad.take_along_axis(ad.ones((2, 3)), [1]), ValueError, "take_along_axis: "),
        (lambda: ad.tril(ad.ones(3)), ValueError, "a matrix or a stack of them is needed"),
        (lambda: ad.pad(ad.ones(3), 1, mode="mean"), ValueError, "mode must be one of"),
        (lambda: ad.pad(ad.ones((2, 2)), (1, 2, 3)), ValueError, "2 pairs for shape"),
        (lambda: ad.pad(ad.ones(3), -1), ValueError, "from 0 on; given -1"),
        (lambda: ad.repeat(ad.ones(2), -1), ValueError, "must not be negative"),
        (lambda: ad.searchsorted(ad.ones(2), 1.0, side="up"), ValueError, "'left' or 'right'"),
        (lambda: ad.meshgrid(ad.ones(2), indexing="ji"), ValueError, "'xy' or 'ij'"),
        (lambda: ad.meshgrid(ad.ones((2, 2))), ValueError, "meshgrid takes vectors"),
        (lambda: ad.moveaxis(ad.ones((2, 2)), (0, 1), 0), ValueError, "one by one"),
        (lambda: ad.diff(ad.ones(())), ValueError, "has no neighbours"),
        (lambda: ad.diff(ad.ones(3), n=-1), ValueError, "n must not be negative"),
        (lambda: ad.nonzero(ad.ones(())), ValueError, "has no positions"),
        (lambda: ad.linspace(0.0, 1.0, -1), ValueError, "num must not be negative"),
        (lambda: ad.flip(ad.ones(3), axis=1), np.exceptions.AxisError, "axis 1 is out of range"),
        (lambda: ad.ones(3).var(correction="n"), TypeError, "correction must be a number"),
        (lambda: ad.ones(3).astype("int8", device="cuda:9"), ValueError, "bring it to cuda:9"),
    ],
)
def test_errors_say_what_was_given(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.host
@pytest.mark.parametrize(
    "f", [ad.unique_all, ad.unique_counts, ad.unique_inverse, ad.unique_values, ad.nonzero]
)
def test_shapes_that_depend_on_values_are_refused_by_name(f: Any) -> None:
    with pytest.raises(ad.TracingError, match=f"{f.__name__}, whose result's shape depends on"):
        ad.function(lambda x: f(x * 2))(np.ones(3))


def test_indices_may_be_computed_in_flat_programs() -> None:
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            order = ad.argsort(x, axis=1, descending=True)
            best = ad.take_along_axis(x, order[:, :2], axis=1)
            rows = ad.take(x, ad.argmax(x, axis=0), axis=0)
            y = ad.sum(best**2) + ad.sum(rows * x[:, None, :])
        return y, tape.gradient(y, x)

    flat = ad.function(f)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(3, 4))
        for ours, theirs in zip(flat(x), f(ad.asarray(x)), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_reductions_in_a_dtype() -> None:
    xp: Any = ad
    x = ad.asarray(np.array([200, 100], np.uint8))
    assert xp.sum(x, dtype=ad.uint8).tolist() == np.sum(x.numpy(), dtype=np.uint8)
    assert xp.sum(x, dtype=ad.uint8).dtype == ad.uint8
    assert xp.prod(x, dtype=ad.float32).dtype == np.float32
    v = ad.Variable(np.array([1.5, 2.5], np.float32))
    with ad.GradientTape() as tape:
        y = xp.cumulative_sum(v, dtype=ad.float64)
    assert y.dtype == np.float64
    assert tape.gradient(y, v).dtype == np.float32


def test_the_namespace_says_what_it_has() -> None:
    assert ad.asarray(1.0).__array_namespace__() is ad
    assert ad.__array_api_version__ == "2024.12"
    info = ad.__array_namespace_info__()
    assert info.default_dtypes()["real floating"] == ad.asarray(1.0).dtype
    assert info.default_device() in info.devices()
    for kind in ("bool", "integral", ("real floating", "complex floating"), None):
        for name, dtype in info.dtypes(kind=kind).items():
            assert getattr(ad, name) == dtype
            if kind is not None:
                assert ad.isdtype(dtype, kind)
    with pytest.raises(ValueError, match="kind must be one of"):
        info.dtypes(kind="float")
    assert ad.finfo(ad.ones(1)).max == float(np.finfo(np.float32).max)
    assert ad.iinfo(ad.int16).bits == 16


def test_numbers_assigned_to_elements_are_as_exact_as_these() -> None:
    x = ad.asarray(np.zeros(2))
    x[0] = 16777217.0
    x[np.array([False, True])] = 1e-181
    assert x.tolist() == [16777217.0, 1e-181]
    z = ad.asarray(np.zeros((), complex))
    z[()] = 1e-181j
    assert z.tolist() == 1e-181j


def test_ranks_by_a_tolerance_for_each_matrix() -> None:
    x = np.stack([np.diag([1.0, 0.1]), np.diag([1.0, 0.1])])
    assert ad.linalg.matrix_rank(x, rtol=np.array([0.5, 0.01])).tolist() == [1, 2]
    assert ad.linalg.matrix_rank(np.zeros((0, 2, 2, 2)), rtol=np.ones((0, 2))).shape == (0, 2)
