"""Products of matrices as cuBLAS is asked for them, answered by NumPy from the same addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.flat.cuda import _cublas, _gemm
from autodiff.flat.cuda._cublas import Cublas, float32_matmul_precision, load
from autodiff.flat.cuda._gemm import Gemm, Matrix
from autodiff.flat.cuda._program import Multiplied
from tests.guard.cublas import FakeCublas
from tests.guard.flat import GuardFunction
from tests.guard.machine import COMPILER

sides = st.integers(1, 5)


@pytest.fixture
def _precision() -> Iterator[None]:
    before = _cublas.settings.precision
    yield
    _cublas.settings.precision = before


@pytest.mark.skipif(COMPILER is None, reason="operands out of order are copied by g++'s kernels")
@given(
    st.sampled_from(["float32", "float64", "float16"]),
    *(sides, sides, sides, st.integers(1, 4), st.integers(0, 7), st.integers(0, 6)),
)
def test_products_of_any_layout(
    dtype: str, m: int, k: int, n: int, stack: int, left: int, right: int
) -> None:
    random = np.random.default_rng(0)

    def operand(rows: int, columns: int, how: int) -> tuple[np.ndarray, Any]:
        """An array, and a view of it that is (…, rows, columns)."""
        shapes: dict[int, tuple[tuple[int, ...], Any]] = {
            0: ((rows, columns), lambda x: x),
            1: ((columns, rows), lambda x: x.mT),
            2: ((stack, rows, columns), lambda x: x),
            3: ((stack, columns, rows), lambda x: x.mT),
            4: ((rows + 2, columns + 1), lambda x: x[1:-1, 1:]),
            5: ((2 * rows, 3 * columns), lambda x: x[::2, ::3]),
            6: ((rows, stack, columns), lambda x: ad.permute_dims(x, (1, 0, 2))),
            7: ((columns,), lambda x: x),
        }
        shape, view = shapes[how]
        return random.uniform(-1, 1, shape).astype(dtype), view

    x, of_x = operand(m, k, left)
    y, of_y = operand(k, n, right)

    def product(x: Any, y: Any) -> Any:
        return of_x(x) @ of_y(y)

    f = GuardFunction(product)
    with mock.patch.object(_gemm, "LARGE", 1):
        got = f(x, y).numpy()
        assert any(isinstance(s, Multiplied) for s in f.runner.device.steps)
    expected = np.matmul(of_x(ad.asarray(x)).numpy(), of_y(ad.asarray(y)).numpy(), dtype="float64")
    np.testing.assert_allclose(got, expected, rtol=1e-2 if dtype == "float16" else 1e-5, atol=1e-5)
    assert got.dtype == dtype


def made(dtype: str = "float32") -> Gemm:
    matrix = Matrix(None, 0, False, 2, 0)  # type: ignore[arg-type]
    return Gemm(np.dtype(dtype), 2, 2, 2, 1, matrix, matrix, None)  # type: ignore[arg-type]


def test_the_stream_keeps_our_workspace() -> None:
    fake = FakeCublas()
    cublas = Cublas(fake)
    cublas.on(7, 4096, 1024)
    assert (fake.stream, fake.workspace) == (7, 4096)


@pytest.mark.usefixtures("_precision")
@pytest.mark.parametrize(
    ("precision", "dtype", "compute"),
    [
        *(("float32", "float32", 68), ("tf32", "float32", 77), ("float16", "float32", 74)),
        *(("bfloat16", "float32", 75), ("tf32", "float64", 70), ("tf32", "float16", 68)),
    ],
)
def test_precision_is_asked_for(precision: str, dtype: str, compute: int) -> None:
    fake, x = FakeCublas(), np.eye(2, dtype=dtype)
    float32_matmul_precision(precision)
    out = np.empty_like(x)
    addresses = [a.ctypes.data for a in (x, x, out)]
    Cublas(fake).multiply(made(dtype), *addresses)
    assert fake.computed == [compute]
    np.testing.assert_array_equal(out, x)


def test_float32_is_multiplied_as_it_is_unless_asked() -> None:
    assert _cublas.settings.precision == "float32"
    with pytest.raises(ValueError, match="'half'; expected one of float32, tf32"):
        float32_matmul_precision("half")


def test_a_failure_says_what_was_asked() -> None:
    class Failing(FakeCublas):
        def cublasGemmStridedBatchedEx(self, *given: Any) -> int:
            return 15

    with pytest.raises(RuntimeError, match=r"\(2, 2\) @ \(2, 2\) of float32: status 15, not supp"):
        Cublas(Failing()).multiply(made(), 0, 0, 0)


def test_without_the_library_the_error_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setattr(_cublas, "_candidates", lambda version: iter([]))
    with pytest.raises(ImportError, match=r"autodiff-tape\[cuda12\]"):
        load()
