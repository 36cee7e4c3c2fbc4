"""What special functions of two or three numbers share: their dtypes, and samples of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._samples import Arrays, Draw, Sample

#: codes of dtypes -> those of real numbers as precise
REAL = {"e": "e", "f": "f", "F": "f"}


def beside(xp: Any, n: Any, x: Any) -> Any:
    """Numbers, and arrays of integers, in the dtype of the other operand x.

    SciPy would compute in float64 where they are beside float32.
    """
    kind = x.dtype.char if hasattr(x, "dtype") else ""
    if not hasattr(n, "dtype"):
        return np.dtype(REAL[kind]).type(n) if kind in REAL else n
    return xp.astype(n, REAL.get(kind, np.float64)) if n.dtype.kind in "iub" else n


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
