"""What an array on a wire is like: mean, deviation, a small histogram; and what is wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._model import Spec

#: columns of a histogram, and the letters that draw them
BINS = 8
BARS = "▁▂▃▄▅▆▇█"
#: a histogram counts no more elements than this, evenly spread
SAMPLE = 1 << 16
#: gradients whose largest element is smaller have vanished, where the target's own is 1
VANISHING = 1e-8


class Summary(NamedTuple):
    """An array in a few numbers; of complex numbers, those of their absolute values."""

    mean: float
    std: float
    low: float
    high: float
    counts: tuple[int, ...]
    nan: int
    inf: int
    size: int

    @property
    def bars(self) -> str:
        """The histogram from the lowest to the highest element, as letters."""
        top = max(self.counts, default=0)
        return "".join(BARS[0 if not n else max(1, round(n / top * 7))] for n in self.counts)


def summary(data: Any) -> Summary | None:
    """Of the finite elements, and how many are not; None where there are no numbers."""
    if data is None or isinstance(data, Spec):
        return None
    array = np.asarray(data)
    if array.dtype.kind not in "biufc" or not array.size:
        return None
    flat = np.abs(array).ravel() if array.dtype.kind == "c" else array.ravel()
    with np.errstate(all="ignore"):
        finite = flat
        nan = inf = 0
        if flat.dtype.kind == "f":
            good = np.isfinite(flat)
            if not good.all():
                nan = int(np.isnan(flat).sum())
                inf, finite = flat.size - nan - int(good.sum()), flat[good]
        if not finite.size:
            return Summary(np.nan, np.nan, np.nan, np.nan, (), nan, inf, flat.size)
        low, high = float(finite.min()), float(finite.max())
        mean, std = float(finite.mean(dtype=np.float64)), float(finite.std(dtype=np.float64))
    return Summary(mean, std, low, high, _counts(finite, low, high), nan, inf, flat.size)


def _counts(finite: Any, low: float, high: float) -> tuple[int, ...]:
    """How many elements lie in each of the columns, all of equal width."""
    sample = finite[:: -(-finite.size // SAMPLE)].astype(np.float64)
    width = high - low
    if not 0 < width < np.inf:
        return ()
    columns = np.minimum(((sample - low) * (BINS / width)).astype(np.int64), BINS - 1)
    return tuple(np.bincount(np.maximum(columns, 0), minlength=BINS).tolist())


def mark(data: Any, gradient: bool = False) -> str:
    """What is wrong with a value: "nan" or "inf"; with a gradient also "dead" or "vanishing"."""
    if isinstance(data, np.floating):  # the common case in pictures of numbers
        largest = abs(float(data))
        wrong = "nan" if largest != largest else "inf" if largest == np.inf else ""
    else:
        found = summary(data)
        if found is None:
            return ""
        wrong = "nan" if found.nan else "inf" if found.inf else ""
        largest = max(abs(found.low), abs(found.high))
    if wrong or not gradient:
        return wrong
    return "dead" if largest == 0 else "vanishing" if largest < VANISHING else ""
