"""One step of an optimizer: what becomes of gradients and Variables, in Keras' order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import autodiff as ad
from autodiff import Tensor, Variable
from optim import _clip
from optim._accumulation import accumulated, check
from optim.schedules._schedule import floor

if TYPE_CHECKING:
    from optim._optimizer import Optimizer


def new_values(
    optimizer: Optimizer, gradients: Sequence[Tensor], variables: Sequence[Variable]
) -> dict[Variable, Tensor]:
    """The new values of parameters and state; nothing is assigned."""
    t = ad.astype(optimizer.iterations, ad.float64) + 1
    gradients = cast(gradients, variables)
    step = partial(stepped, optimizer, variables=variables, t=t)
    if optimizer.gradient_accumulation_steps is None:
        new = step(gradients)
    else:
        new = accumulated(optimizer, gradients, variables, step)
    averaged(optimizer, new, t)
    if optimizer.gradient_accumulation_steps is None:
        new[optimizer.iterations] = optimizer.iterations + 1
    return new


def stepped(
    optimizer: Optimizer, gradients: list[Tensor], variables: Sequence[Variable], t: Tensor
) -> dict[Variable, Tensor]:
    """The new values after step t on these gradients, without running means."""
    o = optimizer
    rate = o.rate()
    new = dict(zip(o.shared, o.advance(t), strict=True))
    numbers: dict[Any, list[Tensor]] = {}
    for w, g in zip(variables, clipped(o, gradients), strict=True):
        kind = w.dtype, o.multiplier(w)
        if kind not in numbers:
            own_rate = rate if kind[1] == 1 else rate * kind[1]
            exact = [own_rate * (o.weight_decay or 0.0), *o.factors(own_rate, t)]
            numbers[kind] = [ad.astype(x, w.dtype) for x in exact]
        decay, *factors = numbers[kind]
        value = w - w * decay if o.decays(w) else w
        slots = o.state.slots[w]
        values = o.update(value, g, *factors, *slots)
        if len(values) != 1 + len(slots):
            raise ValueError(
                f"{type(o).__name__}.update gave {len(values)} values; expected {1 + len(slots)}: "
                f"{', '.join(('the Variable', *o.slots))}"
            )
        new.update(zip((w, *slots), values, strict=True))
    return new


def cast(gradients: Sequence[Tensor], variables: Sequence[Variable]) -> list[Tensor]:
    """Gradients in the dtypes of their Variables."""
    pairs = zip(gradients, variables, strict=True)
    return [g if g.dtype == w.dtype else ad.astype(g, w.dtype) for g, w in pairs]


def clipped(optimizer: Optimizer, gradients: list[Tensor]) -> list[Tensor]:
    """Gradients clipped as the optimizer asks for it."""
    if optimizer.clipvalue is not None:
        return _clip.by_value(gradients, optimizer.clipvalue)
    if optimizer.clipnorm is not None:
        return _clip.by_norm(gradients, optimizer.clipnorm)
    if optimizer.global_clipnorm is not None:
        return _clip.by_global_norm(gradients, optimizer.global_clipnorm)
    return gradients


def averaged(optimizer: Optimizer, new: dict[Variable, Tensor], t: Tensor) -> None:
    """Running means of all Variables, also of those without a gradient, added to `new`.

    The first step's value is the first mean. Where it is time, Variables take their means.
    """
    every = optimizer.ema_overwrite_frequency
    keep = optimizer.ema_momentum * ad.astype(t > 1, ad.float64)
    for w, mean in optimizer.state.means.items():
        value = new.get(w, w)
        kept = ad.astype(keep, w.dtype)
        new[mean] = mean * kept + value * (1 - kept)
        if every is not None:
            due = t - every * floor(t / every) == 0
            new[w] = ad.where(due, new[mean], value)


def assign(new: dict[Variable, Tensor]) -> None:
    """Assign all values, after the last was checked."""
    check(new)
    for v, value in new.items():
        v.assign(value)
