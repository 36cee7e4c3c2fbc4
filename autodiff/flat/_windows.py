"""Windows in flat programs: a view, its adjoint, padding.

`Symbolic` takes its functions of Values from here, `Lines` the spelling of what they make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._backend import FORWARDS, numpy_namespace
from .._images import Windows
from ._strides import reshaped, strides
from ._value import Shape, Value

if TYPE_CHECKING:
    from ._ir import Builder

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
        after = (slice(None),) * (-1 - axis)
        parts = [builder.index(x, (..., k, *after)) for k in range(x.shape[axis])]
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

    def _overlap_add(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        attrs = value.attrs
        axis = value.ndim + attrs["axis"]
        along = Windows(value.shape[axis], len(inputs), attrs["stride"], attrs["dilation"])
        apart = along.stride >= along.extent
        zeros = f"{name} = np.zeros({value.shape}, np.{value.dtype})"
        lines = [zeros if out is None else f"{name}.fill(0)"]
        for k, x in enumerate(inputs):
            s = along.element(k)
            step = f":{s.step}" if s.step > 1 else ""
            place = f"{':, ' * axis}{s.start}:{s.stop}{step}"
            lines.append(f"{name}[{place}] {'=' if apart else '+='} {x}")
        return "\n".join(lines)

    def _framed(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        shape, dtype, fill = value.shape, value.dtype, value.attrs["fill"]
        number = "-np.inf" if fill == -np.inf else repr(fill)
        make = f"{name} = np.full({shape}, {number}, np.{dtype})"
        fill_all = make if out is None else f"{name}.fill({number})"
        inside = ", ".join(
            ":" if s == slice(None) else f"{s.start}:{s.stop}" for s in value.attrs["index"]
        )
        return f"{fill_all}\n{name}[{inside}] = {inputs[0]}"

    def _contiguous(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            return f"{name} = np.array({inputs[0]}, order='C')"
        return f"np.copyto({out}, {inputs[0]})"
