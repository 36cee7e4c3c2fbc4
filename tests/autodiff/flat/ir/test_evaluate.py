"""What each operation means, against NumPy; and that every operation has a meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.ir import _evaluate
from autodiff.flat.ir._builder import INDEX, Builder
from autodiff.flat.ir._evaluate import apply, evaluate
from autodiff.flat.ir._value import REDUCTIONS, SOURCES, UFUNCS, VIEWS
from autodiff.ops._images import Windows

X = np.arange(6.0).reshape(2, 3)


def call(path: str, **arguments: Any) -> dict[str, Any]:
    return {"path": path, "form": ((INDEX,), arguments), "view": True, "flops": 0}


@pytest.mark.parametrize(
    ("op", "inputs", "attrs", "expected"),
    [
        ("add", (X, 1.5), {}, X + 1.5),
        ("where", (X > 2, X, 0.0), {}, np.where(X > 2, X, 0.0)),
        ("sum", (X,), {"axis": (-1,)}, X.sum(1)),
        ("max", (X,), {"axis": (-2, -1)}, 5.0),
        ("argmax", (X,), {"axis": None, "keepdims": False}, 5),
        ("argmin", (X,), {"axis": -1, "keepdims": True}, [[0], [0]]),
        ("cast", (X,), {"dtype": np.dtype("i8")}, X.astype("i8")),
        ("matmul", (X, X.T), {}, X @ X.T),
        ("reshape", (X,), {"shape": (3, 2)}, X.reshape(3, 2)),
        ("transpose", (X,), {"axes": (1, 0)}, X.T),
        ("broadcast", (X[0],), {"shape": (2, 3)}, np.stack([X[0], X[0]])),
        ("slice", (X,), {"index": (slice(None), 1)}, X[:, 1]),
        ("take", (X, np.array([1, 1])), {"index": (INDEX,)}, X[[1, 1]]),
        ("take", (X, np.array([1]), np.array([2])), {"index": (INDEX, INDEX)}, X[[1], [2]]),
        ("concat", (X, X), {"axis": 0}, np.concatenate([X, X])),
        ("stack", (X, X), {"axis": -1}, np.stack([X, X], -1)),
        ("put", (X, 9.0), {"index": (0, slice(1, None))}, [[0, 9, 9], [3, 4, 5]]),
        ("scatter", (X[0],), {"index": (np.array([0, 0, 1]),), "shape": (3,)}, [1, 2, 0]),
        ("windows", (X,), {"axis": -1, "size": 2}, [[[0, 1], [1, 2]], [[3, 4], [4, 5]]]),
        (
            "overlap_add",
            (X, X),
            {"axis": -1, "length": 4, "stride": 1, "dilation": 1},
            [[0, 1, 3, 2], [3, 7, 9, 5]],
        ),
        (
            "framed",
            (X,),
            {"shape": (2, 5), "index": (slice(None), slice(1, 4)), "fill": 7},
            [[7, 0, 1, 2, 7], [7, 3, 4, 5, 7]],
        ),
        (
            "routed",
            (X, X > 2),
            {"axis": -1, "along": Windows(6, 2, 2, 1)},
            [[0, 0, 1, 0, 2, 0], [0, 3, 0, 4, 0, 5]],
        ),
        ("contiguous", (X.T,), {}, X.T),
        ("flat", (X, X[0]), {"home": False}, [0, 1, 2, 3, 4, 5, 0, 1, 2]),
        ("within", (np.array([0, 4]),), {"low": 0, "high": 5}, True),
        ("within", (np.array([-1, 4]),), {"low": 0, "high": 5}, False),
        ("call", (X,), call("cumsum", axis=1), np.cumsum(X, 1)),
        ("call", (X,), call("swapaxes", axis1=0, axis2=1), X.T),
        ("part", ((X, X + 1),), {"which": 1}, X + 1),
        ("rows", (np.eye(3), np.array([2, 0])), {}, [[0, 0, 1], [1, 0, 0]]),
    ],
)
def test_meanings(op: str, inputs: Any, attrs: Any, expected: Any) -> None:
    before = [np.array(x) for x in inputs]
    np.testing.assert_array_equal(apply(op, inputs, attrs), expected)
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, old)


def test_every_operation_has_a_meaning() -> None:
    known = UFUNCS | {*REDUCTIONS, "where", *_evaluate._OTHERS}
    assert known >= VIEWS
    assert not known & SOURCES


def test_half_precision_is_summed_in_single() -> None:
    x = np.full(3000, 1.0, np.float16)
    total = apply("sum", (x,), {"axis": (-1,)})
    assert total == 3000
    assert total.dtype == np.float16


def test_arithmetic_is_silent() -> None:
    assert np.isinf(apply("divide", (np.ones(2), 0.0), {})).all()
    assert np.isnan(apply("log", (-np.ones(2),), {})).all()


def test_constants_by_value() -> None:
    b = Builder()
    found = evaluate("multiply", (b.constant(X), 2), {})
    np.testing.assert_array_equal(found, 2 * X)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 17, 300])
def test_sums_are_those_of_eager_runs_to_the_last_bit(n: int, dtype: str) -> None:
    x = np.random.default_rng(n).normal(size=(n, 7)).astype(dtype)
    for array, axes in ((x[:, 0].copy(), (-1,)), (x, (-1,)), (x, (-2,)), (x, (-2, -1))):
        expected = ad.sum(ad.Tensor(array), axes).numpy()
        np.testing.assert_array_equal(apply("sum", (array,), {"axis": axes}), expected)
