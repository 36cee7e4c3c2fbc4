"""Products of matrices and vectors."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..engine._broadcast import Undo, undo_for
from ..engine._op import op
from ..engine._samples import Arrays, Draw

__all__ = [
    "matmul",
]


def _matmul_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    n, k, m = draw.integer(0, 3), draw.integer(1, 3), draw.integer(1, 3)
    left, right = draw.shapes(2)
    kind = draw.integer(0, 5)
    if kind == 0:  # vector · vector, matrix · vector, vector · matrix, and batches
        return (draw.array((k,)), draw.array((k,))), {}
    if kind == 1:
        return (draw.array((*left[:2], n, k)), draw.array((k,))), {}
    if kind == 2:
        return (draw.array((k,)), draw.array((*right[:2], k, m))), {}
    if kind == 3:
        return (draw.array((n, k)), draw.array((k, m))), {}
    return (draw.array((*left[-2:], n, k)), draw.array((*right[-2:], k, m))), {}


def _matmul_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    x, y = arrays
    if x.ndim == y.ndim == 2 and x.dtype is y.dtype:
        return None
    # out is (*batch, n, m), without n or m where x or y is a vector
    batch = out.shape[: out.ndim - (x.ndim > 1) - (y.ndim > 1)]
    how = (
        undo_for(batch + x.shape[-2:], x, out),
        undo_for(batch + y.shape[-2:], y, out),
    )
    return how if any(how) else None


def _matmul_x(xp: Any, g: Any, y: Any, x_shape: Any) -> Any:
    if y.ndim == 1:
        return g[..., None] * y
    if len(x_shape) == 1 and y.ndim > 2:
        return xp.matmul(y, g[..., None])[..., 0]
    return xp.matmul(g, y.mT)  # of a vector, all of a Jacobian's rows in one product


def _matmul_y(xp: Any, g: Any, x: Any, y_shape: Any) -> Any:
    if len(y_shape) == 1:
        if x.ndim == 1:
            return g[..., None] * x
        return xp.matmul(g, x) if x.ndim == 2 else xp.matmul(x.mT, g[..., None])[..., 0]
    return x[:, None] * g[..., None, :] if x.ndim == 1 else xp.matmul(x.mT, g)


@op(
    x=_matmul_x,
    y=_matmul_y,
    broadcast=_matmul_undo,
    operator="matmul",
    numpy=np.matmul,
    label="@",
    flops=lambda out, x, y: 2 * prod(out) * x[-1],
    sample=_matmul_sample,
)
def matmul(xp: Any, x: Any, y: Any, /) -> Any:
    """Matrix product: (..., n, k) · (..., k, m) -> (..., n, m); vectors (k,) on either side.

    Leading axes broadcast. 0-d arrays are refused.

    >>> matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    Tensor([3., 7.], dtype=float32)
    """
    return xp.matmul(x, y)
