"""NumPy's functions called as they are: those that have no `out=`, and make new arrays.

A call is one value; of a call that gives several arrays the value is the tuple, which is not an
array, and each of its parts is a value more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .._backend import PYTHON_SCALARS
from .._graph import TracingError

if TYPE_CHECKING:
    from ._ir import Builder
    from ._value import Value

#: what a tuple of arrays has in place of a dtype
TUPLE = np.dtype(object)
#: functions whose results have shapes that depend on values
SHAPED_BY_VALUES = frozenset(
    (
        *("nonzero", "flatnonzero", "argwhere", "extract", "compress", "trim_zeros", "bincount"),
        *("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"),
        *("union1d", "intersect1d", "setdiff1d", "setxor1d", "linalg.lstsq"),
    )
)


class Library:
    """A part of NumPy's namespace, `np.linalg` or `np.fft`, called on Values."""

    def __init__(self, builder: Builder, path: str) -> None:
        self._builder, self._path = builder, path

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(call, self._builder, f"{self._path}.{name}")


def call(b: Builder, path: str, *inputs: Any, **arguments: Any) -> Any:
    """`np.<path>(*inputs, **arguments)` at every call of the program: a value, or a tuple of some.

    Raises:
        TracingError: the shapes of what it gives depend on values.
    """
    if path in SHAPED_BY_VALUES:
        raise TracingError(
            f"np.{path} gives arrays whose shapes depend on values, which a flat program cannot "
            "hold. Call it outside, and pass what it gives as an argument"
        )
    given = [b.lift(x) for x in inputs]
    found, view = _tried(path, given, arguments)
    attrs: dict[str, Any] = {"path": path, "arguments": tuple(arguments.items()), "view": view}
    attrs["flops"] = b.count(found[0].shape if isinstance(found, tuple) else found.shape)
    if not isinstance(found, tuple):
        return b.make("call", given, attrs, found.shape, found.dtype)
    if all(x.op == "constant" for x in values_of(given)):
        plain = [x if type(x) in PYTHON_SCALARS else x.data for x in given]
        return tuple(map(b.constant, called(plain, **attrs)))
    whole = b.make("call", given, attrs, (), TUPLE)
    return tuple(
        b.make("part", (whole,), {"which": k}, x.shape, x.dtype) for k, x in enumerate(found)
    )


def values_of(given: list[Any]) -> list[Value]:
    """Those inputs that are no Python numbers."""
    return [x for x in given if type(x) not in PYTHON_SCALARS]


def _tried(path: str, given: list[Any], arguments: dict[str, Any]) -> tuple[Any, bool]:
    """What a function gives for zeros of these shapes, and whether that is a view of them.

    Functions of matrices and transforms get a stack of none, which costs nothing and has an
    inverse.
    """
    empty = (0,) if "." in path else ()
    zeros = [
        x
        if type(x) in PYTHON_SCALARS
        else np.broadcast_to(np.zeros((), x.dtype), (*empty, *x.shape))
        for x in given
    ]
    with np.errstate(all="ignore"):
        found = attrgetter(path)(np)(*zeros, **arguments)
    results = found if (several := isinstance(found, (tuple, list))) else (found,)
    results = [np.asarray(x) for x in results]
    view = any(_root(x) is _root(y) for x in results for y in zeros)
    if empty:
        results = [np.empty(x.shape[1:], x.dtype) for x in results]
    return (tuple(results) if several else results[0]), view


def _root(x: Any) -> Any:
    """The array whose memory an array looks at."""
    while getattr(x, "base", None) is not None:
        x = x.base
    return x


def called(arrays: Any, path: str, arguments: Any, view: bool, flops: int) -> Any:
    """The meaning of a call: arrays of its own."""
    found = attrgetter(path)(np)(*arrays, **dict(arguments))
    if isinstance(found, (tuple, list)):
        return tuple(np.array(x) if view else x for x in found)
    return np.array(found) if view else found


def call_text(value: Value, inputs: list[str]) -> str:
    """The call as it is written."""
    rest = [f"{name}={_argument(x)}" for name, x in value.attrs["arguments"]]
    text = f"np.{value.attrs['path']}({', '.join([*inputs, *rest])})"
    if value.attrs["view"]:
        text = f"np.array({text})" if value.dtype != TUPLE else f"[np.array(x) for x in {text}]"
    return text if value.shape or value.dtype == TUPLE else f"{text}[()]"


def _argument(x: Any) -> str:
    if isinstance(x, (np.dtype, type)):
        return f"np.{np.dtype(x)}"
    return repr(x)


def stem(value: Value) -> str:
    """What the result of a call is named after."""
    (source,) = (value,) if value.op == "call" else value.operands
    return str(source.attrs["path"]).rpartition(".")[2]


def declared_flops(op: Any, inputs: list[Any], out: tuple[int, ...]) -> int:
    """Operations that a call takes by the declaration of the op that makes it."""
    if not callable(op.flops):
        return int(op.flops * prod(out))
    return int(op.flops(out, *(getattr(x, "shape", ()) for x in inputs)))
