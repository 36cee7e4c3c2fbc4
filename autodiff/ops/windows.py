"""Windows along an axis, and their adjoint."""

from __future__ import annotations

from typing import Any

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ._images import Windows, at

__all__ = [
    "overlap_add",
    "windows",
]


def _along(length: int, size: int, stride: int, dilation: int) -> Windows:
    """The windows, if the arguments make sense."""
    for name, value in (("size", size), ("stride", stride), ("dilation", dilation)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be an integer from 1 up; given {value!r}")
    found = Windows(length, size, stride, dilation)
    if found.count < 1:
        raise ValueError(f"an axis of length {length} has no window of {found.extent}")
    return found


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = list(draw.shape(1, 3, side=1))
    axis = draw.axis(len(shape))
    size, stride, dilation = draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 2)
    extent = (size - 1) * dilation + 1
    shape[axis] = extent + draw.choice((0, 1, 3))
    statics = {"axis": axis, "size": size, "stride": stride, "dilation": dilation}
    return (draw.array(tuple(shape)),), statics


def _adjoint_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    (x,), given = _sample(draw)
    axis = given["axis"] % x.ndim - x.ndim
    along = _along(x.shape[axis], given["size"], given["stride"], given["dilation"])
    shape = (*x.shape[:axis], along.count, along.size, *x.shape[x.ndim + axis + 1 :])
    statics = {"axis": axis, "length": along.length, "stride": along.stride}
    return (draw.array(shape),), statics | {"dilation": along.dilation}


def _rule(xp: Any, g: Any, x_shape: Any, axis: int, stride: int, dilation: int) -> Any:
    return xp.overlap_add(g, axis=axis, length=x_shape[axis], stride=stride, dilation=dilation)


def _adjoint_rule(xp: Any, g: Any, x_shape: Any, axis: int, stride: int, dilation: int) -> Any:
    return xp.windows(g, axis=axis, size=x_shape[axis], stride=stride, dilation=dilation)


@op(
    x=_rule,
    normalise={"axis": _axes.axis},
    role="gradient adder",
    flops=0,
    sample=_sample,
)
def windows(xp: Any, x: Any, /, axis: int, size: int, stride: int = 1, dilation: int = 1) -> Any:
    """Windows along an axis, which becomes two: one that counts them, and one of length `size`.

    Window i holds the elements i·stride + k·dilation for k from 0 to size − 1; only whole windows
    count. A view: no element is copied, and none should be written to.

    >>> windows([1.0, 2.0, 3.0, 4.0], axis=0, size=2)
    Tensor([[1., 2.],
            [2., 3.],
            [3., 4.]], dtype=float32)
    """
    along = _along(x.shape[axis], size, stride, dilation)
    k = x.ndim + axis
    steps = (x.strides[k] * stride, x.strides[k] * dilation)
    return xp.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:k], along.count, size, *x.shape[k + 1 :]),
        (*x.strides[:k], *steps, *x.strides[k + 1 :]),
    )


def _adjoint_axis(value: Any, x: Any) -> int:
    """The axis of the result, which has one less than x."""
    return _axes.axis(value, x[..., 0]) if x.ndim else _axes.axis(value, x)


@op(
    x=_adjoint_rule,
    normalise={"axis": _adjoint_axis},
    role="gradient router",
    sample=_adjoint_sample,
)
def overlap_add(
    xp: Any, x: Any, /, axis: int, length: int, stride: int = 1, dilation: int = 1
) -> Any:
    """Windows put back where they were taken from and added up: the adjoint of `windows`.

    x has the windows along axis `axis` - 1 and their elements along `axis`, counted from the right;
    the result has `length` elements there.

    >>> overlap_add([[1.0, 2.0], [3.0, 4.0]], axis=0, length=3)
    Tensor([1., 5., 4.], dtype=float32)
    """
    along = _along(length, x.shape[axis], stride, dilation)
    if x.shape[axis - 1] != along.count:
        raise ValueError(f"{x.shape[axis - 1]} windows; {length} elements have {along.count}")
    shape = (*x.shape[: axis - 1], length, *x.shape[x.ndim + axis + 1 :])
    if along.stride > 1:
        out = xp.zeros(shape, dtype=x.dtype)
    else:  # the first elements are put there, not added
        out = xp.empty(shape, dtype=x.dtype)
        out[at(axis, slice(along.count))] = x[at(axis, 0)]
        out[at(axis, slice(along.count, None))] = 0
    for k in range(along.stride == 1, along.size):
        part = out[along.place(axis, k)]
        part += x[at(axis, k)]
    return out
