"""Arrays as indices of arrays on a device, where nobody looks at them in time.

NumPy raises for an index out of range; CuPy wraps it around, silently. So what the host knows is
checked before it is sent, and of what lies on the device the smallest and largest are kept, to be
looked at when a value is next read (`_checks`). Masks become the numbers of what they choose, which
is waited for: how much they choose is a shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._backend import DEVICE_ARRAYS, NAMESPACES
from ._device import Device, device_of, place

Index = tuple[Any, ...]


def sent(index: Index, where: Device) -> Index:
    """The index with its arrays on a device, masks as the numbers of what they choose.

    Raises:
        ValueError: an array on another device.
    """
    found: list[Any] = []
    for entry in index:
        if type(entry) in DEVICE_ARRAYS and device_of(entry) != where:
            raise ValueError(
                f"an index lies on {device_of(entry)}, what it is an index of on {where}; "
                "bring them together with to_device"
            )
        if not is_array(entry):
            found.append(entry)
        elif not entry.ndim and entry.dtype.kind == "b":
            found.append(bool(entry))
        elif entry.dtype.kind == "b":
            found += [place(part, where) for part in entry.nonzero()]
        else:
            found.append(place(entry, where))
    return tuple(found)


def check(index: Index, shape: tuple[int, ...]) -> None:
    """See to it that the arrays of an index fit an array of this shape.

    Raises:
        IndexError: too many axes, a mask of another shape, or what the host knows to be out of
            range; of what lies on a device, when a value is next read.
    """
    for entry, axis, lengths in _axes_of(index, shape):
        if not is_array(entry):
            continue
        if entry.dtype.kind == "b":
            if entry.shape != lengths:
                raise IndexError(
                    f"a mask has shape {entry.shape}; the axes from {axis} on have {lengths}"
                )
            continue
        (n,) = lengths
        if type(entry) in DEVICE_ARRAYS:
            xp = NAMESPACES[type(entry)]
            xp.require_range(entry, -n, n, f"indices of axis {axis}", IndexError)
        elif entry.size and not -n <= int(entry.min()) <= int(entry.max()) < n:
            out = int(entry.min()) if int(entry.min()) < -n else int(entry.max())
            raise IndexError(f"index {out} is out of bounds for axis {axis} with size {n}")


def is_array(entry: Any) -> bool:
    """Whether an entry of an index is an array, a 0-d one too."""
    return isinstance(entry, np.ndarray) or type(entry) in DEVICE_ARRAYS


def _axes_of(index: Index, shape: tuple[int, ...]) -> Iterator[tuple[Any, int, tuple[int, ...]]]:
    """Every entry with the first of the axes that it chooses from, and their lengths."""
    counts = [_axes(entry) for entry in index]
    if sum(counts) > len(shape):
        raise IndexError(f"{sum(counts)} axes are indexed; there are {len(shape)}")
    axis = 0
    for entry, count in zip(index, counts, strict=True):
        count = len(shape) - sum(counts) if entry is Ellipsis else count
        yield entry, axis, shape[axis : axis + count]
        axis += count


def _axes(entry: Any) -> int:
    if entry is None or entry is Ellipsis or isinstance(entry, bool | np.bool_):
        return 0
    return entry.ndim if is_array(entry) and entry.dtype.kind == "b" else 1


def picked_shape(index: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what an index picks out of an array of this shape."""
    known = tuple(np.zeros(e.shape, np.intp) if type(e) in DEVICE_ARRAYS else e for e in index)
    return np.broadcast_to(np.False_, shape)[known].shape


def moved_axes(index: Index) -> int:
    """How many axes of picks NumPy puts in front of all others; 0 where they stay in their place.

    It does so where something stands between the arrays of an index, its integers among them.
    """
    arrays = [e for e in index if hasattr(e, "ndim") or isinstance(e, bool)]
    chosen = [k for k, e in enumerate(index) if hasattr(e, "ndim") or isinstance(e, int)]
    if not arrays or chosen[-1] - chosen[0] < len(chosen):
        return 0
    return max(1 if isinstance(e, bool) or e.dtype.kind == "b" else e.ndim for e in arrays)


def once_each(index: Index, x: Any) -> None:
    """ValueError where an index names an element of x twice: its assignment is not defined."""
    if not any(type(e) in DEVICE_ARRAYS for e in index):
        hits = np.zeros(x.shape, np.int64)
        np.add.at(hits, index, 1)
        if hits.size and hits.max() > 1:
            raise ValueError("an index that names an element twice has no defined assignment")
        return
    xp = NAMESPACES[type(x)]
    hits = xp.zeros(x.shape, dtype=np.int64)
    xp.add_at(hits, index, xp.ones(picked_shape(index, x.shape), dtype=np.int64))
    xp.require_range(hits, 0, 2, "how often elements are named by an index that is assigned to")
