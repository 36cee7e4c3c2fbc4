"""Elements chosen: where, indexing and its adjoint."""

from __future__ import annotations

import operator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS, PYTHON_SCALARS
from ..arrays._device import device_of, made
from ..arrays._indices import check, moved_axes, once_each, picked_shape, sent
from ..engine import _axes
from ..engine._broadcast import cast_undo
from ..engine._graph import LEAF, thread
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, convert, is_python, leave
from ..engine._variable import Variable
from .creation import astype
from .shaping import broadcast_to

__all__ = [
    "put",
    "scatter",
    "where",
]


def _where_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    c, a, b = draw.shapes(3)
    return (draw.array(c) > 0, draw.array(a), draw.array(b)), {}


@op(
    x=lambda xp, g, condition: xp.where(condition, g, xp.zeros_like(g)),
    y=lambda xp, g, condition: xp.where(condition, xp.zeros_like(g), g),
    broadcast=True,
    numpy=np.where,
    role="gradient router",
    sample=_where_sample,
)
def where(xp: Any, condition: Any, x: Any, y: Any, /) -> Any:
    """x where the condition holds, else y; what is not chosen gets gradient 0, never NaN.

    >>> where([True, False], 1.0, [2.0, 3.0])
    Tensor([1., 3.], dtype=float32)
    """
    if getattr(condition, "dtype", None) != np.bool_:
        raise TypeError("condition must be boolean")
    if type(x) in PYTHON_SCALARS and type(y) in PYTHON_SCALARS:
        x = convert(x, None)  # neither has a dtype: the default one
    return xp.where(condition, x, y)


def _raw_index(index: Any, x: Any, fits: bool = True) -> tuple[Any, ...]:
    """The index as a tuple of ints, slices, None, Ellipsis and raw arrays, where x lies.

    fits: x is what is indexed.
    """
    found = _entries(index)
    if type(x) in DEVICE_ARRAYS or any(type(e) in DEVICE_ARRAYS for e in found):
        if fits:
            check(found, x.shape)
        return sent(found, device_of(x))
    return found


def _entries(index: Any) -> tuple[Any, ...]:
    """Each entry with Tensors unwrapped; arrays lie where they were."""
    return tuple(_entry(e) for e in (index if isinstance(index, tuple) else (index,)))


def _entry(entry: Any) -> Any:
    if isinstance(entry, Tensor):
        entry = leave(entry, "use as an index")
    if type(entry) in DEVICE_ARRAYS and entry.dtype.kind in "iub":
        return entry
    if isinstance(entry, (list, np.ndarray)):
        entry = np.array(entry)  # the caller may change theirs
        if not entry.size and isinstance(entry, np.ndarray) and entry.dtype == np.float64:
            entry = entry.astype(np.int64)
    if isinstance(entry, slice):
        return slice(
            *(
                None if e is None else operator.index(e)
                for e in (entry.start, entry.stop, entry.step)
            )
        )
    dtype = getattr(entry, "dtype", None)
    if dtype is not None and dtype.kind not in "iub":
        raise TypeError(f"an index must hold integers or booleans; given {dtype}")
    return entry


def _index_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1, 3, side=1)
    index: list[Any] = []
    arrays = draw.boolean()
    for n in shape[: draw.integer(1, len(shape))]:
        kind = draw.integer(0, 4 if arrays else 2)
        if kind == 0:
            index.append(draw.axis(n))
        elif kind == 1:
            index.append(slice(draw.integer(-n, n), None, draw.choice((1, 2, -1))))
        elif kind == 2:
            index.append(slice(None))
        else:  # repeats on purpose
            index.append(np.array([draw.axis(n) for _ in range(3)]))
    if draw.boolean():
        index.insert(draw.integer(0, len(index)), None)
    if draw.boolean():
        index.append(Ellipsis)
    if draw.integer(0, 4) == 0:
        index = [draw.array(shape) > 0]
    return (draw.array(shape),), {"index": tuple(index)}


def is_basic(index: tuple[Any, ...]) -> bool:
    """Whether NumPy answers with a view: integers, slices, None and Ellipsis only."""
    return all(
        e is None
        or e is Ellipsis
        or (isinstance(e, (int, slice, np.integer)) and not isinstance(e, bool))
        for e in index
    )


def _scatter_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    (x,), statics = _index_sample(draw)
    picked = x[statics["index"]]
    return (draw.array(np.shape(picked)),), {"shape": x.shape, **statics}


def _under(lead: int, index: tuple[Any, ...]) -> tuple[Any, ...]:
    return (slice(None),) * lead + index


def _take(xp: Any, x: Any, index: tuple[Any, ...], lead: int) -> Any:
    """x[index] below `lead` extra axes in front."""
    picked = x[_under(lead, index)]
    front = moved_axes(index) if lead else 0
    if not front:
        return picked
    order = (*range(front, front + lead), *range(front), *range(front + lead, picked.ndim))
    return xp.permute_dims(picked, order)


