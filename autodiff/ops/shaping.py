"""Shapes changed, arrays joined: the elements stay what they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._broadcast import cast_undo
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor

__all__ = [
    "broadcast_to",
    "concat",
    "expand_dims",
    "permute_dims",
    "reshape",
    "squeeze",
    "stack",
]


def _reshape_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    sides = list(draw.shape())
    target = list(sides)
    if len(sides) > 1 and draw.boolean():
        target = [int(np.prod(sides[:2])), *sides[2:]]
    target.insert(draw.integer(0, len(target)), 1)
    if 0 not in target and draw.boolean():
        target[draw.integer(0, len(target) - 1)] = -1
    return (draw.array(tuple(sides)),), {"shape": tuple(target)}


def _reshape_rule(xp: Any, g: Any, out_shape: Any, x_shape: Any) -> Any:
    return xp.reshape(g, _axes.lead(g, len(out_shape)) + x_shape)


def _full_shape(value: Any, x: Any) -> _axes.Shape:
    """The shape asked for, with -1 worked out."""
    shape = _axes.shape(value)
    if -1 not in shape:
        return shape
    known = -int(np.prod(shape, dtype=np.int64))
    if shape.count(-1) > 1 or known <= 0 or x.size % known:
        raise ValueError(f"cannot give shape {x.shape} the shape {shape}")
    return tuple(x.size // known if n == -1 else n for n in shape)


@op(
    x=lambda xp, g, x_shape, shape: _reshape_rule(xp, g, shape, x_shape),
    normalise={"shape": _full_shape},
    numpy=np.reshape,
    method=True,
    without=("copy",),
    flops=0,
    sample=_reshape_sample,
)
def reshape(xp: Any, x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The same elements, in row-major order, in another shape; one length may be -1.

    >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1))
    Tensor([[1., 2.],
            [3., 4.]], dtype=float32)
    """
    return xp.reshape(x, shape)


def _permute_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape()
    order = list(range(len(shape)))
    for k in range(len(order) - 1, 0, -1):
        j = draw.integer(0, k)
        order[k], order[j] = order[j], order[k]
    return (draw.array(shape),), {"axes": tuple(order) if draw.boolean() else None}


def _permute_rule(xp: Any, g: Any, axes: Any) -> Any:
    n = len(axes)
    back = [axes.index(k - n) - n for k in range(n)]
    front = list(range(g.ndim - n))
    return xp.permute_dims(g, (*front, *(k + g.ndim for k in back)))


@op(
    x=_permute_rule,
    normalise={"axes": _axes.permutation},
    numpy=np.transpose,
    method="transpose",
    label="transpose",
    flops=0,
    sample=_permute_sample,
)
def permute_dims(xp: Any, x: Any, /, axes: Any = None) -> Any:
    """The axes in another order; reversed by default.

    >>> permute_dims([[1.0, 2.0]])
    Tensor([[1.],
            [2.]], dtype=float32)
    """
    return xp.permute_dims(x, axes)


def _expand_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape()
    return (draw.array(shape),), {"axis": draw.axis(len(shape) + 1)}


def _new_axes(value: Any, x: Any) -> tuple[int, ...]:
    values = value if isinstance(value, (tuple, list)) else (value,)
    n = x.ndim + len(values)
    found = sorted(_axes.axis(v, np.empty((1,) * n)) for v in values)
    if len(set(found)) != len(found):
        raise ValueError(f"axes {tuple(values)} name a new axis twice")
    return tuple(found)


@op(
    x=lambda xp, g, axis: xp.squeeze(g, axis=axis),
    normalise={"axis": _new_axes},
    numpy=np.expand_dims,
    label="expand",
    flops=0,
    sample=_expand_sample,
)
def expand_dims(xp: Any, x: Any, /, axis: Any = 0) -> Any:
    """New axes of length 1 where the result shall have them.

    >>> expand_dims([1.0, 2.0], axis=-1).shape
    (2, 1)
    """
    return xp.expand_dims(x, axis)


def _squeeze_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = list(draw.shape(0, 2))
    k = draw.integer(0, len(shape))
    shape.insert(k, 1)
    return (draw.array(tuple(shape)),), {"axis": draw.choice((k, k - len(shape), (k,)))}


def _ones(value: Any, x: Any) -> tuple[int, ...]:
    if value is None:
        return tuple(k - x.ndim for k, n in enumerate(x.shape) if n == 1)
    found = _axes.axes(value, x)
    for k in found:
        if x.shape[k] != 1:
            raise ValueError(f"axis {k} of shape {x.shape} has length {x.shape[k]}, not 1")
    return found


