"""Arrays as indices of arrays on a device, where nobody looks at them in time.

NumPy raises for an index out of range; CuPy wraps it around, silently. So what the host knows is
checked before it is sent, and of what lies on the device the smallest and largest are kept, to be
looked at when a value is next read (`_checks`). Masks become the numbers of what they choose, which
is waited for: how much they choose is a shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._backend import DEVICE_ARRAYS, NAMESPACES
from ._device import Device, device_of, place

Index = tuple[Any, ...]


def index_on_device(index: Index, shape: tuple[int, ...], where: Device) -> Index:
    """The index of an array of `shape` with its arrays brought to the array's device, checked.

    Raises:
        IndexError: too many entries, or integers out of range that the host knows.
        ValueError: an array on another device.
    """
    taken = sum(axes(entry) for entry in index)
    if taken > len(shape):
        raise IndexError(f"{taken} axes are indexed; there are {len(shape)}")
    found: list[Any] = []
    axis = 0
    for entry in index:
        length = axes(entry)
        if entry is Ellipsis:
            length = len(shape) - taken
        elif hasattr(entry, "dtype") and (entry.ndim or entry.dtype.kind == "b"):
            if type(entry) in DEVICE_ARRAYS and device_of(entry) != where:
                raise ValueError(
                    f"an index lies on {device_of(entry)}, what it is an index of on {where}; "
                    "bring them together with to_device"
                )
            entry = _checked(entry, shape[axis : axis + length], axis, where)
        found += entry if isinstance(entry, list) else [entry]
        axis += length
    return tuple(found)


def axes(entry: Any) -> int:
    """How many axes an entry of an index chooses from."""
    if entry is None or entry is Ellipsis:
        return 0
    kind = getattr(getattr(entry, "dtype", None), "kind", "b" if isinstance(entry, bool) else "i")
    return (
        np.ndim(entry)
        if kind == "b" and not hasattr(entry, "ndim")
        else (entry.ndim if kind == "b" else 1)
    )


def _checked(entry: Any, lengths: tuple[int, ...], axis: int, where: Device) -> Any:
    """An array of an index on its device: integers in range, or for a mask a list of such."""
    if entry.dtype.kind == "b":
        if entry.shape != lengths:
            raise IndexError(
                f"a boolean index has shape {entry.shape}; the axes from {axis} on have {lengths}"
            )
        if entry.ndim == 0:
            raise IndexError("a single boolean is no index of what lies on a device")
        return [place(part, where) for part in entry.nonzero()]
    (length,) = lengths
    if type(entry) in DEVICE_ARRAYS:
        what = f"indices of axis {axis}"
        NAMESPACES[type(entry)].require_range(entry, -length, length, what, IndexError)
    elif entry.size and not -length <= int(entry.min()) <= int(entry.max()) < length:
        out = int(entry.min()) if int(entry.min()) < -length else int(entry.max())
        raise IndexError(f"index {out} is out of bounds for axis {axis} with size {length}")
    return place(entry, where)


def picked_shape(index: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what an index picks out of an array of this shape."""
    known = tuple(np.zeros(e.shape, np.intp) if type(e) in DEVICE_ARRAYS else e for e in index)
    return np.broadcast_to(np.False_, shape)[known].shape


def once_each(xp: Any, index: Index, x: Any) -> None:
    """ValueError where an index names an element of x twice: its assignment is not defined."""
    if not any(type(e) in DEVICE_ARRAYS for e in index):
        hits = np.zeros(x.shape, np.int64)
        np.add.at(hits, index, 1)
        if hits.size and hits.max() > 1:
            raise ValueError("an index that names an element twice has no defined assignment")
        return
    hits = xp.zeros(x.shape, dtype=np.int64)
    xp.add_at(hits, index, xp.ones(picked_shape(index, x.shape), dtype=np.int64))
    xp.require_range(hits, 0, 2, "how often elements are named by an index that is assigned to")
