"""Windows in flat programs: a view, its adjoint, padding.

`Symbolic` takes its functions of Values from here, `Lines` the spelling of what they make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays._backend import FORWARDS, numpy_namespace
from ...ops._images import Windows, at
from ._strides import reshaped, strides
from ._value import Shape, Value

if TYPE_CHECKING:
    from ._builder import Builder

# -- what forwards ask for -------------------------------------------------------------------------


def windows(
    builder: Builder, x: Any, axis: int, size: int, stride: int = 1, dilation: int = 1
) -> Value:
    """`autodiff.windows` of a Value: a view."""
    x = builder.lift(x)
    along = Windows(x.shape[axis], size, stride, dilation)
    k = x.ndim + axis
    shape = (*x.shape[:k], along.count, size, *x.shape[k + 1 :])
    attrs = {"axis": axis, "size": size, "stride": stride, "dilation": dilation}
    return builder.make("windows", (x,), attrs, shape, x.dtype)


def overlap_add(
    builder: Builder, x: Any, axis: int, length: int, stride: int = 1, dilation: int = 1
) -> Value:
    """`autodiff.overlap_add` of a Value; its inputs are the elements of all windows, one by one."""
    x = builder.lift(x)
    if x.op == "stack" and x.attrs["axis"] == axis:
        parts: Sequence[Value] = x.operands
    else:
        parts = [builder.index(x, at(axis, k)) for k in range(x.shape[axis])]
    shape = (*x.shape[: axis - 1], length, *x.shape[x.ndim + axis + 1 :])
    attrs = {"axis": axis, "length": length, "stride": stride, "dilation": dilation}
    return builder.make("overlap_add", parts, attrs, shape, x.dtype)


def framed(
    builder: Builder, x: Any, shape: Shape, index: tuple[slice, ...], fill: Any = 0
) -> Value:
    """A Value with `fill` around it."""
    x = builder.lift(x)
    attrs = {"shape": shape, "index": index, "fill": fill}
    return builder.make("framed", (x,), attrs, shape, x.dtype)


def routed(builder: Builder, g: Any, later: Sequence[Value], axis: int, along: Windows) -> Value:
    """g brought to one element of each window; see `_backend`."""
    g = builder.lift(g)
    shape = (*g.shape[:axis], along.padded, *g.shape[g.ndim + axis + 1 :])
    attrs = {"axis": axis, "along": along}
    return builder.make("routed", (g, *later), attrs, shape, g.dtype)


def ascontiguousarray(builder: Builder, x: Any) -> Any:
    """A Value whose elements lie one after the other, in row-major order; a copy if need be."""
    x = builder.lift(x)
    if reshaped(x.shape, strides(x), (x.size,)) in ((1,), (0,)) or not x.size:
        return x
    return builder.make("contiguous", (x,), {}, x.shape, x.dtype)


#: what the operations above compute, on arrays
MEANINGS: dict[str, Any] = {
    "windows": lambda a, **attrs: FORWARDS["windows"](numpy_namespace, a[0], **attrs),
    "overlap_add": lambda a, axis, **attrs: FORWARDS["overlap_add"](
        numpy_namespace, np.stack(a, axis), axis, **attrs
    ),
    "routed": lambda a, **attrs: numpy_namespace.routed(a[0], a[1:], **attrs),
    "framed": lambda a, **attrs: numpy_namespace.framed(a[0], **attrs),
    "contiguous": lambda a: np.ascontiguousarray(a[0]),
}


# -- how it is spelled -----------------------------------------------------------------------------


def windows_text(value: Value, base: str) -> str:
    """The view."""
    axis = value.ndim - 1 + value.attrs["axis"]
    stride, dilation = value.attrs["stride"], value.attrs["dilation"]
    extent = (value.attrs["size"] - 1) * dilation + 1
    text = f"np.lib.stride_tricks.sliding_window_view({base}, {extent}, {axis})"
    text = f"np.moveaxis({text}, -1, {axis + 1})"
    if stride > 1 or dilation > 1:
        text += f"[{':, ' * axis}::{stride}, ::{dilation}]"
    return text


class WindowLines:
    """The lines of operations on windows."""

    def place(self, value: Value, text: str) -> str:
        """A view of a value that is written."""
        return text

    def frame(self, value: Value, name: str, fill: Any) -> str:
        """The lines that fill what lies around an image: simply all, where it is read."""
        return _filled(value, name, name, fill)

    def cut_columns(self, product: Value, y: str, out: str) -> tuple[str, str]:
        """The second operand of a product, and where it is written: whole where it is read."""
        return y, out

    def put(self, place: str, x: str) -> str:
        """x written to a place."""
        return f"{place} = {x}"

    def add_to(self, place: str, x: str) -> str:
        """x added to a place."""
        return f"{place} += {x}"

    def call(self, function: str, inputs: list[str], name: str, out: str | None) -> str:
        """A call of a NumPy function."""
        raise NotImplementedError

    def _overlap_add(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        attrs, ndim = value.attrs, value.ndim
        along = Windows(value.shape[attrs["axis"]], len(inputs), attrs["stride"], attrs["dilation"])
        lines, added = [], inputs
        if along.stride > 1:
            lines.append(_filled(value, name, out, 0))
        else:  # the first elements are put there, not added
            first, *added = inputs
            if out is None:
                lines.append(f"{name} = np.empty({value.shape}, np.{value.dtype})")
            whole = along.count == along.length
            at = "..." if whole else index_along(slice(0, along.count), attrs["axis"], ndim)
            lines.append(self.put(self.place(value, f"{name}[{at}]"), first))
            if not whole:
                rest = index_along(slice(along.count, along.length), attrs["axis"], ndim)
                zero = "False" if value.dtype == np.bool_ else "0"  # which NumPy casts to no bool
                lines.append(self.put(self.place(value, f"{name}[{rest}]"), zero))
        for k, x in enumerate(added, along.size - len(added)):
            at = index_along(along.element(k), attrs["axis"], ndim)
            lines.append(self.add_to(self.place(value, f"{name}[{at}]"), x))
        return "\n".join(lines)

    def _routed(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        along, axis = value.attrs["along"], value.attrs["axis"]
        g, *later = inputs
        lines = []
        if not along.covering:
            lines.append(_filled(value, name, out, 0))
        elif out is None:
            lines.append(f"{name} = np.empty({value.shape}, np.{value.dtype})")
        indices = [index_along(along.element(k), axis, value.ndim) for k in range(along.size)]
        places = [self.place(value, f"{name}[{at}]") for at in indices]
        for k in range(along.size - 1, 0, -1):
            lines.append(self.call("np.multiply", [g, later[k - 1]], "", places[k]))
            lines.append(self.call("np.subtract", [g, places[k]], "", places[0]))
            g = places[0]
        if along.size == 1:
            lines.append(self.put(places[0], g))
        return "\n".join(lines)

    def _framed(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        at = _index_text(value.attrs["index"])
        if out is None:
            fill = _filled(value, name, out, value.attrs["fill"])
        else:
            fill = self.frame(value, name, value.attrs["fill"])
        return f"{fill}\n{self.put(self.place(value, f'{name}[{at}]'), inputs[0])}"

    def _contiguous(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            return f"{name} = np.array({inputs[0]}, order='C')"
        return f"np.copyto({out}, {inputs[0]})"


def _index_text(index: tuple[slice, ...]) -> str:
    return ", ".join(":" if s == slice(None) else f"{s.start}:{s.stop}" for s in index)


def around(index: tuple[slice, ...], shape: Shape) -> list[str]:
    """Indices of what an index leaves out, along each axis.

    >>> around((slice(1, 3), slice(None), slice(0, 2)), (4, 5, 3))
    ['0:1, :, :', '3:4, :, :', ':, :, 2:3']
    """
    found = []
    for k, (part, length) in enumerate(zip(index, shape, strict=True)):
        if part != slice(None):
            for side in (slice(0, part.start), slice(part.stop, length)):
                if side.start < side.stop:
                    whole = [slice(None)] * len(shape)
                    whole[k] = side
                    found.append(_index_text(tuple(whole)))
    return found


def _filled(value: Value, name: str, out: str | None, fill: Any) -> str:
    """The line that fills a value with a number."""
    number = "-np.inf" if fill == -np.inf else repr(fill)
    if out is not None:
        return f"{name}.fill({number})"
    return f"{name} = np.full({value.shape}, {number}, np.{value.dtype})"


def index_along(place: slice, axis: int, ndim: int) -> str:
    """A slice of one axis, counted from the right, as it stands between brackets.

    >>> index_along(slice(0, 9, 2), -2, 3), index_along(slice(0, 3), -3, 3)
    (':, 0:9:2', '0:3')
    """
    step = f":{place.step}" if (place.step or 1) > 1 else ""
    return f"{':, ' * (ndim + axis)}{place.start}:{place.stop}{step}"
