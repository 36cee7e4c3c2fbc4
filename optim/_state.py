"""What an optimizer keeps for each Variable: its slots, its running mean, and their names."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import autodiff as ad
from autodiff import Variable
from autodiff.arrays._device import apart, device_of


class State:
    """Slots of Variables, made when a Variable is first seen."""

    def __init__(self) -> None:
        self.slots: dict[Variable, tuple[Variable, ...]] = {}
        #: Variable -> the running mean of its values, where one is kept
        self.means: dict[Variable, Variable] = {}
        #: Variable -> the sum of its gradients since the last step, where these are gathered
        self.sums: dict[Variable, Variable] = {}
        self._stems: set[str] = set()

    def build(
        self,
        variables: Iterable[Variable],
        slots: Mapping[str, float],
        mean: bool,
        gathers: bool = False,
    ) -> list[Variable]:
        """Make what is missing; the Variables that were new.

        Slots are called after their Variable, "dense/kernel/momentum"; Variables of one name, or of
        none, are told apart by numbers in the order in which they come.
        """
        new = [w for w in dict.fromkeys(variables) if w not in self.slots]
        for w in new:
            stem, k = w.name or "variable", 1
            while stem in self._stems:
                stem, k = f"{w.name or 'variable'}_{k}", k + 1
            self._stems.add(stem)
            self.slots[w] = tuple(_slot(w, x, f"{stem}/{slot}") for slot, x in slots.items())
            if gathers:
                self.sums[w] = _slot(w, 0.0, f"{stem}/gradient_sum")
            if mean:
                self.means[w] = copy.copy(w)
                self.means[w].trainable, self.means[w].name = False, f"{stem}/average"
        return new

    def variables(self) -> list[Variable]:
        """Everything, Variable by Variable: slots, then the sum, then the mean."""
        others = [kept for kept in (self.sums, self.means) if kept]
        return [v for w in self.slots for v in (*self.slots[w], *(kept[w] for kept in others))]


def _slot(w: Variable, value: float, name: str) -> Variable:
    """A Variable like w, of one value."""
    values = ad.full(w.shape, value, dtype=w.dtype, device=w.device)
    return Variable(values, trainable=False, name=name)


def follow(state: Iterable[Variable], variables: Sequence[Variable]) -> None:
    """Bring the state to where the Variables lie.

    Raises ValueError where these lie on different devices.
    """
    problem = apart((w.name or f"a Variable of shape {w.shape}", w._data) for w in variables)
    if problem:
        raise ValueError(f"one optimizer cannot update them together: {problem}")
    where = device_of(variables[0])
    for v in state:
        v._move(where)


def load(variables: Sequence[Variable], arrays: Mapping[str, Any]) -> None:
    """Assign every Variable the array of its name, after all of them were checked."""
    by_name = {v.name or "": v for v in variables}
    wrong = [f"{name!r} is missing" for name in by_name if name not in arrays]
    wrong += [f"{name!r} is not known" for name in arrays if name not in by_name]
    values = {
        name: ad.asarray(arrays[name], device=v.device)
        for name, v in by_name.items()
        if name in arrays
    }
    for name, value in values.items():
        v = by_name[name]
        if (value.shape, value.dtype) != (v.shape, v.dtype):
            wrong.append(
                f"{name!r} is {value.dtype}{list(value.shape)}; expected {v.dtype}{list(v.shape)}"
            )
    if wrong:
        raise ValueError(f"this state does not fit the optimizer: {'; '.join(wrong)}")
    for name, value in values.items():
        by_name[name].assign(value)
