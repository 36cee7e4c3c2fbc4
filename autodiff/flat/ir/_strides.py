"""Where the elements of values lie: copies told from views, and axes kept in the order they lie in.

What is computed element by element from a transposed view is computed below the transpose: from
what lies there in order, into what lies in the same order, and the transpose follows. NumPy does
the same eagerly: its results lie as their operands do. So a chain of convolutions, biases, ReLUs
and poolings runs in the layout that these have inside, and no line of it moves data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ._value import SOURCES, VIEWS, Shape, Value

if TYPE_CHECKING:
    from ._builder import Builder


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


def spread_out(builder: Builder, x: Value) -> Value:
    """x with what was broadcast written out, as it is eagerly: BLAS takes no strides of 0.

    NumPy multiplies matrices without BLAS where there are some, slowly and with other last bits.
    """
    if x.op not in VIEWS or all(step or n < 2 for step, n in zip(strides(x), x.shape, strict=True)):
        return x
    if x.op == "broadcast":
        return builder.make("contiguous", (x,), {}, x.shape, x.dtype)
    below = spread_out(builder, x.inputs[0])
    return builder.make(x.op, (below,), x.attrs, x.shape, x.dtype)


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


def laid(value: Value) -> Value:
    """The value that has the same elements in the same places, without its reshapes."""
    while value.op == "reshape" and is_view(value):
        value = value.inputs[0]
    return value


def below(value: Value) -> Value:
    """What a transpose turns; the value itself if it is none."""
    return laid(value.inputs[0]) if value.op == "transpose" else value


def root(value: Value) -> Value:
    """What a value is a view of, or itself."""
    while is_view(value):
        value = value.inputs[0]
    return value


def below_transpose(
    builder: Builder, op: str, inputs: Sequence[Any], shape: Shape, dtype: Any
) -> Any:
    """An operation element by element on what lies below a transpose, and the transpose of that.

    None where no operand of the result's shape is the transpose of something computed, and in
    updates, which are written over Variables as these lie.
    """
    whole = [x for x in inputs if isinstance(x, Value) and x.shape == shape]
    views = [x for x in whole if x.op == "transpose" and root(x).op not in SOURCES]
    if not views or builder.section == "update" or any(root(x).op == "variable" for x in whole):
        return None
    axes = views[0].attrs["axes"]
    back = tuple(axes.index(k) for k in range(len(axes)))
    moved = []
    for x in inputs:
        if isinstance(x, Value) and x.shape:
            wide = (1,) * (len(axes) - x.ndim) + x.shape
            if sum(n > 1 for n in wide) <= 1:  # a row, as a bias: no need to turn it
                x = builder.reshape(x, tuple(wide[k] for k in back))
            else:
                x = builder.transpose(builder.reshape(x, wide), back)
        moved.append(x)
    lower = tuple(shape[k] for k in back)
    return builder.transpose(builder.make(op, moved, {}, lower, dtype), axes)
