"""How flat programs are compared with eager runs: the same structure, dtypes and bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff.arrays._backend import as_data

from .rubbish import own, rubbish_in_buffers, spoil

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


def assert_same(
    actual: Any,
    expected: Any,
    ulps: int = 0,
    least: float = 0.0,
    *,
    limits: Sequence[Any] | None = None,
) -> None:
    """The same structure, shapes, dtypes and bits; or within `ulps` of a leaf's largest element,
    or of `least` if that is larger; or within `limits` by leaf."""
    assert form(actual) == form(expected)
    for x, y in zip(_nest.flatten(actual), _nest.flatten(expected), strict=True):
        if isinstance(x, ad.Tensor) and type(y._data) is type(as_data(y._data)):
            assert type(x._data) is type(y._data), "0-d floats are NumPy scalars"
    for k, (x, y) in enumerate(zip(leaves(actual), leaves(expected), strict=True)):
        if not isinstance(x, np.ndarray):
            assert x == y
            continue
        assert x.dtype == y.dtype
        assert x.shape == y.shape
        if x.dtype.kind != "f" or (not ulps and limits is None):
            np.testing.assert_array_equal(x, y)
        else:
            assert_near(x, y, ulps * spacing(y, least) if limits is None else limits[k])


def assert_near(x: Any, y: Any, limit: Any) -> None:
    """No element further off than `limit`; where that is infinite, it may be anything."""
    with np.errstate(all="ignore"):
        off = np.abs(x.astype(np.float64) - y.astype(np.float64))
        wrong = ~((off <= limit) | (x == y) | (np.isnan(x) & np.isnan(y)) | np.isinf(limit))
    assert not wrong.any(), f"off by {off.max()}, allowed {limit}\n{x!r}\n{y!r}"


def spacing(y: Any, least: float = 0.0) -> float:
    """A unit in the last place of the largest finite element, or of `least` if that is larger."""
    scale = np.abs(y[np.isfinite(y)]).max(initial=max(least, np.finfo(y.dtype).tiny))
    return float(np.spacing(scale.astype(y.dtype)))


def assert_agree(
    build: Callable[[], Program],
    calls: Sequence[Sequence[Any]],
    ulps: int = 0,
    function: Callable[..., Any] = ad.function,
    least: float = 0.0,
    reordered: bool = False,
) -> None:
    """Eager and flat runs of a program give the same, call after call, Variables too.

    `build` makes the program anew, with Variables at their first values; `calls` are the arguments
    of each call, all of one signature. Results, and what is taken from every other Variable, are
    looked at again after the last call. Whatever the program has no business with is rubbish: its
    buffers before and after each call, and the arguments of calls that are over.

    They agree bit for bit, or within `ulps` as `assert_same` counts them; programs whose sums are
    `reordered` may be off as far as `limits` say.
    """
    eager, eager_variables = build()
    f, flat_variables = build()
    flat = function(f)
    held: list[tuple[list[Any], list[Any]]] = []
    with rubbish_in_buffers():
        for k, args in enumerate(calls):
            given = _nest.replace(list(args), own)
            with np.errstate(all="ignore"):
                try:
                    expected = eager(*_nest.replace(list(args), tensor))
                except np.linalg.LinAlgError:  # a matrix of NaN has no factors: nothing to compare
                    return
                actual = flat(*given)
            both = [actual, flat_variables], [expected, eager_variables]
            try:
                if not reordered:
                    assert_same(*both, ulps, least)
                elif not same_bits(*both):
                    within_limits(partial(assert_same, *both), build, calls[: k + 1])
            except AssertionError as error:
                error.add_note(f"call {k + 1} of {[*args]}\n{flat.source(*args)}")
                raise
            kept = [*values(actual), *map(ad.stop_gradient, flat_variables[k % 2 :: 2])]
            held.append((kept, leaves(kept)))
            for x, old in zip(_nest.flatten(given), _nest.flatten(list(args)), strict=True):
                np.testing.assert_array_equal(x, old, "an argument was written to")
                if isinstance(x, np.ndarray):
                    spoil(x)
    for result, copies in held:
        for x, y in zip(leaves(result), copies, strict=True):
            np.testing.assert_array_equal(x, y, "a result changed after it was returned")


def same_bits(actual: Any, expected: Any) -> bool:
    """Whether there is nothing to allow for."""
    try:
        assert_same(actual, expected)
    except AssertionError:
        return False
    return True


def within_limits(
    check: Callable[..., None], build: Callable[[], Program], calls: Sequence[Sequence[Any]]
) -> None:
    """`check(limits=...)` passes; by more runs if two of them saw no jump where there is one."""
    try:
        check(limits=limits(build, calls))
    except AssertionError:
        check(limits=limits(build, calls, runs=16))


def limits(
    build: Callable[[], Program], calls: Sequence[Sequence[Any]], runs: int = 2
) -> list[Any]:
    """How far rounding may lead in the last call: how far that moves what moves a little.

    The program runs more often, eagerly, on arguments and Variables that are a few ulps off. Sums
    in another order may lead 64 times further than two such runs together; and anywhere where one
    of these runs gives NaN or infinity and the other does not.
    """
    random = np.random.default_rng(0)

    def moved(x: Any) -> Any:
        if not isinstance(x, (np.ndarray, np.generic, ad.Tensor)):
            return x
        data = np.asarray(x)
        if data.dtype.kind not in "fc":
            return ad.asarray(x)
        by = random.uniform(-4, 4, data.shape) * np.finfo(data.dtype).eps
        return ad.Tensor(np.asarray(data * (1 + by), data.dtype))

    found = []
    for move in (tensor, *[moved] * runs):
        f, variables = build()
        for v in variables:
            if v.dtype.kind in "fc":
                v.assign(move(v.numpy()))
        with np.errstate(all="ignore"):
            results = [f(*_nest.replace(list(args), move)) for args in calls]
        found.append(leaves([results[-1], variables]))
    return [limit(np.asarray(y), others) for y, *others in zip(*found, strict=True)]


def limit(y: np.ndarray, others: list[Any]) -> Any:
    """How far a result may be off, given what it is when the arguments are a little off."""
    if y.dtype.kind != "f":  # the same, but where it is decided by the last bits
        return np.where(np.any([x != y for x in others], axis=0), np.inf, 0.0)
    off = np.full(y.shape, spacing(y))
    for x in others:
        with np.errstate(all="ignore"):
            more = np.abs(x.astype(np.float64) - y.astype(np.float64))
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        off += np.where(same, 0.0, np.where(np.isnan(more), np.inf, more)) * (2 / len(others))
    return 64 * off


def tensor(x: Any) -> Any:
    """What an eager function is handed for an argument."""
    return ad.asarray(x) if isinstance(x, (np.ndarray, np.generic, ad.Tensor)) else x
