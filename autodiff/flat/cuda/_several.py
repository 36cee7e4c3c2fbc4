"""Several calls of a program at once, as one graph: of a step of training, several steps.

The arguments of all calls lie one after the other, and so do their results. The launches of each
call have addresses of their own there; everything else is the program's, so the numbers are those
of as many calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ._machine import Step
from ._memory import RESULTS, Place

if TYPE_CHECKING:
    from ..ir._value import Value
    from ._machine import Machine
    from ._runner import DeviceRunner

#: results of each call begin at a multiple of this
ALIGNMENT = 256


class Several:
    """So many calls of a program; the Variables' addresses are those of the time it is made."""

    def __init__(self, runner: DeviceRunner, count: int) -> None:
        self.count = count
        self._runner, self._machine = runner, runner.machine
        self._arguments = [v for v in runner.program.arguments if runner.reads(v)]
        self._returned = runner.program.returned()
        each = max(1, runner.device.memory.results)
        self._stride = -(-each // ALIGNMENT) * ALIGNMENT
        #: what each call has for itself: value -> all of them, and bytes from one to the next
        self._own: dict[Any, tuple[Any, int]] = {
            v: (_rows(self._machine, v, count), v.nbytes) for v in self._arguments
        }
        results = self._machine.empty((count * self._stride,), "uint8")
        self._own[RESULTS] = results, self._stride
        self._steps: list[Step] = [
            runner.bound(step, partial(self._address, k))
            for k in range(count)
            for step in runner.device.steps
        ]
        self._replay: Callable[[], None] | None = None

    def run(self, arrays: list[Any]) -> list[list[Any]]:
        """The results of each call, on arrays whose first axes hold the rows of all."""
        machine = self._machine
        for value in self._arguments:
            given(machine, self._own[value][0], arrays[value.attrs["place"]])
        if self._replay is not None:
            self._replay()
        else:
            for step in self._steps:
                machine.run(step)
            self._replay = self._runner.recorded(self._steps)
        if not self._returned:
            return [[] for _ in range(self.count)]
        block = machine.empty((self.count * self._stride,), "uint8")
        machine.copy(block, self._own[RESULTS][0])
        place = self._runner.device.memory.result
        return [
            [
                machine.part(block, k * self._stride + place[x], x.shape, x.dtype)
                for x in self._returned
            ]
            for k in range(self.count)
        ]

    def _address(self, k: int, place: Place) -> int:
        """Where something lies for the kth call."""
        if place.base not in self._own:
            return self._runner.address(place)
        array, stride = self._own[place.base]
        return self._machine.address(array) + k * stride + place.offset


def _rows(machine: Machine, argument: Value, count: int) -> Any:
    rows, *others = argument.shape
    return machine.empty((count * rows, *others), argument.dtype)


def fits(arguments: list[Value], arrays: list[Any], count: int) -> bool:
    """Whether arrays hold the rows of so many calls for each argument."""
    return all(
        v.shape and arrays[v.attrs["place"]].shape == (count * v.shape[0], *v.shape[1:])
        for v in arguments
    )


def given(machine: Machine, array: Any, data: Any) -> None:
    """Write an argument, of the device or of the host, to where programs read it."""
    if isinstance(data, np.ndarray | np.generic):
        machine.upload(array, np.asarray(data))
    else:
        machine.copy(array, data)
