"""What the engine promises of every gradient besides its value."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..arrays._backend import NAMESPACES, as_data
from ..arrays._device import here, host
from ..engine._calls import constant
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ..engine._variable import Variable
from ._case import Case
from ._errors import GradientError
from ._functions import tensors
from ._numeric import Array, close

#: axes in front of the upstream gradient when a pull is tried on a stack of them
LEAD = (2, 2)
#: the second of two upstream gradients is so many times the first
TWICE = -2.0


def conventions(case: Case) -> None:
    """Raise where one of the promises is broken."""
    single = [a.astype(np.float32) for a in case.arrays]
    _same_on_every_walk(case, case.arrays)
    _same_on_every_walk(case, single)
    _leading_axes(case)


def _same_on_every_walk(case: Case, arrays: Sequence[Array]) -> None:
    """Used-up, persistent and nested tapes, watched Tensors and Variables give the same.

    The nested one runs the rules on Tensors, the others on raw arrays.
    """
    first: list[Tensor | None] | None = None
    for what, persistent, nested, make in (
        ("watched Tensors", False, False, constant),
        ("Variables", False, False, Variable),
        ("a persistent tape", True, False, constant),
        ("a tape inside another one", False, True, constant),
    ):
        xs = [make(here(as_data(np.array(a)))) for a in arrays]
        upstream = tensors(case.upstream)
        with GradientTape() if nested else nullcontext():
            with GradientTape(persistent) as tape:
                tape.watch(xs)
                ys = case.function(xs)
            results = [np.array(host(y._data)) for y in ys]
            gradients: list[Tensor | None] = tape.gradient(ys, xs, upstream)
        for label, a, g in zip(case.labels, arrays, gradients, strict=True):
            if g is not None and (g.shape != a.shape or g.dtype != a.dtype):
                raise _broken(
                    case, label, f"has shape {g.shape}, {g.dtype}; expected {a.shape}, {a.dtype}"
                )
        _untouched(case, "inputs", arrays, xs)
        _untouched(case, "upstream gradients", case.upstream, upstream)
        _untouched(case, "outputs", results, ys)
        if not nested:  # Tensors are values, and may share
            _own_memory(case, gradients, xs, ys, upstream)
        first = first or gradients
        for label, one, other in zip(case.labels, first, gradients, strict=True):
            if not _equal(one, other, _largest(map(_raw, first)) if case.parts else 0.0):
                raise _broken(
                    case, label, f"is {_text(other)} with {what}, but {_text(one)} otherwise"
                )


def _untouched(case: Case, what: str, before: Sequence[Array], after: Sequence[Tensor]) -> None:
    """The pass wrote to none of these arrays."""
    for k, (a, x) in enumerate(zip(before, after, strict=True)):
        if a.tobytes() != host(x._data).tobytes():
            raise GradientError(
                f"{case.name}: a rule wrote to the {what}: number {k} is {x.tolist()}, was "
                f"{a.tolist()}"
            )


def _own_memory(
    case: Case,
    gradients: Sequence[Tensor | None],
    xs: Sequence[Tensor],
    ys: Sequence[Tensor],
    upstream: Sequence[Tensor],
) -> None:
    """No gradient lies in the memory of another one, or of anything that went in or came out."""
    named = [(f"the gradient by {n}", g) for n, g in zip(case.labels, gradients, strict=True)]
    others: list[tuple[str, Tensor | None]] = [*zip(case.labels, xs, strict=True)]
    others += [(f"upstream {k}", g) for k, g in enumerate(upstream)]
    others += [(f"output {k}", y) for k, y in enumerate(ys)]
    for (label, g), (other, x) in (
        *itertools.combinations(named, 2),
        *itertools.product(named, others),
    ):
        if g is None or x is None:
            continue
        if NAMESPACES[type(g._data)].shares_memory(g._data, x._data):
            raise GradientError(f"{case.name}: {label} shares memory with {other}")


def _leading_axes(case: Case) -> None:
    """Pulling a stack of upstream gradients is pulling each of them, and pulling is linear."""
    first = [case.random.uniform(-1, 1, (LEAD[0], *v.shape)) for v in case.upstream]
    stacks = [np.stack([v, TWICE * v], axis=1) for v in first]
    xs = tensors(case.arrays)
    with GradientTape(persistent=True) as tape:
        tape.watch(xs)
        ys = case.function(xs)

    def pull(upstream: Sequence[Array], lead: tuple[int, ...]) -> list[Any]:
        pairs = zip(ys, upstream, strict=True)
        seeds = [constant(here(as_data(g.astype(y.dtype)))) for y, g in pairs]
        found = tape._walk(ys, seeds, xs, "none", lead)
        return [None if g is None else np.asarray(host(g._data)) for g in found]

    try:
        stacked = pull(stacks, LEAD)
    except Exception as error:  # whatever a rule raises when it does not know what to do
        raise _broken(
            case, "some input", f"cannot be pulled with leading axes {LEAD} upstream: {error}"
        ) from error
    least = _largest(stacked) if case.parts else 0.0
    for at in np.ndindex(*LEAD):
        alone = pull([np.asarray(s[at]) for s in stacks], ())
        for label, a, many, one in zip(case.labels, case.arrays, stacked, alone, strict=True):
            if many is None and one is None:
                continue
            if np.shape(many) != LEAD + a.shape:
                what = f"has shape {np.shape(many)} with leading axes {LEAD} upstream"
                raise _broken(case, label, f"{what}; expected {LEAD + a.shape}")
            if not close(many[at], one, least):
                what = f"is {many[at].tolist()} at {at} of leading axes {LEAD} upstream"
                raise _broken(case, label, f"{what}, but {one.tolist()} alone")
    for label, many in zip(case.labels, stacked, strict=True):
        if many is not None and not close(TWICE * many[:, 0], many[:, 1], least):
            raise _broken(case, label, "is not linear in the upstream gradient")


def _equal(a: Tensor | None, b: Tensor | None, least: float) -> bool:
    if a is None or b is None:
        return a is b
    return close(_raw(a), _raw(b), least)


def _raw(x: Tensor | None) -> Any:
    return None if x is None else np.asarray(host(x._data))


def _largest(arrays: Iterable[Any]) -> float:
    """The largest finite number, whatever its sign."""
    finite = [np.abs(a[np.isfinite(a)]) for a in arrays if a is not None]
    return max((float(a.max(initial=0.0)) for a in finite), default=0.0)


def _text(x: Tensor | None) -> str:
    return "None" if x is None else str(x.tolist())


def _broken(case: Case, label: str, what: str) -> GradientError:
    return GradientError(f"{case.name}: the gradient by {label} {what}", input=label)
