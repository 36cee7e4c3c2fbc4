"""Analytic derivatives against numeric ones, order by order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ._case import Case
from ._errors import Deviation, GradientError
from ._functions import evaluate, flat, signed
from ._judge import judge
from ._numeric import Array

#: inputs up to this size are checked element by element; larger ones along random directions,
#: and so many of their elements are looked at to name one when that fails
SMALL, LOOKED_AT = 16, 256


def first_order(case: Case) -> None:
    """The gradient of <upstream, f> along single elements or random directions, and as a whole."""
    gradients = case.gradients()
    for k, a in enumerate(case.arrays):
        elements: Iterable[int] = range(a.size)
        if a.size > SMALL:
            along = [np.zeros(b.shape) for b in case.arrays]
            along[k] = signed(case.random, a.shape) * np.maximum(1.0, np.abs(a))
            wrong = _along(case, gradients, along)
            elements = case.random.permutation(a.size)[:LOOKED_AT].tolist() if wrong else ()
        else:
            wrong = []
        found = [d for i in elements for d in _at(case, gradients, k, i)]
        case.fail(case.labels[k], a.shape, found)
        _fail_along(case, case.labels[k] + " along a random direction", wrong)
    # what equal elements must share between them shows only when they move together
    together = [np.ones(a.shape) for a in case.arrays]
    _fail_along(case, "all inputs moved together", _along(case, gradients, together))


def _at(case: Case, gradients: Sequence[Array], k: int, i: int) -> list[Deviation]:
    """The deviation at element i of input k."""
    along = [np.zeros(b.shape) for b in case.arrays]
    size = max(1.0, abs(float(case.arrays[k].flat[i])))
    along[k].flat[i] = size
    return [
        Deviation(i, d.analytic / size, d.numeric / size, d.error / size, d.how)
        for d in _along(case, gradients, along)
    ]


def _along(case: Case, gradients: Sequence[Array], along: Sequence[Array]) -> list[Deviation]:
    """The deviation of the gradients' component along a direction."""
    weights = flat(case.upstream)

    def line(t: complex) -> Array:
        return flat(evaluate(case.function, case.moved(along, t))) * weights

    terms = flat([g * u for g, u in zip(gradients, along, strict=True)])
    size = max(float(np.abs(terms).sum()), _largest(gradients) * _largest(along))
    return judge(case, terms.sum(keepdims=True), line, size)


def _largest(arrays: Sequence[Array]) -> float:
    return float(np.max(np.abs(flat(arrays)), initial=0.0))


def _fail_along(case: Case, label: str, wrong: Sequence[Deviation]) -> None:
    for d in wrong:
        raise GradientError(
            f"{case.name}: the derivative of order {case.order} by {label}: {d}",
            order=case.order,
            input=label,
            analytic=d.analytic,
            numeric=d.numeric,
        )


def next_order(case: Case) -> Case:
    """The gradient of <w, ∇<v, f>> by x and v, against differences of what is one order lower.

    By v it is the derivative of f along w. By x it is the Hessian times w from the left, compared
    with the derivative of ∇<v, f> along w, the Hessian times w from the right: agreement says that
    the Hessian is symmetric too. Returns the case of ∇<v, f>, from which to go on.
    """
    up = case.raised()
    gradients = up.gradients()
    w = up.upstream

    def gradient_along(t: complex) -> Array:
        return flat(evaluate(up.function, [*case.moved(w, t), *case.upstream]))

    def function_along(t: complex) -> Array:
        return flat(evaluate(case.function, case.moved(w, t)))

    n = len(case.arrays)
    for part, line in ((slice(n), gradient_along), (slice(n, None), function_along)):
        wrong = judge(up, flat(gradients[part]), line, _largest(gradients))
        start = 0
        for label, a in zip(up.labels[part], up.arrays[part], strict=True):
            mine = [d for d in wrong if start <= d.at < start + a.size]
            up.fail(label, a.shape, [d._replace(at=d.at - start) for d in mine])
            start += a.size
    return up
