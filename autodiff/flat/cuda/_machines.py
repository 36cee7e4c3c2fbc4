"""Which devices run programs of kernels, and by what machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...arrays._device import Device, backend

if TYPE_CHECKING:
    from ._machine import Machine

#: kind of device -> what makes the machine of one, or None where it has none
_makers: dict[str, Callable[[int], Machine | None]] = {}
_machines: dict[Device, Machine | None] = {}


def register(kind: str, make: Callable[[int], Machine | None]) -> None:
    """Make the machines of a kind of device known."""
    _makers[kind] = make


def machine_of(device: Device) -> Machine | None:
    """The machine of a device; None where functions run op by op."""
    if device not in _machines:
        make = _makers.get(device.kind)
        _machines[device] = None if make is None else make(device.index)
    return _machines[device]


def _cuda(index: int) -> Machine:
    from ._cupy_machine import CupyMachine

    its: Any = backend("cuda")
    return CupyMachine(its, its.cupy)


register("cuda", _cuda)
