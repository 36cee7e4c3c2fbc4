"""What special functions of two or three numbers share: their dtypes, and samples of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._samples import Arrays, Draw, Sample


def alike(xp: Any, *operands: Any) -> list[Any]:
    """Operands with numbers, and arrays of integers, in the dtype of the floats among them.

    SciPy would compute in float64 where they are beside float32.
    """
    kinds = [x.dtype for x in operands if hasattr(x, "dtype") and x.dtype.kind in "fc"]
    real = np.dtype(np.result_type(*kinds).char.lower()) if kinds else np.dtype(np.float64)
    return [_as_real(xp, x, real) for x in operands]


def _as_real(xp: Any, x: Any, real: np.dtype[Any]) -> Any:
    if not hasattr(x, "dtype"):
        return x if real == np.float64 else real.type(x)
    return xp.astype(x, real) if x.dtype.kind in "iub" else x


def of_order(least: int, most: int, low: float, high: float) -> Sample:
    """Integers from `least` to `most`, and numbers that broadcast with them."""

    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        orders, x = draw.shapes(2)
        n = np.floor(draw.array(orders, least, most + 1)).astype(np.int64)
        return (n, draw.array(x, low, high)), {}

    return sample


def fractions(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    """Two integers from 1 to 3, and numbers between 0 and 1, that broadcast."""
    a, b, x = draw.shapes(3)
    first, second = (np.floor(draw.array(s, 1, 4)).astype(np.int64) for s in (a, b))
    return (first, second, draw.array(x, 0.2, 0.8)), {}
