"""NumPy's functions of linear algebra called on Tensors: the same values, shapes and dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

from .test_linalg import H, R, S, T, U, V, W, Z

SAME: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (np.linalg.inv, (Z,), {}),
    (np.linalg.solve, (S, V[:3]), {}),
    (np.linalg.solve, (Z[0], R[:, :3]), {}),
    (np.linalg.det, (Z,), {}),
    (np.linalg.slogdet, (Z,), {}),
    (np.linalg.pinv, (W,), {}),
    (np.linalg.pinv, (R,), {"rcond": 0.5}),
    (np.linalg.pinv, (R,), {"rtol": np.array([0.5, 0.0])}),
    (np.linalg.cholesky, (H,), {}),
    (np.linalg.qr, (W,), {}),
    (np.linalg.qr, (R, "complete"), {}),
    (np.linalg.qr, (R.swapaxes(1, 2),), {}),
    (np.linalg.qr, (R.swapaxes(1, 2), "r"), {}),
    (np.linalg.eigh, (H,), {}),
    (np.linalg.eigh, (H, "U"), {}),
    (np.linalg.eigvalsh, (H,), {"UPLO": "u"}),
    (np.linalg.svd, (W,), {}),
    (np.linalg.svd, (W, False), {}),
    (np.linalg.svd, (W,), {"compute_uv": False}),
    *((np.linalg.norm, (V,), {"ord": p}) for p in (None, 0, 1, 2, 3, 0.5, -1, np.inf, -np.inf)),
    *((np.linalg.norm, (R, p, (0, 2)), {}) for p in (None, "fro", "nuc", 1, -1, 2, -2, np.inf)),
    *((np.linalg.norm, (W, p, (2, -2), True), {}) for p in (None, "fro", "nuc", -np.inf)),
    (np.linalg.norm, (R,), {"axis": 1}),
    (np.linalg.norm, (R,), {"keepdims": True}),
    (np.linalg.norm, (R[0], 2), {"keepdims": True}),
    *((np.linalg.cond, (Z, p), {}) for p in (None, 2, -2, "fro", "nuc", 1, np.inf)),
    (np.linalg.matrix_rank, (R,), {}),
    (np.linalg.matrix_rank, (V,), {}),
    (np.linalg.matrix_rank, (np.diag([1.0, 1e-3, 0.0]), 0.1), {}),
    (np.linalg.matrix_rank, (H,), {"hermitian": True}),
    *((np.linalg.matrix_power, (Z, n), {}) for n in (-3, -1, 0, 1, 2, 5, 6)),
    (np.linalg.multi_dot, ([R[0], S[0], R[0].T, R[0], V[:3]],), {}),
    (np.linalg.multi_dot, ([V[:3], S[0]],), {}),
    (np.linalg.multi_dot, ([V[:4], R[0], V[:3]],), {}),
    *((np.tensordot, (W, R, n), {}) for n in (0, ((0, 2), (0, 2)), ((-2,), (1,)))),
    (np.tensordot, (R, S[0]), {"axes": 1}),
    (np.tensordot, (R, S), {"axes": ([2, 0], [1, 0])}),
    (np.dot, (R, S), {}),
    (np.dot, (R, V[:3]), {}),
    (np.dot, (R, 2.0), {}),
    (np.inner, (R, S[0]), {}),
    (np.vdot, (Z, Z + 1), {}),
    (np.outer, (R, V), {}),
    (np.kron, (R, S[0]), {}),
    (np.kron, (V, R), {}),
    (np.cross, (S, S[0] + 1), {}),
    (np.cross, (S, R[:, :3]), {"axisa": 1, "axisb": 2, "axisc": 0}),
    *((np.trace, (R, k), {}) for k in (-4, -1, 0, 1, 2)),
    (np.trace, (R,), {"axis1": 1, "axis2": 2, "dtype": np.float32}),
    *((np.diagonal, (R, k, 1, 2), {}) for k in (-5, -3, -1, 0, 2, 3, 9)),
    (np.diagonal, (R,), {"axis1": -1, "axis2": 0}),
    (np.matrix_transpose, (R,), {}),
    (np.linalg.lstsq, (R[0], V[:4]), {}),
    (np.linalg.lstsq, (R[0], R[1]), {"rcond": 1e-3}),
    (np.linalg.lstsq, (R[0].T, V[:3], -1), {}),
    (np.linalg.tensorsolve, (T, R[0, :3, :2]), {"axes": (0,)}),
    (np.linalg.tensorsolve, (T.transpose(1, 2, 0), R[0, :3, :2]), {}),
    (np.linalg.tensorinv, (T, 1), {}),
    (np.linalg.tensordot, (W, R), {"axes": ((0, 2), (0, 2))}),
    (np.linalg.matmul, (R, S), {}),
    (np.vecdot, (W, R), {}),
    (np.vecdot, (W, R), {"axis": 1}),
    (np.linalg.vector_norm, (R,), {"axis": (0, 2), "ord": 3}),
    (np.linalg.matrix_norm, (R,), {"ord": "nuc", "keepdims": True}),
    (np.linalg.svdvals, (W,), {}),
    (np.linalg.trace, (R,), {"offset": -1}),
    (np.linalg.diagonal, (R,), {"offset": 1}),
    (np.linalg.outer, (V, U), {}),
    (np.linalg.cross, (S, S + 1), {}),
]


def ids(entry: Any) -> Any:
    return getattr(entry, "__name__", None)


@pytest.mark.parametrize(("function", "args", "kwargs"), SAME, ids=ids)
def test_numpy_s_functions(function: Any, args: Any, kwargs: Any) -> None:
    expected = function(*args, **kwargs)
    first, *rest = args
    tracked = [ad.Tensor(x) for x in first] if isinstance(first, list) else ad.Tensor(first)
    found = function(tracked, *rest, **kwargs)
    several = isinstance(expected, tuple)
    for x, y in zip(
        found if several else [found], expected if several else [expected], strict=True
    ):
        assert isinstance(x, ad.Tensor)
        assert x.shape == np.shape(y)
        assert x.dtype == np.asarray(y).dtype or x.dtype.kind == np.asarray(y).dtype.kind == "i"
        np.testing.assert_allclose(x.numpy(), y, rtol=1e-10, atol=1e-12)
    if several and hasattr(expected, "_fields"):
        assert found._fields == type(expected)._fields
