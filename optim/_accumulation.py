"""Gradients of several calls for one step: their mean is what the formula is given."""

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
    """The new values after one more gradient of each Variable; `step` gives those after a step.

    A program does the same in every call: a step is computed each time, and taken every nth time.
    """
    o = optimizer
    n = o.gradient_accumulation_steps
    assert n is not None
    gathered = o.gathered + 1
    due = gathered == n
    sums = [o.state.sums[w] + g for w, g in zip(variables, gradients, strict=True)]
    new = {v: ad.where(due, value, v) for v, value in step([total / n for total in sums]).items()}
    kept = {o.state.sums[w]: total for w, total in zip(variables, sums, strict=True)}
    for total in o.state.sums.values():  # also of Variables that had no gradient this time
        new[total] = ad.where(due, ad.zeros_like(total), kept.get(total, total))
    new[o.gathered] = ad.where(due, 0, gathered)
    new[o.iterations] = o.iterations + ad.astype(due, o.iterations.dtype)
    return new
