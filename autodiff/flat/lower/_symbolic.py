"""`xp` for forwards that run on Values: each function says what to compute instead of doing it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...arrays._backend import FORWARDS, WIDE, Special
from ...arrays._wide import Wide
from ...engine._graph import TracingError
from ..ir._builder import Builder
from ..ir._library import Library, call
from ..ir._value import REDUCTIONS, UFUNCS, Value
from ..ir._windows import ascontiguousarray, framed, overlap_add, routed, windows


class Symbolic:
    """The functions that ops' forwards may use, on Values; ops of our own run their forwards."""

    def __init__(self, builder: Builder) -> None:
        self._builder = b = builder
        self.where = partial(b.ufunc, "where")
        for op in REDUCTIONS:
            setattr(self, op, partial(self._reduce, op))
        for op in ("argmax", "argmin"):
            setattr(self, op, partial(self._position, op))
        for f in (windows, overlap_add, framed, routed, ascontiguousarray):
            setattr(self, f.__name__, partial(f, b))
        self.matmul, self.reshape, self.astype = b.matmul, b.reshape, b.cast
        self.broadcast_to = b.broadcast
        self.linalg, self.fft = Wide(Library(b, "linalg")), Library(b, "fft")
        self.scipy = Wide(Library(b, "scipy"))
        self.concat = lambda arrays, axis=0: b.join("concat", arrays, axis)
        self.stack = lambda arrays, axis=0: b.join("stack", arrays, axis)

    def __getattr__(self, name: str) -> Any:
        if name == "special":
            return Special(self)
        found: Any = getattr(np, name, None)  # as eagerly: what NumPy has, else ours
        if isinstance(found, np.ufunc) and found.__name__ in UFUNCS:
            found = partial(self._builder.ufunc, found.__name__)
        elif callable(found) and not isinstance(found, type):
            found = partial(call, self._builder, name)
        elif found is None:
            if name not in FORWARDS:
                raise TracingError(f"an op asks for xp.{name}, which flat programs do not know")
            found = partial(FORWARDS[name], self)
        self.__dict__[name] = found
        return found

    def _reduce(self, op: str, x: Value, axis: Any = None, keepdims: bool = False) -> Any:
        if op == "mean":
            raise TracingError("mean")
        return self._builder.reduce(op, x, axis, keepdims)

    def _position(self, op: str, x: Value, axis: Any = None, keepdims: bool = False) -> Any:
        return self._builder.position(op, x, axis, keepdims)

    def mean(self, x: Value, axis: Any = None, keepdims: bool = False) -> Any:
        """float16's mean, summed in float32."""
        wide = self._builder.cast(x, np.float32)
        total = self._builder.reduce("sum", wide, axis, keepdims)
        return self._builder.cast(total / (wide.size // max(1, total.size)), x.dtype)

    def array(self, x: Any) -> Any:
        """A copy; values are never changed, so it is the same value."""
        return self._builder.lift(x)

    asarray = copy = array

    def permute_dims(self, x: Value, axes: Any) -> Any:
        """Axes in another order."""
        return self._builder.transpose(x, axes)

    def expand_dims(self, x: Value, axis: Any) -> Any:
        """New axes of length 1, counted from the right of the result."""
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        n = x.ndim + len(axes)
        rest = iter(x.shape)
        return x.reshape(tuple(1 if k - n in axes or k in axes else next(rest) for k in range(n)))

    def squeeze(self, x: Value, axis: Any) -> Any:
        """Axes of length 1 removed, counted from the right."""
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        n = x.ndim
        return x.reshape(tuple(s for k, s in enumerate(x.shape) if k - n not in axes))

    def clip(self, x: Value, low: Any, high: Any) -> Any:
        """x held between bounds, either of which may be None."""
        if low is not None:
            x = self._builder.ufunc("maximum", x, low)
        return x if high is None else self._builder.ufunc("minimum", x, high)

    def zeros_like(self, x: Value) -> Any:
        """Zeros of the shape and dtype of x."""
        return self._builder.constant(np.zeros(x.shape, x.dtype))

    def ones_like(self, x: Value) -> Any:
        """Ones of the shape and dtype of x."""
        return self._builder.constant(np.ones(x.shape, x.dtype))

    def arange(self, *args: Any) -> Any:
        """Evenly spaced numbers."""
        return np.arange(*args)

    def scatter(self, x: Value, index: Any, shape: Any) -> Any:
        """Zeros with x added at an index."""
        return self._builder.scatter(x, index, shape)

    def added_at(self, x: Value, index: Any, shape: Any) -> Any:
        """Zeros with x added at an index that may hold Values."""
        return self._builder.added_at(x, index, shape)

    def put(self, x: Value, value: Value, index: Any) -> Any:
        """A copy with a value at an index."""
        return self._builder.put(x, value, index)

    def require_range(self, x: Value, low: int, high: int, what: str) -> None:
        """A check that the program makes at every call."""
        b = self._builder
        if not x.size:
            return
        inside = b.make("within", (x,), {"low": low, "high": high}, (), np.bool_)
        if not any(condition is inside for condition, _ in b.checks):
            b.checks.append((inside, f"{b.gate.op}: {what} outside {low} to {high - 1}"))

    def one_hot(self, labels: Value, classes: int, dtype: Any) -> Any:
        """Rows of zeros with a one: taken from the unit matrix where the labels are known to be in.

        As the op's forward says it, where they are not, or the matrix would be large.
        """
        b = self._builder
        known = b.known_within(labels, 0, classes)
        if not known or classes > WIDE:
            return FORWARDS["one_hot"](self, labels, classes, dtype)
        rows = b.constant(np.eye(classes, dtype=dtype))
        return b.make("rows", (rows, labels), {}, (*labels.shape, classes), dtype)
