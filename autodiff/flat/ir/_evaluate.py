"""What each operation computes, plainly: for constants, and as the meaning that text must match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays._backend import numpy_namespace, within
from ._builder import _filled
from ._library import called
from ._value import REDUCTIONS, UFUNCS, Value
from ._windows import MEANINGS


def evaluate(op: str, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The operation on constants (Values) and Python numbers."""
    return apply(op, [x.data if isinstance(x, Value) else x for x in inputs], attrs)


def apply(op: str, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The operation on NumPy arrays and Python numbers."""
    with np.errstate(all="ignore"):
        if op in UFUNCS or op == "where":
            return getattr(np, op)(*arrays)
        x = arrays[0]
        if op in REDUCTIONS:
            if op == "sum":  # in the order in which it is added up eagerly
                return numpy_namespace.sum(x, attrs["axis"])
            return REDUCTIONS[op].reduce(x, attrs["axis"])
        return _OTHERS[op](arrays, **attrs)


def _scatter(arrays: Sequence[Any], index: Any, shape: Any) -> Any:
    out = np.zeros(shape, arrays[0].dtype)
    np.add.at(out, _filled(index, arrays[1:]), arrays[0])
    return out


def _put(arrays: Sequence[Any], index: Any) -> Any:
    out = np.array(arrays[0])
    out[index] = arrays[1]
    return out


_OTHERS: dict[str, Any] = {
    "within": lambda a, low, high: np.bool_(within(a[0], low, high)),
    "rows": lambda a: a[0].take(a[1], 0),
    "cast": lambda a, dtype: numpy_namespace.astype(a[0], dtype),
    "matmul": lambda a: np.matmul(*a),
    "argmax": lambda a, axis, keepdims: np.argmax(a[0], axis, keepdims=keepdims),
    "argmin": lambda a, axis, keepdims: np.argmin(a[0], axis, keepdims=keepdims),
    "reshape": lambda a, shape: a[0].reshape(shape),
    "transpose": lambda a, axes: a[0].transpose(axes),
    "broadcast": lambda a, shape: np.broadcast_to(a[0], shape),
    "slice": lambda a, index: a[0][index],
    # in order, as buffers are: NumPy lays the columns that it takes one after the other
    "take": lambda a, index: np.asarray(a[0][_filled(index, a[1:])], order="C"),
    "concat": lambda a, axis: np.concatenate(a, axis),
    "stack": lambda a, axis: np.stack(a, axis),
    "scatter": _scatter,
    "put": _put,
    "call": called,
    "part": lambda a, which: a[0][which],
    **MEANINGS,
    "flat": lambda a, home: np.concatenate([np.ravel(x) for x in a]),
}