@op(
    x=lambda xp, g, axis: xp.expand_dims(g, axis),
    normalise={"axis": _ones},
    numpy=np.squeeze,
    method=True,
    flops=0,
    sample=_squeeze_sample,
)
def squeeze(xp: Any, x: Any, /, axis: Any = None) -> Any:
    """Axes of length 1 removed; by default all of them.

    >>> squeeze([[1.0, 2.0]], axis=0)
    Tensor([1., 2.], dtype=float32)
    """
    return xp.squeeze(x, axis=axis)


def _broadcast_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    full = draw.shape()
    cut = tuple(1 if draw.boolean() else n for n in full[draw.integer(0, len(full)) :])
    return (draw.array(cut),), {"shape": full}


@op(
    x=lambda g: g,
    broadcast=True,
    normalise={"shape": _axes.shape},
    numpy=np.broadcast_to,
    label="broadcast",
    role="gradient adder",
    flops=0,
    sample=_broadcast_sample,
)
def broadcast_to(xp: Any, x: Any, /, shape: Any) -> Any:
    """The elements repeated along new axes on the left and axes of length 1.

    >>> broadcast_to([1.0, 2.0], (2, 2))
    Tensor([[1., 2.],
            [1., 2.]], dtype=float32)
    """
    return xp.broadcast_to(x, shape)


def _concat_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    if draw.integer(0, 4) == 0:
        return ([draw.array(draw.shape(0, 2)) for _ in range(draw.integer(1, 3))],), {"axis": None}
    shape = list(draw.shape(1))
    axis = draw.axis(len(shape))
    arrays = []
    for _ in range(draw.integer(1, 3)):
        shape[axis] = draw.integer(0, 3)
        arrays.append(draw.array(tuple(shape)))
    return (arrays,), {"axis": axis}


def _axis_or_flat(value: Any, x: Any) -> int | None:
    return None if value is None else _axes.axis(value, x)


def _concat_rule(xp: Any, g: Any, arrays_shape: Any, axis: int | None) -> list[Any]:
    if axis is None:
        flat = _concat_rule(xp, g, [(math.prod(shape),) for shape in arrays_shape], -1)
        return [
            xp.reshape(part, _axes.lead(part, 1) + tuple(shape))
            for part, shape in zip(flat, arrays_shape, strict=True)
        ]
    parts, start = [], 0
    for shape in arrays_shape:
        stop = start + shape[axis]
        parts.append(g[(..., slice(start, stop), *(slice(None),) * (-1 - axis))])
        start = stop
    return parts


@op(
    arrays=_concat_rule,
    variadic=True,
    broadcast=cast_undo,
    normalise={"axis": _axis_or_flat},
    numpy=np.concatenate,
    flops=0,
    sample=_concat_sample,
)
def concat(xp: Any, arrays: Any, /, axis: int | None = 0) -> Any:
    """Arrays joined along an axis that they have; the other axes must agree. None: flattened.

    >>> concat([[1.0], [2.0, 3.0]])
    Tensor([1., 2., 3.], dtype=float32)
    """
    if axis is None:
        return xp.concat([xp.reshape(x, (-1,)) for x in arrays], axis=-1)
    return xp.concat(arrays, axis=axis)


def _stack_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(0, 2)
    arrays = [draw.array(shape) for _ in range(draw.integer(1, 3))]
    return (arrays,), {"axis": draw.axis(len(shape) + 1)}


def _one_new_axis(value: Any, x: Any) -> int:
    return _new_axes(value, x)[0]


def _stack_rule(g: Any, arrays_shape: Any, axis: int) -> list[Any]:
    tail = (slice(None),) * (-1 - axis)
    return [g[(..., k, *tail)] for k in range(len(arrays_shape))]


@op(
    arrays=_stack_rule,
    variadic=True,
    broadcast=cast_undo,
    normalise={"axis": _one_new_axis},
    numpy=np.stack,
    flops=0,
    sample=_stack_sample,
)
def stack(xp: Any, arrays: Any, /, axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    >>> stack([1.0, 2.0])
    Tensor([1., 2.], dtype=float32)
    """
    return xp.stack(arrays, axis=axis)


def _spread(method: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A method that takes x.reshape(2, 3), too, as NumPy's arrays do."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if args and isinstance(args[0], int):
            args = (args,)
        return method(self, *args, **kwargs)

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


Tensor.reshape = _spread(reshape)
Tensor.transpose = _spread(permute_dims)
