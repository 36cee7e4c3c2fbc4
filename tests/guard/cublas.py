"""cuBLAS' functions by NumPy, from the addresses and lengths that they are given.

Matrices are read and written by columns, as the real one does; what would be an invalid value
there is one here.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

DTYPES = {0: np.float32, 1: np.float64, 2: np.float16, 14: np.uint16}
BFLOAT16 = 14
#: the types that sums may be made in, by the type of the elements
COMPUTED = {0: {68, 77, 74, 75}, 1: {70}, 2: {68}, BFLOAT16: {68}}
INVALID = 7


class FakeCublas:
    """What `Cublas` calls."""

    def __init__(self) -> None:
        self.stream = self.workspace = 0
        #: how each product was computed
        self.computed: list[int] = []

    def cublasCreate_v2(self, handle: Any) -> int:
        handle._obj.value = 1
        return 0

    def cublasSetStream_v2(self, handle: Any, stream: Any) -> int:
        self.stream, self.workspace = stream.value, 0
        return 0

    def cublasSetWorkspace_v2(self, handle: Any, place: Any, nbytes: Any) -> int:
        self.workspace = place.value
        return 0

    def cublasGemmStridedBatchedEx(self, handle: Any, *given: Any) -> int:
        """C = alpha op(A) op(B) + beta C, a number of times."""
        alpha, beta = given[5]._obj.value, given[14]._obj.value
        ta, tb, m, n, k = (x.value for x in given[:5])
        a, atype, lda, astep = (x.value for x in given[6:10])
        b, btype, ldb, bstep = (x.value for x in given[10:14])
        c, ctype, ldc, cstep, count, compute, _ = (x.value for x in given[15:])
        rows_a, rows_b = (k, n)[:2] if ta and tb else (k if ta else m, n if tb else k)
        if min(m, n, k, count) < 0 or lda < max(1, rows_a) or ldb < max(1, rows_b):
            return INVALID
        if ldc < max(1, m) or not (atype == btype == ctype) or compute not in COMPUTED[ctype]:
            return INVALID
        if count > 1 and cstep < n * ldc:
            return INVALID  # results would lie over each other
        self.computed.append(compute)
        dtype = DTYPES[ctype]
        left = columns(a, dtype, count, (k, m) if ta else (m, k), lda, astep)
        right = columns(b, dtype, count, (n, k) if tb else (k, n), ldb, bstep)
        out = columns(c, dtype, count, (m, n), ldc, cstep)
        wide = np.float64 if dtype is np.float64 else np.float32
        if ctype == BFLOAT16:  # the upper halves of float32
            left, right = ((a.astype(np.uint32) << 16).view(np.float32) for a in (left, right))
        x = (left.transpose(0, 2, 1) if ta else left).astype(wide)
        y = (right.transpose(0, 2, 1) if tb else right).astype(wide)
        product = alpha * np.matmul(x, y)
        assert beta == 0
        out[...] = product.view(np.uint32) >> 16 if ctype == BFLOAT16 else product
        return 0


def columns(
    address: int, dtype: Any, count: int, shape: tuple[int, int], leading: int, stride: int
) -> Any:
    """Matrices that lie by columns."""
    size = np.dtype(dtype).itemsize
    rows, wide = shape
    span = (count - 1) * stride + (wide - 1) * leading + rows
    memory: Any = (ctypes.c_char * (span * size)).from_address(address)
    return np.ndarray((count, *shape), dtype, memory, 0, (stride * size, size, leading * size))
