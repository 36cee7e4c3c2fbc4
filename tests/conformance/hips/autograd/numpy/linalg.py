"""NumPy's linear algebra, and what autograd's tests take from its own."""

from __future__ import annotations

from typing import Any

import numpy as _np

from . import array as _array


def _dot(x: Any, y: Any) -> Any:
    return _np.matmul(x, y)


def T(x: Any) -> Any:
    """Matrices transposed."""
    return _np.swapaxes(x, -1, -2)


def norm(x: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.linalg.norm`, which has no protocol for lists."""
    return _np.linalg.norm(_array(x), *args, **kwargs)


def __getattr__(name: str) -> Any:
    return getattr(_np.linalg, name)
