"""Windows in flat programs: a view, its adjoint, padding, and copies told from views.

`Symbolic` takes its functions of Values from here, `Lines` the spelling of what they make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._backend import FORWARDS, numpy_namespace
from .._images import Windows
from ._value import VIEWS, Shape, Value

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


# -- where elements lie ----------------------------------------------------------------------------


def row_major(shape: Shape) -> tuple[int, ...]:
    """The strides, in elements, of an array whose elements lie in order."""
    steps = [1]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * n)
    return tuple(reversed(steps))[: len(shape)]


def reshaped(shape: Shape, steps: tuple[int, ...], new: Shape) -> tuple[int, ...] | None:
    """The strides of a reshaped view; None where NumPy would have to copy."""
    if 0 in shape:
        return row_major(new)
    runs: list[list[int]] = []  # (length, stride) of stretches with one stride
    for n, step in zip(shape, steps, strict=True):
        if n == 1:
            continue
        if runs and runs[-1][1] == n * step:
            runs[-1] = [runs[-1][0] * n, step]
        else:
            runs.append([n, step])
    found: list[int] = []
    room, step = 1, 1
    for n in reversed(new):
        if n > 1 and room == 1:
            room, step = runs.pop()
        found.append(step)
        if room % n:
            return None
        room, step = room // n, step * n
    return tuple(reversed(found))


def strides(value: Value) -> tuple[int, ...]:
    """Where the elements of a value lie, in steps of one element from axis to axis.

    Of what is given to the program as if it lay in order.
    """
    chain = []
    while value.op in VIEWS:
        chain.append(value)
        value = value.inputs[0]
    steps, shape = row_major(value.shape), value.shape
    for view in reversed(chain):
        found = _view_strides(view, shape, steps)
        steps, shape = row_major(view.shape) if found is None else found, view.shape
    return steps


def _view_strides(view: Value, shape: Shape, steps: tuple[int, ...]) -> tuple[int, ...] | None:
    """The strides of a view of something; None if it is a copy."""
    if view.op == "reshape":
        return reshaped(shape, steps, view.shape)
    if view.op == "transpose":
        return tuple(steps[k] for k in view.attrs["axes"])
    if view.op == "windows":
        k = len(shape) + view.attrs["axis"]
        inner = (steps[k] * view.attrs["stride"], steps[k] * view.attrs["dilation"])
        return (*steps[:k], *inner, *steps[k + 1 :])
    hollow: Any = as_strided(np.zeros(1, np.int8), shape, steps)
    if view.op == "slice":
        return tuple(hollow[view.attrs["index"]].strides)
    return np.broadcast_to(hollow, view.shape).strides


def is_view(value: Value) -> bool:
    """Whether a value is a view of its input; a reshape is one where NumPy need not copy."""
    if value.op != "reshape":
        return value.op in VIEWS
    (x,) = value.inputs
    if x.op not in VIEWS:
        return True
    return reshaped(x.shape, strides(x), value.shape) is not None


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
