"""NumPy's functions called on Tensors: what NumPy gives, differentiated; or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import answers, numpy_functions
from autodiff.protocols._numpy_numbers import ANSWERS as NUMBERS
from autodiff.protocols._numpy_shapes import ANSWERS as SHAPES
from autodiff.testing import check_gradients

V = np.array([0.7, -1.3, 2.1, 0.2])
M = np.array([[0.3, -0.8, 1.4], [2.2, 0.6, -1.7]])
C = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.03
GAP = np.array([[0.5, np.nan, 1.5], [-2.0, 0.25, 3.0]])

#: NumPy's function -> calls of it on an array and more
CALLS: dict[Any, list[tuple[Callable[..., Any], Any]]] = {
    np.ravel: [(np.ravel, M)],
    np.swapaxes: [(lambda x: np.swapaxes(x, 0, -1), C)],
    np.moveaxis: [
        (lambda x: np.moveaxis(x, 0, -1), C),
        (lambda x: np.moveaxis(x, (0, 1), (2, 0)), C),
    ],
    np.rollaxis: [(lambda x, k=k: np.rollaxis(x, *k), C) for k in ((2,), (1, 3), (0, 2), (-1, 1))],
    np.atleast_1d: [(np.atleast_1d, np.array(0.5)), (lambda x: np.atleast_1d(x, x)[1], V)],
    np.atleast_2d: [(np.atleast_2d, V), (np.atleast_2d, C)],
    np.atleast_3d: [(np.atleast_3d, x) for x in (np.array(0.5), V, M, C)],
    np.vstack: [(lambda x: np.vstack([x, x * 2]), V), (lambda x: np.vstack([x, x]), M)],
    np.hstack: [(lambda x: np.hstack([x, x * 2]), V), (lambda x: np.hstack([x, x]), M)],
    np.dstack: [(lambda x: np.dstack([x, x * 2]), V), (lambda x: np.dstack([x, x]), M)],
    np.column_stack: [(lambda x: np.column_stack([x, x * 2]), V)],
    np.array_split: [(lambda x: np.array_split(x, 3), V), (lambda x: np.array_split(x, [1, 3]), V)],
    np.split: [(lambda x: np.split(x, 2), V), (lambda x: np.split(x, [1], axis=-1), M)],
    np.vsplit: [(lambda x: np.vsplit(x, 2), M)],
    np.hsplit: [(lambda x: np.hsplit(x, 2), V), (lambda x: np.hsplit(x, 3), M)],
    np.dsplit: [(lambda x: np.dsplit(x, 2), C)],
    np.append: [(lambda x: np.append(x, x * 2), M), (lambda x: np.append(x, x, axis=1), M)],
    np.delete: [(lambda x: np.delete(x, 1), V), (lambda x: np.delete(x, [0, 2], axis=1), M)],
    np.fliplr: [(np.fliplr, M)],
    np.flipud: [(np.flipud, V)],
    np.rot90: [(lambda x, k=k: np.rot90(x, k), M) for k in (-1, 0, 1, 2, 3)]
    + [(lambda x: np.rot90(x, 1, (0, 2)), C)],
    np.diag: [(lambda x, k=k: np.diag(x, k), V) for k in (-2, 0, 1)]
    + [(lambda x, k=k: np.diag(x, k), M) for k in (-2, -1, 0, 1, 5)],
    np.block: [
        (lambda x: np.block([[x, x], [np.ones((1, 3)), x[:1] * 2]]), M),
        (lambda x: np.block([x, 2.0]), V),
    ],
    np.pad: [
        (lambda x: np.pad(x, 1), M),
        (lambda x: np.pad(x, ((1, 0), (2, 1)), mode="reflect"), M),
        (lambda x: np.pad(x, 2, constant_values=0.5), V),
    ],
    np.lib.stride_tricks.sliding_window_view: [
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, 2), V),
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)), M),
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, -1)), M),
    ],
    np.convolve: [
        (lambda x, n=n, mode=mode: np.convolve(x, np.arange(1.0, n + 1), mode), V)
        for n in range(1, 8)
        for mode in ("full", "same", "valid")
    ]
    + [(lambda x: np.convolve(x[:2], x), V), (lambda x: np.convolve(x * 1j, x), V)],
    np.correlate: [
        (lambda x, n=n, mode=mode: np.correlate(x, np.arange(1.0, n + 1), mode), V)
        for n in range(1, 8)
        for mode in ("full", "same", "valid")
    ]
    + [(lambda x: np.correlate(x, x * (1 + 1j)), V)],
    np.interp: [
        (lambda x: np.interp(x, [-1.0, 0.5, 2.0], [1.0, 3.0, -2.0]), M),
        (lambda x: np.interp(x, [-0.5, 0.7], [1.0, 3.0], left=-1.0, right=0.0), M),
        (lambda x: np.interp(x, [0.5], [3.0]), M),
        (lambda x: np.interp([0.1, 0.45, 9.0], np.cumsum(x * x), x), V),
    ],
    np.meshgrid: [
        (lambda x: np.meshgrid(x, x * 2), V),
        (lambda x: np.meshgrid(x, x, indexing="ij"), V),
    ],
    np.broadcast_arrays: [(lambda x: np.broadcast_arrays(x, np.ones((2, 4))), V)],
    np.take: [(lambda x: np.take(x, [[1, 0]], axis=1), M), (lambda x: np.take(x, [5, 5, 0]), M)],
    np.take_along_axis: [
        (lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), axis=1), M),
        (lambda x: np.take_along_axis(x, np.array([0, 5, 2]), axis=None), M),
    ],
    np.einsum: [
        (lambda x: np.einsum("ij,kj", x, x), M),
        (lambda x: np.einsum("...j->...", x), C),
        (lambda x: np.einsum(x, [0, 1], x, [0, 2], [1, 2]), M),
        (lambda x: np.einsum("ij,ik,il", x, x, x, optimize=True), M),
    ],
    np.cumsum: [
        (np.cumsum, M),
        (lambda x: np.cumsum(x, axis=0), M),
        (lambda x: np.cumsum(x, 1), M),
    ],
    np.cumprod: [(np.cumprod, M), (lambda x: np.cumprod(x, axis=1), M)],
    np.sort: [
        (np.sort, M),
        (lambda x: np.sort(x, axis=0), M),
        (lambda x: np.sort(x, axis=None), M),
    ],
    np.argsort: [(np.argsort, M), (lambda x: np.argsort(x, axis=None), M)],
    np.partition: [(lambda x: np.sort(np.partition(x, 2)), V)],
    np.average: [
        (np.average, M),
        (lambda x: np.average(x, axis=0), M),
        (lambda x: np.average(x, weights=x * x), M),
        (lambda x: np.average(x, axis=1, weights=np.array([1.0, 2.0, 4.0])), M),
    ],
    np.nansum: [(np.nansum, GAP), (lambda x: np.nansum(x, axis=1), GAP)],
    np.nanprod: [(lambda x: np.nanprod(x, axis=1), GAP)],
    np.nanmax: [(lambda x: np.nanmax(x, axis=1), GAP)],
    np.nanmin: [(lambda x: np.nanmin(x, axis=1), GAP)],
    np.nanmean: [(np.nanmean, GAP), (lambda x: np.nanmean(x, axis=0, keepdims=True), GAP)],
    np.median: [
        (np.median, M),
        (lambda x: np.median(x, axis=1), M),
        (lambda x: np.median(x, axis=0, keepdims=True), M),
    ],
    np.ptp: [(np.ptp, M), (lambda x: np.ptp(x, axis=1), M)],
    np.gradient: [(np.gradient, V), (np.gradient, M), (lambda x: np.gradient(x, 0.5, axis=1), M)],
    np.diff: [
        (np.diff, M),
        (lambda x: np.diff(x, n=2, axis=1), M),
        (lambda x: np.diff(x, append=1.0), V),
    ],
    np.trapezoid: [
        (np.trapezoid, M),
        (lambda x: np.trapezoid(x, dx=0.5, axis=0), M),
        (lambda x: np.trapezoid(x, np.array([0.0, 1.0, 3.0])), M),
    ],
    np.around: [(lambda x: np.around(x, 1), M)],
    np.round: [(np.round, M), (lambda x: np.round(x, decimals=1), M)],
    np.rint: [(np.rint, M)],
    np.fix: [(np.fix, M)],
    np.fabs: [(np.fabs, M)],
    np.exp2: [(np.exp2, M)],
    np.cbrt: [(np.cbrt, M)],
    np.logaddexp2: [(lambda x: np.logaddexp2(x, 0.5 * x), M)],
    np.deg2rad: [(np.deg2rad, M)],
    np.radians: [(np.radians, M)],
    np.rad2deg: [(np.rad2deg, M)],
    np.degrees: [(np.degrees, M)],
    np.fmax: [(lambda x: np.fmax(x, 0.1), M), (lambda x: np.fmax(x, np.full((2, 3), np.nan)), M)],
    np.fmin: [(lambda x: np.fmin(x, 0.1), M)],
    np.fmod: [(lambda x: np.fmod(x, 0.75), M)],
    np.float_power: [(lambda x: np.float_power(x * x, 1.5), M)],
    np.ldexp: [(lambda x: np.ldexp(x, np.array([1, -2, 3])), M)],
    np.modf: [(np.modf, M)],
    np.divmod: [(lambda x: np.divmod(x, 0.9), M)],
    np.frexp: [(lambda x: np.frexp(x)[0], M)],
    np.sinc: [(np.sinc, M), (np.sinc, np.array([0.0, 0.5]))],
    np.nan_to_num: [(np.nan_to_num, GAP), (lambda x: np.nan_to_num(x, nan=2.0), GAP)],
    np.select: [(lambda x: np.select([x > 1, x > 0], [x * 2, x * x], -1.0), M)],
    np.real_if_close: [(np.real_if_close, M), (lambda x: np.real_if_close(x + 0j), M)],
    np.linspace: [
        (lambda x: np.linspace(x, 2 * x, 3), V),
        (lambda x: np.linspace(0.0, x, 4, endpoint=False), V),
    ],
    np.iscomplex: [(np.iscomplex, M), (lambda x: np.iscomplex(x * 1j), M)],
    np.isreal: [(np.isreal, M)],
    np.isclose: [(lambda x: np.isclose(x, x + 1e-9), M)],
    np.zeros_like: [(np.zeros_like, M)],
    np.ones_like: [(np.ones_like, M)],
    np.empty_like: [(lambda x: np.shape(np.empty_like(x)), M)],
    np.full_like: [(lambda x: np.full_like(x, 0.5), M)],
    np.nonzero: [(np.nonzero, M)],
    np.unique: [
        (np.unique, M),
        (lambda x: np.unique(x, return_inverse=True, return_counts=True), M),
    ],
    np.shape: [(np.shape, M)],
    np.ndim: [(np.ndim, M)],
    np.size: [(np.size, M), (lambda x: np.size(x, 1), M)],
    np.result_type: [(lambda x: np.result_type(x, np.float32), M)],
    np.can_cast: [(lambda x: np.can_cast(x.dtype, np.float32), M)],
    np.iscomplexobj: [(np.iscomplexobj, M), (lambda x: np.iscomplexobj(x * 1j), M)],
    np.isrealobj: [(np.isrealobj, M)],
    np.allclose: [(lambda x: np.allclose(x, x), M)],
    np.array_equal: [(lambda x: np.array_equal(x, x * 2), M)],
    np.array_equiv: [(lambda x: np.array_equiv(x, x), M)],
    np.flatnonzero: [(np.flatnonzero, M)],
    np.argwhere: [(np.argwhere, M)],
    np.isin: [(lambda x: np.isin(x, [0.3]), M)],
    np.bincount: [(lambda x: np.bincount(ad.asarray([1, 1, 2]) if x is not M else [1, 1, 2]), M)],
    np.digitize: [(lambda x: np.digitize(x, [0.0, 1.0]), M)],
    np.histogram: [(lambda x: np.histogram(x, 3)[0], M)],
    np.array2string: [(np.array2string, M)],
    np.array_repr: [(np.array_repr, M)],
    np.array_str: [(np.array_str, M)],
    np.shares_memory: [(lambda x: np.shares_memory(x, np.ones(3)), M)],
    np.may_share_memory: [(lambda x: np.may_share_memory(x, np.ones(3)), M)],
    np.argpartition: [(lambda x: np.sort(np.argpartition(x, 1)), V)],
    np.lexsort: [(lambda x: np.lexsort((x,)), V)],
}
if hasattr(np, "unstack"):
    CALLS[np.unstack] = [(np.unstack, M), (lambda x: np.unstack(x, axis=1), M)]
    CALLS[np.cumulative_sum] = [(lambda x: np.cumulative_sum(x, axis=0, include_initial=True), M)]
    CALLS[np.cumulative_prod] = [(lambda x: np.cumulative_prod(x, axis=1), M)]
CASES = [(f.__name__, call, x) for f, calls in CALLS.items() for call, x in calls]


def parts(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (tuple, list)) else [found]


@pytest.mark.parametrize(("name", "call", "x"), CASES, ids=[name for name, _, _ in CASES])
def test_numpy_gives_the_same_on_tensors(
    name: str, call: Callable[..., Any], x: np.ndarray
) -> None:
    expected, found = parts(call(x)), parts(call(ad.asarray(x)))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        if isinstance(theirs, (np.ndarray, np.floating)):
            assert isinstance(ours, ad.Tensor)
            assert (ours.shape, ours.dtype) == (np.shape(theirs), theirs.dtype)
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-13, atol=1e-14)
        else:
            assert ours == theirs
    if not np.isnan(x).any() and any(
        isinstance(y, ad.Tensor) and y.dtype.kind == "f" for y in found
    ):
        check_gradients(lambda x: [y for y in parts(call(x)) if y.dtype.kind == "f"], x)


def test_every_function_of_the_tables_is_called() -> None:
    assert set(CALLS) == {*NUMBERS, *SHAPES}
    assert not set(answers) & set(numpy_functions)


def test_ufunc_methods() -> None:
    x = ad.Variable(M)
    with ad.GradientTape() as tape:
        y = [
            *(
                np.add.reduce(x),
                np.add.reduce(x, axis=None),
                np.multiply.reduce(x, 1, keepdims=True),
            ),
            *(np.maximum.reduce(x), np.minimum.reduce(x, axis=1), np.add.accumulate(x, axis=1)),
            *(np.multiply.accumulate(x), np.multiply.outer(x, V), np.subtract.outer(V, x)),
        ]
    expected = [
        *(np.add.reduce(M), np.add.reduce(M, axis=None)),
        np.multiply.reduce(M, 1, keepdims=True),
        *(np.maximum.reduce(M), np.minimum.reduce(M, axis=1), np.add.accumulate(M, axis=1)),
        *(np.multiply.accumulate(M), np.multiply.outer(M, V), np.subtract.outer(V, M)),
    ]
    for ours, theirs in zip(y, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs)
    assert tape.gradient(y, x).shape == M.shape
    assert bool(np.logical_and.reduce(ad.asarray([True, False]))) is False
    assert np.add.reduce(ad.asarray([1.0, 2.0]), dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.exp(x, out=np.zeros((2, 3))), r"np\.exp of a Tensor: the argument 'out'"),
        (lambda x: np.sum(x, out=np.zeros(())), r"np\.sum of a Tensor: the argument 'out'"),
        (lambda x: np.cumsum(x, out=np.zeros(6)), r"np\.cumsum of a Tensor: the argument 'out'"),
        (
            lambda x: np.add.reduce(x, out=np.zeros(3)),
            r"np\.add\.reduce of a Tensor: the argument 'out'",
        ),
        (lambda x: np.add.at(x, [0], 1.0), r"np\.add\.at of a Tensor: this ufunc method"),
        (np.hypot.reduce, r"np\.hypot\.reduce of a Tensor"),
        (lambda x: np.unwrap(x), r"np\.unwrap of a Tensor: it has no rule.*autodiff\.extend"),
        (lambda x: np.exp(x, where=x > 0), r"np\.exp of a Tensor: the arguments \['where'\]"),
        (lambda x: np.sum(x, initial=3.0), r"np\.sum of a Tensor: the arguments \['initial'\]"),
        (lambda x: np.ravel(x, order="F"), r"np\.ravel of a Tensor: .*'order'"),
        (lambda x: np.copyto(np.zeros((2, 3)), x), r"np\.copyto of a Tensor: it has no rule"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(ad.Variable(M))


def test_arrays_are_not_added_to_in_place() -> None:
    total = np.zeros((2, 3))
    with pytest.raises(TypeError, match="the argument 'out'"):
        total += ad.Variable(M)
    assert not total.any()


def test_draws_and_plain_data_are_not_tracked() -> None:
    x = ad.Variable(M)
    with ad.GradientTape() as tape:
        drawn = np.random.default_rng(0).normal(x.numpy(), 1.0)
        plain = np.sum(np.exp(M))
        made = np.zeros_like(x) + x.numpy()
        y = ad.sum(made) + plain + np.sum(drawn)
    assert isinstance(drawn, np.ndarray)
    assert isinstance(plain, float)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda x: np.mean([x, x]),
        lambda x: np.array([2 * x, 3 * x]),
        lambda x: np.sin([x]),
        lambda x: [1.0, 2.0] @ np.full((2, 2), x[0, 0]),
        lambda x: np.add(M, [x, x]),
        lambda x: np.random.default_rng(0).normal(x, 1.0),
    ],
)
def test_what_is_recorded_is_no_array_by_accident(convert: Any) -> None:
    x, watched, data = ad.Variable(M), ad.asarray(M), ad.asarray(M)
    with ad.GradientTape() as tape:
        tape.watch(watched)
        for leaf in (x, watched, x * 2, np.sqrt(watched * watched)):
            with pytest.raises(TypeError, match=r"that a tape records was about to become a NumPy"):
                convert(leaf)
        convert(data)
        convert(ad.Variable(M, trainable=False))
        convert(ad.stop_gradient(x))
        with tape.stop_recording():
            convert(x * 2)
        assert np.stack([x, x]).shape == (2, *M.shape)
    convert(x)
    assert tape.gradient(x * 2, x) is None


@pytest.mark.host
def test_numpy_functions_in_flat_programs() -> None:
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = np.sum(np.sinc(np.cumsum(np.pad(x, 1), axis=1))) + np.median(np.hstack([x, x]))
        return y, tape.gradient(y, x)

    for ours, theirs in zip(ad.function(f)(M), f(ad.asarray(M)), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    with pytest.raises(ad.TracingError, match="nonzero"):
        ad.function(lambda x: np.nonzero(x * 2))(M)
    with pytest.raises(ad.TracingError, match="unique_all"):
        ad.function(lambda x: np.unique(x * 2))(M)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(3, 2) * x.reshape((3, -1)) + x.reshape(-1, 2),
        lambda x: x.transpose(1, 0) + x.transpose() + x.T,
        lambda x: x.dot(x.T) + x.swapaxes(0, 1).T.dot(x.T),
        lambda x: x.ravel() * x.flatten() + x.take([0, 1, 5, 0, 1, 2]),
        lambda x: x.cumsum(axis=1) + x.cumprod(0) + x.repeat(1, 0),
        lambda x: x.diagonal() + x.trace() + x.conjugate()[0, 0],
        lambda x: x.round(1) - x.std() + x.var(axis=0) + x.nonzero()[0].sum(),
    ],
)
def test_methods_of_arrays(call: Callable[..., Any]) -> None:
    found = call(ad.asarray(M))
    assert isinstance(found, ad.Tensor)
    np.testing.assert_allclose(found.numpy(), call(M), rtol=1e-14)
    check_gradients(call, M + 0.02 * np.arange(6.0).reshape(2, 3), order=1)
