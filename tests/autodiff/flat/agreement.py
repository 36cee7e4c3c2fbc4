"""How flat programs are compared with eager runs: the same structure, dtypes and bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff.arrays._backend import as_data

from .noise import spread
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
        if limits is not None:
            x, y = parts(x), parts(y)
        if x.dtype.kind != "f" or (not ulps and limits is None):
            np.testing.assert_array_equal(x, y)
        else:
            assert_near(x, y, ulps * spacing(y, least) if limits is None else limits[k])


def parts(x: Any) -> Any:
    """A complex array as its real and imaginary parts; others as they are."""
    return np.stack([x.real, x.imag]) if x.dtype.kind == "c" else x


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
    `reordered` may be off as far as `limits` say, in each call from where the call before has led.
    """
    eager, eager_variables = build()
    f, flat_variables = build()
    flat = function(f)
    held: list[tuple[list[Any], list[Any]]] = []
    starts: list[list[Any]] = []
    with rubbish_in_buffers():
        for k, args in enumerate(calls):
            given = _nest.replace(list(args), own)
            starts.append([np.array(v.numpy()) for v in flat_variables])
            if reordered:
                begin(eager_variables, starts[-1])
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
                    within_limits(partial(assert_same, *both), build, calls[: k + 1], starts)
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


def begin(variables: list[ad.Variable], values: list[Any]) -> None:
    """Let a call begin with these values of Variables; none: as they are."""
    for v, x in zip(variables, values, strict=bool(values)):
        v.assign(ad.Tensor(x))


def same_bits(actual: Any, expected: Any) -> bool:
    """Whether there is nothing to allow for."""
    try:
        assert_same(actual, expected)
    except AssertionError:
        return False
    return True


def within_limits(
    check: Callable[..., None],
    build: Callable[[], Program],
    calls: Sequence[Sequence[Any]],
    starts: Sequence[Sequence[Any]],
) -> None:
    """`check(limits=...)` passes; by more runs if two of them saw no jump where there is one.

    What is large on the way and cancels moves with no argument: in the end what is computed on the
    way is moved, too. `starts` are the values of Variables at the beginning of calls, of the first
    or of all of them.
    """
    for runs in (2, 16):
        with suppress(AssertionError):
            return check(limits=limits(build, calls, starts, runs))
    runs_of = spread(build, calls, starts, runs=16)
    return check(limits=[limit(y, others) for y, *others in runs_of])


def limits(
    build: Callable[[], Program],
    calls: Sequence[Sequence[Any]],
    starts: Sequence[Sequence[Any]],
    runs: int,
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
        with np.errstate(all="ignore"):
            for args, start in zip_longest(calls, starts):
                begin(variables, [move(x) for x in start or ()])
                result = f(*_nest.replace(list(args), move))
        found.append(leaves([result, variables]))
    return [limit(y, others) for y, *others in zip(*found, strict=True)]


def limit(y: Any, others: list[Any]) -> Any:
    """How far a result may be off, given what it is in runs that are a little off."""
    y, *others = map(parts, map(np.asarray, (y, *others)))
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
