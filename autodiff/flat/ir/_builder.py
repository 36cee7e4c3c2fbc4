"""The program before it is text: values, and the builder that makes them.

`Builder` makes them. It infers shape and dtype, computes what is constant at once, gives back the
value it made before where the same is asked for again, and leaves out what changes nothing. Values
are never changed; the order in which they were made is an order in which they can be computed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ...arrays._backend import FEW, PYTHON_SCALARS
from ...arrays._device import host
from ...arrays._indices import moved_axes
from ..trace._locals import Locals
from ._library import INDEX as INDEX
from ._strides import below_transpose, spread_out
from ._value import REDUCTIONS, UNFOLDED, VIEWS, Gate, Shape, Value


@lru_cache(maxsize=4096)
def result_dtype(op: str, kinds: tuple[Any, ...]) -> np.dtype[Any]:
    """What NumPy makes of operands: dtypes, or Python numbers, which are weak."""
    operands = [np.ones(1, k) if isinstance(k, np.dtype) else k(1) for k in kinds]
    with np.errstate(all="ignore"):
        if op == "where":
            return np.where(np.ones(1, bool), *operands).dtype
        return getattr(np, op)(*operands).dtype  # type: ignore[no-any-return]


#: what is not cut into rows: in parts of memory, or with a short expression as it is
WHOLE = VIEWS | {"constant"}


class Builder:
    """Makes the values of one program."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self._made: dict[Any, Value] = {}
        #: "forward", "backward" or "update": where the values made now belong
        self.section = "forward"
        #: a name for the values made now
        self.hint = ""
        #: the op that the values made now come from, or whose gradient they pull
        self.gate = Gate("")
        #: what the forward that runs now calls the values that it makes
        self.locals: Locals | None = None
        #: operations of a call by the shape of its result, as the op that runs now declares them
        self.count: Callable[[Shape], int] = prod
        #: checks that raise, in order
        self.checks: list[tuple[Value, str]] = []
        #: draws of random numbers, in order
        self.draws: list[Value] = []

    def make(
        self, op: str, inputs: Sequence[Any], attrs: dict[str, Any], shape: Shape, dtype: Any
    ) -> Value:
        """A value, or the same one that was made before."""
        inputs = tuple(inputs)
        if op not in UNFOLDED and all(
            not isinstance(x, Value) or x.op == "constant" for x in inputs
        ):
            from ._evaluate import evaluate

            return self.constant(evaluate(op, inputs, attrs))
        key = (
            op,
            tuple(x if isinstance(x, Value) else (type(x), repr(x)) for x in inputs),
            tuple((k, _key(v)) for k, v in sorted(attrs.items())),
        )
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = Value(self, op, inputs, attrs, tuple(shape), dtype)
            self.values.append(known)
            if self.locals is not None:
                self.locals.look(sys._getframe(1), known.number)
        return known

    def constant(self, data: Any) -> Value:
        """A value that is the same at every call."""
        data = np.asarray(host(data))
        return self.make("constant", (), {"data": data}, data.shape, data.dtype)

    def lift(self, x: Any) -> Any:
        """A Value for an array; Python numbers and Values are what they are."""
        return x if isinstance(x, Value) or type(x) in PYTHON_SCALARS else self.constant(x)

    def known_within(self, x: Any, low: int, high: int) -> bool:
        """Whether a check before has found the integers of x from low up to, but not at, high."""
        attrs = {"low": low, "high": high}
        return any(
            check.op == "within" and check.inputs[0] is x and check.attrs == attrs
            for check, _ in self.checks
        )

    # -- element by element ------------------------------------------------------------------------

    def ufunc(self, op: str, *operands: Any) -> Any:
        """A NumPy ufunc, or `where`, of operands that broadcast."""
        inputs = [self.lift(x) for x in operands]
        shape = np.broadcast_shapes(*(x.shape for x in inputs if isinstance(x, Value)))
        dtypes = [x.dtype if isinstance(x, Value) else type(x) for x in inputs]
        dtype = result_dtype(op, tuple(dtypes[1:] if op == "where" else dtypes))
        for k in range(len(inputs)):
            inputs[k] = self._weak(inputs[k], shape, dtype, inputs)
        if op in ("multiply", "divide") and type(inputs[1]) in (int, float) and inputs[1] == 1:
            return self.cast(self.broadcast(inputs[0], shape), dtype)
        if op == "multiply" and type(inputs[0]) in (int, float) and inputs[0] == 1:
            return self.cast(self.broadcast(inputs[1], shape), dtype)
        if op == "positive":
            return inputs[0]
        below = below_transpose(self, op, inputs, shape, dtype)
        return self.make(op, inputs, {}, shape, dtype) if below is None else below

    def _weak(self, x: Any, shape: Shape, dtype: Any, inputs: Sequence[Any]) -> Any:
        """A constant with one value everywhere as a Python number, where that gives the same."""
        if not isinstance(x, Value) or x.op != "constant" or x.dtype.kind not in "f" or not x.size:
            return x
        others = [y for y in inputs if y is not x and isinstance(y, Value)]
        if not any(y.shape == shape and y.dtype == dtype for y in others):
            return x  # it gives the result its shape or dtype
        first = x.data.flat[0]
        same = (x.data == first) & (np.signbit(x.data) == np.signbit(first))
        if first != first or not same.all():
            return x
        return float(first)

    def cast(self, x: Any, dtype: Any) -> Any:
        """The values in another dtype."""
        x, dtype = self.lift(x), np.dtype(dtype)
        return x if x.dtype == dtype else self.make("cast", (x,), {"dtype": dtype}, x.shape, dtype)

    # -- along axes --------------------------------------------------------------------------------

    def reduce(self, op: str, x: Any, axis: Any, keepdims: bool) -> Any:
        """A reduction over axes counted from the right (None: all)."""
        x = self.lift(x)
        axes = tuple(range(-x.ndim, 0)) if axis is None else axis
        axes = (axes,) if isinstance(axes, int) else tuple(axes)
        shape = _reduced(x.shape, axes, keepdims)
        dtype = REDUCTIONS[op].reduce(np.ones(1, x.dtype)).dtype
        if not axes and dtype == x.dtype:
            return x + 0 if op == "sum" else x  # -0.0 becomes 0.0, as in NumPy's sum
        flat = _reduced(x.shape, axes, False)
        return self.reshape(self.make(op, (x,), {"axis": axes}, flat, dtype), shape)

    def position(self, op: str, x: Any, axis: int | None, keepdims: bool) -> Any:
        """argmax or argmin along one axis, or of the flattened array."""
        x = self.lift(x)
        axes = tuple(range(-x.ndim, 0)) if axis is None else (axis,)
        shape = _reduced(x.shape, axes, keepdims)
        return self.make(op, (x,), {"axis": axis, "keepdims": keepdims}, shape, np.intp)

    def matmul(self, x: Any, y: Any) -> Any:
        """Matrix product by NumPy's rules; a stack of small matrices times one is one product."""
        x, y = (spread_out(self, self.lift(z)) for z in (x, y))
        if x.ndim > 2 and y.ndim == 2 and x.shape[-2] <= FEW and x.op not in WHOLE:
            rows = self.reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
            return self.reshape(self.matmul(rows, y), (*x.shape[:-1], y.shape[-1]))
        shape = np.matmul(_hollow(x), _hollow(y)).shape
        return self.make("matmul", (x, y), {}, shape, np.result_type(x.dtype, y.dtype))

    # -- views and copies --------------------------------------------------------------------------

    def reshape(self, x: Any, shape: Any) -> Any:
        """The same elements in another shape; reshapes of reshapes are one."""
        x = self.lift(x)
        shape = _hollow(x).reshape(shape).shape
        if x.op == "reshape":
            (x,) = x.inputs
        return (
            x if x.shape == shape else self.make("reshape", (x,), {"shape": shape}, shape, x.dtype)
        )

    def transpose(self, x: Any, axes: Any) -> Any:
        """Axes in another order; a transpose undone is left out."""
        x = self.lift(x)
        axes = tuple(k % x.ndim for k in axes)
        if x.op == "transpose":
            axes = tuple(x.attrs["axes"][k] for k in axes)
            (x,) = x.inputs
        if axes == tuple(range(x.ndim)):
            return x
        shape = tuple(x.shape[k] for k in axes)
        return self.make("transpose", (x,), {"axes": axes}, shape, x.dtype)

    def broadcast(self, x: Any, shape: Any) -> Any:
        """Elements repeated along new axes and axes of length 1."""
        x, shape = self.lift(x), tuple(shape)
        return (
            x
            if x.shape == shape
            else self.make("broadcast", (x,), {"shape": shape}, shape, x.dtype)
        )

    def index(self, x: Value, index: tuple[Any, ...]) -> Any:
        """x[index]; a view if the index is of integers and slices, else a copy."""
        index = _plain(index)
        arrays = [self.lift(e) for e in index if isinstance(e, (Value, np.ndarray, list))]
        if not arrays:
            index = _short(index, x.ndim)
            shape = _hollow(x)[index].shape
            return self.make("slice", (x,), {"index": index}, shape, x.dtype)
        marked, parts = _marked(index)
        shape = _hollow(x)[_filled(marked, [_hollow(self.lift(p)) for p in parts])].shape
        return self.make("take", (x, *arrays), {"index": marked}, shape, x.dtype)

    def put(self, x: Any, value: Any, index: tuple[Any, ...]) -> Any:
        """A copy of x with x[index] = value."""
        x, attrs = self.lift(x), {"index": _plain(index)}
        return self.make("put", (x, self.lift(value)), attrs, x.shape, x.dtype)

    def scatter(self, x: Any, index: tuple[Any, ...], shape: Shape) -> Any:
        """Zeros with x added at an index of integers, slices and constant arrays.

        Axes of x in front of those that the index gives stay in front.
        """
        x, index = self.lift(x), _plain(index)
        lead = x.ndim - np.broadcast_to(np.False_, shape)[index].ndim
        whole = x.shape[:lead] + tuple(shape)
        front = moved_axes(index) if lead else 0
        if front:  # as NumPy has them
            axes = (*range(lead, lead + front), *range(lead), *range(lead + front, x.ndim))
            x = self.transpose(x, axes)
        attrs = {"index": (slice(None),) * lead + index, "shape": whole}
        return self.make("scatter", (x,), attrs, whole, x.dtype)

    def added_at(self, x: Any, index: tuple[Any, ...], shape: Shape) -> Any:
        """`scatter` at an index that values of the program stand in."""
        marked, parts = _marked(_plain(index))
        attrs = {"index": marked, "shape": tuple(shape)}
        inputs = [self.lift(x), *map(self.lift, parts)]
        return self.make("scatter", inputs, attrs, shape, inputs[0].dtype)

    def join(self, op: str, arrays: Sequence[Any], axis: int) -> Any:
        """concat or stack."""
        parts = [self.lift(x) for x in arrays]
        dtype = np.result_type(*(p.dtype for p in parts))
        shape = getattr(np, op)([_hollow(p) for p in parts], axis=axis).shape
        return self.make(op, parts, {"axis": axis}, shape, dtype)


