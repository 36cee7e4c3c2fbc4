"""Kernels as Numba compiles them: NumPy's bits where it rounds once, a few units elsewhere."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.fuse._clusters import FEW
from autodiff.flat.fuse._kernel_text import FORMULAS, LONG, MANY

from ..agreement import assert_agree, assert_near
from .test_clusters import OPTIMIZERS, perceptron, runner_of

numba = pytest.importorskip(
    "numba", reason="kernels are compiled by Numba: pip install 'autodiff-tape[fuser]'"
)

FINITE = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, -1e30, 3e38, 1e-45, 0.1, 7.0)
SPECIAL = np.array([math.nan, math.inf, -math.inf, *FINITE])
X, Y = (x.ravel() for x in np.meshgrid(SPECIAL, SPECIAL))

#: operations that NumPy and the processor round once, and so give the same bits
EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x, y: -x,
    "absolute": lambda x, y: ad.abs(x),
    "square": lambda x, y: ad.square(x),
    "sqrt": lambda x, y: ad.sqrt(x),
    "sign": lambda x, y: ad.sign(x),
    "maximum": lambda x, y: ad.maximum(x, y),
    "minimum": lambda x, y: ad.minimum(x, y),
    "clip": lambda x, y: ad.clip(x, -1.0, 0.5),
    "where": lambda x, y: ad.where(x > y, x, y),
    "equal": lambda x, y: ad.where(x == y, 1.0, y),
    "not_equal": lambda x, y: ad.where(x != y, 1.0, y),
    "less": lambda x, y: ad.where(x < y, 1.0, y),
    "less_equal": lambda x, y: ad.where(x <= y, x, 0.0),
    "greater_equal": lambda x, y: ad.where(x >= y, x, 0.0),
    "logical": lambda x, y: ad.where((x > 0) & (y > 0) | ~(x > 1) ^ (y < 2), x, y),
    "logical_and": lambda x, y: ad.where(ad.logical_and(x > 0, y > 0), x, y),
    "logical_or": lambda x, y: ad.where(ad.logical_or(x > 0, y > 0), x, y),
    "logical_not": lambda x, y: ad.where(ad.logical_not(x > 0), x, y),
    "isfinite": lambda x, y: ad.where(ad.isfinite(x), x, y),
    "isnan": lambda x, y: ad.where(ad.isnan(x), y, x),
    "cast": lambda x, y: ad.astype(x > y, x.dtype) + ad.astype(ad.astype(x, "float64"), x.dtype),
    "relu": lambda x, y: ad.relu(x) * y,
}
#: those that differ in the last bits
INEXACT: dict[str, Callable[..., Any]] = {
    name: getattr(ad, name) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh")
}


def compiled(f: Callable[..., Any], fuse: bool = True) -> Any:
    return ad.function(f, fuse=fuse)


def both(f: Callable[..., Any], *args: Any) -> tuple[Any, Any]:
    """A function's result as a fused and as a plain program, from the second call on."""
    results = []
    for fuse in (True, False):
        flat = compiled(f, fuse)
        with np.errstate(all="ignore"):
            flat(*args)
        results.append(flat(*args).numpy())
        if fuse:
            (runner,) = flat._programs.values()
            assert "kernel(" in runner.text
    return results[0], results[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_what_is_rounded_once_has_numpys_bits(name: str, dtype: str) -> None:
    with np.errstate(over="ignore"):
        x, y = X.astype(dtype), Y.astype(dtype)
    # adding 0 makes a cluster of two and one zero of the two, whose signs NumPy leaves open
    got, expected = both(lambda x, y: EXACT[name](x, y) + 0.0, x, y)
    np.testing.assert_array_equal(got, expected, strict=True)


@pytest.mark.parametrize(("dtype", "ulps"), [("float32", 4), ("float64", 4)])
@pytest.mark.parametrize("name", INEXACT)
def test_functions_are_within_four_units_in_the_last_place(
    name: str, dtype: str, ulps: int
) -> None:
    random = np.random.default_rng(0)
    for scale in (1e-3, 1, 30):
        x = random.normal(0, scale, FEW).astype(dtype)
        got, expected = both(lambda x: INEXACT[name](x * 1.0 + 0.0), x)
        nan = np.isnan(expected)
        np.testing.assert_array_equal(np.isnan(got), nan)
        off = np.abs(got.astype(np.float64) - expected)[~nan]
        assert (off <= ulps * np.spacing(np.abs(expected[~nan]))).all(), off.max()
    with np.errstate(over="ignore"):
        special = SPECIAL.astype(dtype)
    got, expected = both(lambda x: INEXACT[name](x * 1.0 + 0.0), special)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_every_formula_is_tried() -> None:
    def operations(f: Callable[..., Any], *args: Any) -> set[str]:
        order = runner_of(f, *args).plan.order
        return {v.op for x in order if x.op == "fused" for v in x.attrs["cluster"].nest.members}

    x = np.ones(8, np.float32)
    tried: set[str] = set()
    for f in EXACT.values():
        tried |= operations(lambda x, y, f=f: f(x, y) + 0.0, x, x + 1)
    for g in INEXACT.values():
        tried |= operations(lambda x, g=g: g(x * 1.0 + 0.0), x)
    step, _ = perceptron(OPTIMIZERS["SGD"](), 6, 5, 3)
    tried |= operations(step, np.ones((7, 6), np.float32), np.arange(7) % 3)
    assert set(FORMULAS) <= tried


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [7, 33, MANY + 5])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_sums(axis: int | None, columns: int, dtype: str) -> None:
    x = np.random.default_rng(0).normal(1, 1, (40, columns)).astype(dtype)
    got, plain = both(lambda x: ad.sum(x * x, axis=axis), x)
    exact = (x.astype(np.longdouble) ** 2).sum(axis)
    unit = np.finfo(dtype).eps * np.abs(exact)
    assert (np.abs(got - exact) <= 6 * unit).all()
    assert_near(got, plain, 16)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("place", [None, 0, 5])
