"""What a failed check says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class GradientError(AssertionError):
    """A gradient that is wrong, or that breaks one of the engine's rules.

    Attributes:
        order: 1 for the gradient, 2 for the gradient's gradient, and so on.
        input: what the derivative is by: "input 0", or from second order on "upstream 0".
        index: the element that is off most; None where the array as a whole is.
        analytic: what the rules gave there.
        numeric: what it should have been.
    """

    def __init__(
        self,
        message: str,
        *,
        order: int = 1,
        input: str | None = None,
        index: tuple[int, ...] | None = None,
        analytic: float = math.nan,
        numeric: float = math.nan,
    ) -> None:
        super().__init__(message)
        self.order = order
        self.input = input
        self.index = index
        self.analytic = analytic
        self.numeric = numeric


class Deviation(NamedTuple):
    """One number that is off."""

    #: position in the flattened array
    at: int
    analytic: float
    numeric: float
    #: by how much `numeric` may itself be off
    error: float
    #: where `numeric` comes from
    how: str

    def __str__(self) -> str:
        a, n = self.analytic, self.numeric
        ratio = a / n if n else math.nan
        factor = f", a factor of {ratio:.6g}" if math.isfinite(ratio) else ""
        return (
            f"the rules give {a:.10g}, {self.how} {n:.10g} (± {self.error:.1g}), "
            f"off by {abs(a - n):.3g}{factor}"
        )


def worst(deviations: Sequence[Deviation]) -> Deviation:
    """The largest of some deviations; NaN is the largest of all."""
    off = [abs(d.analytic - d.numeric) for d in deviations]
    return deviations[int(np.argmax(np.nan_to_num(off, nan=math.inf)))]