@op(
    x=lambda xp, g, index, shape: _take(xp, g, index, g.ndim - len(shape)),
    normalise={"index": partial(_raw_index, fits=False), "shape": _axes.shape},
    label="scatter",
    role="gradient distributor",
    sample=_scatter_sample,
)
def scatter(xp: Any, x: Any, /, index: Any, shape: Any) -> Any:
    """Zeros of `shape` with x added at `index`; the adjoint of indexing, repeats add up.

    Axes of x in front of those that the index gives stay in front.

    >>> scatter([1.0, 2.0, 3.0], index=([0, 2, 2],), shape=(4,))
    Tensor([1., 0., 5., 0.], dtype=float32)
    """
    if is_basic(index):
        ndim = len(shape) - sum(isinstance(e, (int, np.integer)) for e in index) + index.count(None)
        lead = x.ndim - ndim
        out = xp.zeros(x.shape[:lead] + shape, dtype=x.dtype)
        out[_under(lead, index)] = x
        return out
    if type(x) in DEVICE_ARRAYS:
        check(index, shape)
    inner = picked_shape(index, shape)
    lead = x.ndim - len(inner)
    whole = x.shape[:lead] + shape
    if not lead:
        out = xp.zeros(shape, dtype=x.dtype)
        xp.add_at(out, index, x)
        return out
    # all rows at once, and by one array of indices: what NumPy adds up fastest
    n, size = prod(x.shape[:lead]), prod(shape)
    out = xp.zeros(n * size, dtype=x.dtype)
    places = xp.arange(size).reshape(shape)[index].reshape(-1)
    xp.add_at(out, (xp.arange(n)[:, None] * size + places).reshape(-1), x.reshape(-1))
    return out.reshape(whole)


@op(
    x=lambda xp, g, index, x_shape: xp.scatter(g, index=index, shape=x_shape),
    normalise={"index": _raw_index},
    operator="getitem",
    label="[ ]",
    role="gradient router",
    flops=0,
    sample=_index_sample,
)
def getitem(xp: Any, x: Any, /, index: Any) -> Any:
    """x[index] with NumPy's rules: integers, slices, None, Ellipsis, integer and boolean arrays.

    An element picked several times gets the sum of the gradients.

    >>> getitem([1.0, 2.0, 3.0], slice(1, None))
    Tensor([2., 3.], dtype=float32)
    """
    return x[index]


def _put_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1, 3, side=1)
    index: Any = tuple(
        draw.choice((slice(None), slice(draw.integer(0, n), None), draw.axis(n)))
        for n in shape[: draw.integer(1, len(shape))]
    )
    return (draw.array(shape), draw.array(np.empty(shape)[index].shape)), {"index": index}


def _put_index(index: Any, x: Any) -> tuple[Any, ...]:
    """`_raw_index`, of one that names no element twice."""
    found = _entries(index)
    known = not any(type(e) in DEVICE_ARRAYS for e in found)
    if known and not is_basic(found):
        once_each(found, x)
    found = _raw_index(found, x)
    if not known:
        once_each(found, x)
    return found


def _put_rule(xp: Any, g: Any, index: Any, x_shape: Any) -> Any:
    elsewhere = made(device_of(g), "ones", x_shape, np.bool_)
    elsewhere[index] = False
    return xp.where(elsewhere, g, xp.zeros_like(g))


@op(
    x=_put_rule,
    value=lambda xp, g, index, x_shape: _take(xp, g, index, g.ndim - len(x_shape)),
    broadcast=cast_undo,
    normalise={"index": _put_index},
    label="[ ]=",
    role="gradient router",
    flops=0,
    sample=_put_sample,
)
def put(xp: Any, x: Any, value: Any, /, index: Any) -> Any:
    """A copy of x with x[index] = value, of the shape of x[index]; no element named twice.

    >>> put([1.0, 2.0, 3.0], [9.0], index=[1])
    Tensor([1., 9., 3.], dtype=float32)
    """
    out = xp.array(x)
    shape = getattr(value, "shape", ())
    if out[index].shape != shape:
        raise ValueError(f"x[index] has shape {out[index].shape}; the value has {shape}")
    _refuse_complex(value, out)
    out[index] = value
    return out


def _refuse_complex(value: Any, x: Any) -> None:
    if value.dtype.kind == "c" != x.dtype.kind:
        raise TypeError(f"x has dtype {x.dtype}, which holds no complex values")


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """x[index] = value: x is rebound to a recorded copy with the value in it."""
    graph = thread.graph
    if isinstance(self, Variable):
        raise TypeError("a Variable is changed by assign, not by item assignment")
    if self._token is LEAF or (graph is not None and graph.watches(self)):
        raise TypeError(
            "item assignment to a watched Tensor would cut it off; use ad.copy(x) first"
        )
    picked = self[index]
    if is_python(value) and np.can_cast(np.asarray(value).dtype, self.dtype, "same_kind"):
        value = Tensor(value, self.dtype, self.device)  # Python's numbers are as exact as x is
    value = broadcast_to(value, picked.shape)
    _refuse_complex(value, self)
    result = put(self, astype(value, self.dtype), index=index)
    self._data, self._token, self._origin = result._data, result._token, None
    if result._token is not None:
        self._node = result._node


Tensor.__setitem__ = _setitem  # type: ignore[method-assign]
