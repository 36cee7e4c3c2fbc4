"""What no kernel computes, by the device's array library: complex numbers, transforms, matrices.

Arrays may be views, and results are copied to where the program has them. Nothing of it is recorded
into a graph: the library allocates, and uses cuBLAS in ways that streams refuse while they record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from ...arrays._backend import FORWARDS, Namespace
from ..ir._library import _filled
from ..ir._value import REDUCTIONS, UFUNCS


class Held:
    """Several arrays that one call gave, until their parts are taken."""

    value: Any = None


def computed(xp: Namespace, op: str, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """An operation by the library of a device; `Held` inputs are what they hold."""
    if op in UFUNCS or op == "where":
        return getattr(xp, op)(*arrays)
    if op in REDUCTIONS:
        return getattr(xp, op)(arrays[0], axis=attrs["axis"])
    return _OTHERS[op](xp, arrays, **attrs)


def _call(xp: Any, arrays: Sequence[Any], path: str, form: Any, **_: Any) -> Any:
    inputs, arguments = _filled(form, iter(arrays))
    return attrgetter(path)(xp)(*inputs, **arguments)


def _index(index: tuple[Any, ...], xp: Any, parts: Iterator[Any]) -> tuple[Any, ...]:
    """An index with arrays of the device in place of marks and of the host's arrays."""
    return tuple(
        next(parts) if isinstance(e, str) else xp.asarray(e) if hasattr(e, "dtype") else e
        for e in index
    )


def _scatter(xp: Any, arrays: Sequence[Any], index: Any, shape: Any) -> Any:
    out = xp.zeros(shape, arrays[0].dtype)
    xp.add_at(out, _index(index, xp, iter(())), arrays[0])
    return out


def _put(xp: Any, arrays: Sequence[Any], index: Any) -> Any:
    out = xp.copy(arrays[0])
    out[_index(index, xp, iter(()))] = arrays[1]
    return out


_OTHERS: dict[str, Callable[..., Any]] = {
    "copy": lambda xp, a: a[0],
    "call": _call,
    "part": lambda xp, a, which: a[0].value[which],
    "cast": lambda xp, a, dtype: xp.astype(a[0], dtype),
    "matmul": lambda xp, a: xp.matmul(*a),
    "argmax": lambda xp, a, axis, keepdims: xp.argmax(a[0], axis, keepdims=keepdims),
    "argmin": lambda xp, a, axis, keepdims: xp.argmin(a[0], axis, keepdims=keepdims),
    "reshape": lambda xp, a, shape: a[0].reshape(shape),
    "contiguous": lambda xp, a: a[0],
    "take": lambda xp, a, index: a[0][_index(index, xp, iter(a[1:]))],
    "concat": lambda xp, a, axis: xp.concatenate(a, axis),
    "stack": lambda xp, a, axis: xp.stack(a, axis),
    "scatter": _scatter,
    "put": _put,
    "rows": lambda xp, a: a[0][a[1]],
    "framed": lambda xp, a, **attrs: xp.framed(a[0], **attrs),
    "routed": lambda xp, a, **attrs: xp.routed(a[0], a[1:], **attrs),
    "overlap_add": lambda xp, a, axis, **attrs: FORWARDS["overlap_add"](
        xp, xp.stack(a, axis), axis, **attrs
    ),
}
