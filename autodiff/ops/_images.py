"""Images (..., N, H, W, C): windows over them counted and padded, and the layout inside ops.

Inside, images lie as (..., W, C, H, N). With the batch innermost NumPy's loops run over long
stretches of memory; with the columns outermost the windows of neighbouring columns overlap in
memory, so that a convolution reads them where they lie, as products of matrices, without a copy
for each place in the kernel; and a maximum taken first along the outermost axis finds the first
of several equal elements in row-major order. What comes out is a transposed view, whose layout
NumPy keeps in what is computed from it element by element: only the first and the last op of a
chain move data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..engine._axes import Shape
from ..engine._broadcast import Undo, undo_for

Pair = tuple[int, int]
#: "valid", "same", or (before, after) for rows and for columns
Padding = str | tuple[Pair, Pair]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows along one axis: `size` elements, `dilation` apart, a window every `stride`."""

    length: int
    size: int
    stride: int
    dilation: int
    before: int = 0
    after: int = 0

    @property
    def extent(self) -> int:
        """From a window's first element to its last, both included."""
        return (self.size - 1) * self.dilation + 1

    @property
    def padded(self) -> int:
        """The axis with its padding."""
        return self.before + self.length + self.after

    @property
    def count(self) -> int:
        """How many windows there are."""
        return (self.padded - self.extent) // self.stride + 1

    @property
    def apart(self) -> bool:
        """Whether no element belongs to two windows."""
        return self.stride >= self.extent

    @property
    def covering(self) -> bool:
        """Whether every element, padding too, belongs to a window, and none to two."""
        whole = self.dilation == 1 and self.stride == self.size
        return whole and self.padded == self.count * self.stride

    @property
    def inside(self) -> slice:
        """The axis without its padding."""
        return slice(self.before, self.before + self.length)

    def element(self, k: int) -> slice:
        """The k-th element of every window."""
        start = k * self.dilation
        return slice(start, start + (self.count - 1) * self.stride + 1, self.stride)

    def place(self, axis: int, k: int) -> tuple[Any, ...]:
        """The index of the k-th element of every window along an axis, counted from the right."""
        return at(axis, self.element(k))

    def filled(self) -> list[int]:
        """How many elements of each window are no padding."""
        starts = [k * self.stride - self.before for k in range(self.count)]
        steps = range(0, self.extent, self.dilation)
        return [sum(0 <= start + step < self.length for step in steps) for start in starts]


def windows_over(
    size: Pair, window: Pair, strides: Pair, padding: Padding, dilation: Pair
) -> tuple[Windows, Windows]:
    """Windows along the rows' axis and along the columns' of images of `size`.

    "same" gives ceil(length / stride) windows, and where the padding is odd, one more after than
    before, as in Keras and TensorFlow.

    Raises:
        ValueError: not a single window fits.

    >>> windows_over((5, 7), (3, 3), (2, 2), "same", (1, 1))[0]
    Windows(length=5, size=3, stride=2, dilation=1, before=1, after=1)
    """
    both = []
    for k in (0, 1):
        w = Windows(size[k], window[k], strides[k], dilation[k])
        if padding == "same":
            needed = (-(-w.length // w.stride) - 1) * w.stride + w.extent
            extra = max(0, needed - w.length)
            w = replace(w, before=extra // 2, after=extra - extra // 2)
        elif not isinstance(padding, str):
            w = replace(w, before=padding[k][0], after=padding[k][1])
        if w.count < 1 or not w.length:
            spread = "" if dilation == (1, 1) else f" with dilation {dilation}"
            raise ValueError(
                f"no window of {window}{spread} fits into images of {size} with padding {padding!r}"
            )
        both.append(w)
    return both[0], both[1]


# -- arguments -------------------------------------------------------------------------------------


def pair(name: str, least: int = 1, optional: bool = False) -> Callable[[Any, Any], Any]:
    """What makes two integers, for rows and columns, of one or two."""

    def normal(value: Any, x: Any) -> Pair | None:
        if value is None and optional:
            return None
        values = value if isinstance(value, (tuple, list)) else (value, value)
        try:
            found = tuple(operator.index(v) for v in values)
        except TypeError:
            raise TypeError(f"{name} must be an integer or two of them; given {value!r}") from None
        if len(found) != 2 or min(found) < least:
            raise ValueError(f"{name} must be one or two integers from {least} up; given {value!r}")
        return found[0], found[1]

    return normal


def padding(value: Any, x: Any) -> Padding:
    """'valid', 'same', or how many elements before and after for rows and for columns."""
    if isinstance(value, str):
        if value not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid', 'same' or integers; given {value!r}")
        return value
    sides = value if isinstance(value, (tuple, list)) else (value, value)
    if len(sides) != 2:
        raise ValueError(f"padding must be for rows and for columns; given {value!r}")
    ends = pair("padding", least=0)
    rows, columns = (ends(side, x) for side in sides)
    assert rows is not None
    assert columns is not None
    return rows, columns


def expect_images(x: Any, name: str = "x", axes: str = "N, H, W, C") -> None:
    """ValueError unless there are four axes at least."""
    if x.ndim < 4:
        raise ValueError(f"{name} must have axes (..., {axes}); its shape is {x.shape}")


# -- layout ----------------------------------------------------------------------------------------


def last_axes(xp: Any, x: Any, order: tuple[int, ...]) -> Any:
    """The last axes, counted from the right, in another order."""
    n = len(order)
    return xp.permute_dims(x, (*range(x.ndim - n), *(x.ndim + k for k in order)))


def inward(xp: Any, x: Any) -> Any:
    """(..., N, H, W, C) as (..., W, C, H, N)."""
    return last_axes(xp, x, (-2, -1, -3, -4))


def outward(xp: Any, x: Any) -> Any:
    """(..., W, C, H, N) as (..., N, H, W, C)."""
    return last_axes(xp, x, (-1, -2, -4, -3))


def padded(xp: Any, x: Any, rows: Windows, columns: Windows, fill: float = 0) -> Any:
    """(..., W, C, H, N) with its padding; without any, the elements laid in this order."""
    if not (rows.before or rows.after or columns.before or columns.after):
        return xp.ascontiguousarray(x)
    lead, (_, channels, _, batch) = x.shape[:-4], x.shape[-4:]
    shape = (*lead, columns.padded, channels, rows.padded, batch)
    every = slice(None)
    index = (*(every for _ in lead), columns.inside, every, rows.inside, every)
    return xp.framed(x, shape, index, fill)


def unpadded(x: Any, rows: Windows, columns: Windows) -> Any:
    """The part of a padded (..., W, C, H, N) that is no padding."""
    if not (rows.before or rows.after or columns.before or columns.after):
        return x
    return x[..., columns.inside, :, rows.inside, :]


def at(axis: int, place: int | slice) -> tuple[Any, ...]:
    """An index of one axis, counted from the right."""
    return (..., place, *(slice(None),) * (-1 - axis))


def leads_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    """How to undo the broadcasting of the axes before the last four."""
    lead: Shape = out.shape[:-4]
    how = tuple([undo_for(lead + a.shape[-4:], a, out) for a in arrays])
    return how if any(how) else None
