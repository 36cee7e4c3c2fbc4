"""Derivatives along a line, from values alone: central differences and the complex step.

Central differences D(h) = (f(h) - f(-h)) / 2h are off by a series in h²; two rounds of Richardson
extrapolation over h, h/2, h/4 remove its first two terms, and what the second round changed says
how far off the result may be. Rounding adds about eps·|f|/h. Around h = 2⁻⁸ both are near 1e-12
for functions that vary on a scale of 1; where they are not, h is made smaller.

The complex step Im f(ih) / h has no cancellation, so h may be tiny and the result is exact to
rounding, for functions that are analytic and written so that complex numbers pass through them.
(Squire and Trapp, "Using complex variables to estimate derivatives of real functions", 1998.)
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
#: values, as one flat array, of a function at the point t along a line
Line = Callable[[Any], Array]

STEP = 2.0**-8
SHRINK = 8.0
TRIES = 10
TINY = 1e-30
EPS = float(np.finfo(np.float64).eps)


class Estimate(NamedTuple):
    """A derivative for each of the line's values, and how far off it may be."""

    value: Array
    error: Array

    def summed(self) -> Estimate:
        """The derivative of the values' sum."""
        return Estimate(self.value.sum(keepdims=True), self.error.sum(keepdims=True))


def central(line: Line) -> Estimate:
    """Derivatives at 0 by central differences, extrapolated; NaN where none of the steps helps."""
    best = None
    h = STEP
    for _ in range(TRIES):
        ends = [(line(h / k), line(-h / k)) for k in (1, 2, 4)]
        slopes = [(up - down) / (2 * h / k) for (up, down), k in zip(ends, (1, 2, 4), strict=True)]
        once = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
        value = (16 * once[1] - once[0]) / 15
        size = np.max(np.abs(ends), axis=(0, 1))
        # values that stay the same to the last bit are as good as their last bit
        rounding = np.where(np.ptp(ends, axis=(0, 1)) > 0, 16, 1) * EPS * size / h
        error = np.abs(once[1] - once[0]) + rounding
        found = Estimate(value, error)
        if np.isfinite(error).all():
            if best is None or error.sum() < best.error.sum():
                best = found
            if (error <= 1e-9 * np.abs(value) + 1e-11 * size).all():
                break
        h /= SHRINK
    return found if best is None else best


def close(a: Array, b: Array, least: float = 0.0) -> bool:
    """Whether two arrays are equal but for the rounding of sums taken in another order.

    `least` is the size of numbers that their elements may be a part of.
    """
    tolerance = 64 * np.finfo(a.dtype).eps
    size = float(np.max(np.abs(a[np.isfinite(a)]), initial=least))
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * size, equal_nan=True)


def sides(line: Line) -> tuple[Array, Array] | None:
    """The derivatives from the left and from the right, where they differ; None at smooth points.

    At a kink their difference stays as the step shrinks; at a smooth point it shrinks with it.
    """
    coarse, fine = (_one_sided(line, STEP / SHRINK**k) for k in (2, 3))
    jump, before = fine[1] - fine[0], coarse[1] - coarse[0]
    kinks = (np.abs(jump - before) <= 0.01 * np.abs(jump)) & (
        np.abs(jump) > 1e-4 * (np.abs(fine[0]) + np.abs(fine[1]))
    )
    if not kinks.any():
        return None
    middle = (fine[0] + fine[1]) / 2
    left, right = np.where(kinks, fine[0], middle), np.where(kinks, fine[1], middle)
    return left, right


def _one_sided(line: Line, h: float) -> tuple[Array, Array]:
    """Left and right slopes, each off by terms of order h²."""
    here = line(0.0)
    left, right = (
        2 * (line(s * h / 2) - here) / (s * h / 2) - (line(s * h) - here) / (s * h)
        for s in (-1.0, 1.0)
    )
    return left, right


def complex_step(line: Line) -> Estimate:
    """Derivatives at 0 by the complex step.

    Raises:
        TypeError: the values are not complex, so the step was lost on the way.
    """
    values = line(1j * TINY)
    if values.size and values.dtype.kind != "c":
        raise TypeError("complex inputs gave real values")
    slopes = values.imag / TINY
    size = float(np.max(np.abs(slopes), initial=0.0))
    return Estimate(slopes, np.full(slopes.shape, 64 * EPS * size + TINY))