def _short(index: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """An index of integers, slices and None with nothing in it that says nothing.

    >>> _short((..., 0, slice(None)), 3)
    (slice(None, None, None), 0)
    """
    if Ellipsis in index and ndim:
        k = index.index(Ellipsis)
        named = sum(e is not None for e in index) - 1
        index = (*index[:k], *(slice(None),) * (ndim - named), *index[k + 1 :])
    while len(index) > 1 and index[-1] == slice(None):
        index = index[:-1]
    return index


def _plain(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """An index whose truth values are arrays: they are masks, not the integers 0 and 1."""
    return tuple(np.asarray(e) if isinstance(e, (bool, np.bool_)) else e for e in index)


def _marked(index: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    parts = [e for e in index if isinstance(e, (Value, np.ndarray, list))]
    return tuple(INDEX if isinstance(e, (Value, np.ndarray, list)) else e for e in index), parts


def _filled(index: tuple[Any, ...], parts: Sequence[Any]) -> tuple[Any, ...]:
    rest = iter(parts)
    return tuple(next(rest) if isinstance(e, str) else e for e in index)


def _hollow(x: Any) -> Any:
    """An array of a value's shape that takes no memory; zeros, so that it may stand in an index."""
    if x.op == "constant":
        return x.data
    return np.broadcast_to(np.zeros((), x.dtype), x.shape)


def _reduced(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    n = len(shape)
    if keepdims:
        return tuple(1 if k - n in axes else size for k, size in enumerate(shape))
    return tuple(size for k, size in enumerate(shape) if k - n not in axes)


def _key(value: Any) -> Any:
    """Something hashable that tells static attributes apart."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes()) if value.size <= 64 else id(value)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, (tuple, list)):
        return tuple(map(_key, value))
    if isinstance(value, dict):
        return tuple((name, _key(part)) for name, part in value.items())
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
