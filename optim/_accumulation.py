"""Steps that are computed in every call and taken in some, as a program does the same each time.

Gradients of several calls may make one step: their mean is what the formula is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import autodiff as ad
from autodiff import Tensor, Variable

if TYPE_CHECKING:
    from optim._optimizer import Optimizer

Values = dict[Variable, Tensor]


def accumulated(
    optimizer: Optimizer,
    gradients: Sequence[Tensor],
    variables: Sequence[Variable],
    step: Callable[[list[Tensor]], Values],
) -> Values:
    """The new values after one more gradient of each Variable; `step` gives those after a step."""
    o = optimizer
    n = o.gradient_accumulation_steps
    assert n is not None
    gathered = o.gathered + 1
    due = gathered == n
    sums = [o.state.sums[w] + g for w, g in zip(variables, gradients, strict=True)]
    new = taken(due, step([total / n for total in sums]))
    kept = {o.state.sums[w]: total for w, total in zip(variables, sums, strict=True)}
    for total in o.state.sums.values():  # also of Variables that had no gradient this time
        new[total] = ad.where(due, ad.zeros_like(total), kept.get(total, total))
    new[o.gathered] = ad.where(due, 0, gathered)
    new[o.iterations] = o.iterations + ad.astype(due, o.iterations.dtype)
    return new


def taken(due: Tensor, new: Values) -> Values:
    """The new values where a step is due, else the old ones."""
    check(new)
    return {v: ad.where(due, value, v) for v, value in new.items()}


def check(new: Values) -> None:
    """Raise ValueError for a new value of another shape than its Variable has."""
    for v, value in new.items():
        if value.shape != v.shape:
            raise ValueError(
                f"the formula gave {v.name!r} shape {value.shape}; expected {v.shape}, as it has"
            )