def test_extremes_of_rows(name: str, place: int | None) -> None:
    x = np.random.default_rng(0).normal(0, 1, (9, 6)).astype(np.float32)
    x[0], x[1] = -np.inf, np.inf
    if place is not None:
        x[3, place] = np.nan
    got, expected = both(lambda x: getattr(ad, name)(x * 2.0, axis=1), x)
    np.testing.assert_array_equal(got, expected, strict=True)


@pytest.mark.parametrize("activation", [ad.relu, ad.sigmoid, ad.tanh])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_steps(name: str, activation: Any) -> None:
    random = np.random.default_rng(0)
    calls = [
        [random.normal(size=(20, 30)).astype(np.float32), random.integers(0, 5, 20)]
        for _ in range(4)
    ]
    build = lambda: perceptron(OPTIMIZERS[name](), 30, 40, 5, activation=activation)  # noqa: E731
    assert_agree(build, calls, ulps=128, function=compiled, least=1e-3)


def test_arguments_of_any_layout() -> None:
    f = compiled(lambda x, y: (x * y + 1) * ad.sum(x, axis=1, keepdims=True))
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 6, 5))
    want = (x * y + 1) * x.sum(1, keepdims=True)
    wide = np.zeros((6, 10))
    wide[:, ::2] = x
    for a in (x, np.asfortranarray(x), wide[:, ::2], x[::-1].copy()[::-1]):
        np.testing.assert_allclose(f(a, np.asfortranarray(y)).numpy(), want, rtol=1e-13)


def test_labels_are_checked_before_a_row_is_read() -> None:
    step, variables = perceptron(OPTIMIZERS["Adam"](), 6, 5, 3)
    flat = compiled(step)
    x = np.ones((7, 6), np.float32)
    flat(x, np.arange(7) % 3)
    before = [v.numpy() for v in variables]
    for wrong in (3, -1, 2**60, -(2**60)):
        with pytest.raises(ValueError, match="labels outside 0 to 2"):
            flat(x, np.array([0, 1, 2, wrong, 0, 1, 2]))
    for v, old in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), old)


def test_threads_do_not_meet() -> None:
    """Long loops let other threads run; each call has memory of its own."""
    f = compiled(lambda x: ad.sqrt(x * x + 3 * x) / (x + 1) - x)
    x = np.linspace(1, 2, 4 * LONG)
    wrong: list[Any] = []

    def work(k: int) -> None:
        mine = x + k
        want = np.sqrt(mine * mine + 3 * mine) / (mine + 1) - mine
        for _ in range(50):
            if not np.array_equal(f(mine).numpy(), want):
                wrong.append(k)

    f(x)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
