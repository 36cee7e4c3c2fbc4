"""Whether derivatives are right: how close to the numeric ones they must be."""

from __future__ import annotations

import numpy as np

from ._case import Case
from ._errors import Deviation, GradientError
from ._numeric import EPS, Array, Estimate, Line, central, complex_step, sides

#: relative deviation from the complex step that passes; it is exact to rounding
EXACT = 1e-9
#: numeric derivatives less certain than this, relative to themselves and to the largest of the
#: gradient's elements, are not believed
CERTAIN, CERTAIN_OF_LARGEST = 1e-4, 1e-6


def judge(case: Case, analytic: Array, line: Line, size: float) -> list[Deviation]:
    """What is wrong with derivatives along a line; at first order, with that of the values' sum.

    A derivative passes within `case.rtol`, ten times the numeric one's own error, and the rounding
    of the analytic one, whose terms are of `size`. Where the numeric one is too uncertain, nothing
    passes: a check that cannot tell must not say yes.
    """
    numeric = central(line).summed() if case.order == 1 else central(line)
    numeric = numeric._replace(error=10 * numeric.error + 64 * EPS * size)
    larger = np.maximum(np.abs(analytic), np.abs(numeric.value))
    certain = numeric.error <= CERTAIN * larger + CERTAIN_OF_LARGEST * max(1.0, size)
    wrong = ~(_near(analytic, numeric, case.rtol) & (certain | (case.complex_step is True)))
    if not wrong.any():
        return _by_complex_step(case, analytic, line, numeric, size)
    if case.order == 1 and (both := sides(line)) is not None:
        # at a kink whatever lies between the derivatives of its two sides is a gradient
        low, high = (ends(*both).sum(keepdims=True) for ends in (np.minimum, np.maximum))
        slack = 1e-6 * (np.abs(low) + np.abs(high))
        wrong = ~((low - slack <= analytic) & (analytic <= high + slack))
        how = f"at this kink {low[0]:.6g} to {high[0]:.6g} is right; differences give"
    elif certain.all():
        how = "central differences give"
    else:
        how = "differences do not settle (f not smooth here, or too steep or large); they give"
    return _deviations(analytic, numeric, how, wrong)


def _by_complex_step(
    case: Case, analytic: Array, line: Line, numeric: Estimate, size: float
) -> list[Deviation]:
    """What is wrong by the complex step, where it agrees with the differences."""
    if case.complex_step is False:
        return []
    try:
        exact = complex_step(line)
    except Exception as error:  # f may refuse complex numbers in any way it likes
        if case.complex_step:
            message = f"{case.name}: f does not take complex numbers: {error}"
            raise GradientError(message, order=case.order) from error
        case.complex_step = False
        return []
    if case.order == 1:
        exact = exact.summed()
    exact = exact._replace(error=exact.error + 64 * EPS * size)
    off = ~_near(exact.value, numeric, case.rtol)
    if not off.any():
        wrong = ~_near(analytic, exact, EXACT)
        return _deviations(analytic, exact, "the complex step gives", wrong)
    if case.complex_step:
        k = int(np.argmax(off))
        raise GradientError(
            f"{case.name}: is f analytic? The complex step gives {exact.value[k]:.10g} where "
            f"central differences give {numeric.value[k]:.10g}, at order {case.order}",
            order=case.order,
        )
    return []  # f takes complex numbers, but is not analytic


def _near(value: Array, numeric: Estimate, rtol: float) -> Array:
    larger = np.maximum(np.abs(value), np.abs(numeric.value))
    near: Array = np.abs(value - numeric.value) <= rtol * larger + numeric.error
    return near


def _deviations(analytic: Array, numeric: Estimate, how: str, wrong: Array) -> list[Deviation]:
    return [
        Deviation(int(k), float(analytic[k]), float(numeric.value[k]), float(numeric.error[k]), how)
        for k in np.flatnonzero(wrong)
    ]
