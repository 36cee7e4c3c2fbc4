"""How flat programs are compared with eager runs: the same structure, dtypes and bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff._backend import as_data

#: a function of arrays, and the Variables that it reads and assigns
Program = tuple[Callable[..., Any], list[ad.Variable]]


def leaves(result: Any) -> list[Any]:
    """The results as raw values, Tensors as arrays."""
    return [x.numpy() if isinstance(x, ad.Tensor) else x for x in _nest.flatten(result)]


def values(result: Any) -> list[Any]:
    """The results that must never change: all but Variables."""
    return [x for x in _nest.flatten(result) if not isinstance(x, ad.Variable)]


def form(structure: Any) -> Any:
    """The nesting of a result without its values."""
    if isinstance(structure, dict):
        return {key: form(part) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure), [form(part) for part in structure]
    return type(structure)


def assert_same(actual: Any, expected: Any, ulps: int = 0, least: float = 0.0) -> None:
    """The same structure, shapes, dtypes and bits; or within `ulps`, with NaN where NaN is."""
    assert form(actual) == form(expected)
    for x, y in zip(_nest.flatten(actual), _nest.flatten(expected), strict=True):
        if isinstance(x, ad.Tensor) and type(y._data) is type(as_data(y._data)):
            assert type(x._data) is type(y._data), "0-d floats are NumPy scalars"
    for x, y in zip(leaves(actual), leaves(expected), strict=True):
        if not isinstance(x, np.ndarray):
            assert x == y
            continue
        assert x.dtype == y.dtype
        assert x.shape == y.shape
        if x.dtype.kind != "f":
            np.testing.assert_array_equal(x, y)
        elif not np.array_equal(x, y, equal_nan=True):
            assert_near(x, y, ulps, least)


def assert_near(x: Any, y: Any, ulps: int, least: float = 0.0) -> None:
    """No element further off than `ulps` units in the last place of the largest element, or of
    `least` if that is larger."""
    np.testing.assert_array_equal(np.isnan(x), np.isnan(y))
    np.testing.assert_array_equal(np.isinf(x), np.isinf(y))
    finite = np.isfinite(x) & np.isfinite(y)
    scale = np.abs(y[finite]).max(initial=max(least, np.finfo(y.dtype).tiny))
    off = np.abs(x[finite].astype(np.float64) - y[finite].astype(np.float64))
    limit = ulps * float(np.spacing(scale.astype(y.dtype)))
    assert (off <= limit).all(), f"off by {off.max() / np.spacing(scale)} ulps\n{x!r}\n{y!r}"


def assert_agree(
    build: Callable[[], Program],
    calls: Sequence[Sequence[Any]],
    ulps: int = 0,
    function: Callable[..., Any] = ad.function,
    least: float = 0.0,
) -> None:
    """Eager and flat runs of a program give the same, call after call, Variables too.

    `build` makes the program anew, with Variables at their first values; `calls` are the arguments
    of each call, all of one signature. Results are looked at again after the last call.
    """
    eager, eager_variables = build()
    f, flat_variables = build()
    flat = function(f)
    held: list[tuple[list[Any], list[Any]]] = []
    for args in calls:
        before = [np.array(x) for x in args]
        with np.errstate(all="ignore"):
            expected, actual = eager(*map(ad.asarray, args)), flat(*args)
        try:
            assert_same(actual, expected, ulps, least)
            assert_same(flat_variables, eager_variables, ulps, least)
        except AssertionError as error:
            error.add_note(f"call {len(held) + 1} of {[*args]}\n{flat.source(*args)}")
            raise
        for x, old in zip(args, before, strict=True):
            np.testing.assert_array_equal(np.asarray(x), old, "an argument was written to")
        held.append((values(actual), leaves(values(actual))))
    for result, copies in held:
        for x, y in zip(leaves(result), copies, strict=True):
            np.testing.assert_array_equal(x, y, "a result changed after it was returned")
