"""NumPy's and SciPy's functions called as they are: they have no `out=`, and make new arrays.

A call is one value; of a call that gives several arrays the value is the tuple, which is not an
array, and each of its parts is a value more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays._backend import numpy_namespace
from ...engine._graph import TracingError

if TYPE_CHECKING:
    from ._builder import Builder
    from ._value import Value

#: stands for an array in an index, or among the arguments of a call
INDEX = "#"
#: how paths into `xp.scipy` begin
SCIPY = "scipy."
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
    """A part of a namespace, `np.linalg`, `np.fft` or `scipy.special`, called on Values."""

    def __init__(self, builder: Builder, path: str) -> None:
        self._builder, self._path = builder, path

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(call, self._builder, f"{self._path}.{name}")


def call(b: Builder, path: str, *inputs: Any, **arguments: Any) -> Any:
    """`np.<path>(*inputs, **arguments)` at every call of the program: a value, or a tuple of some.

    A path into `scipy` is one into SciPy's special functions.

    Raises:
        TracingError: the shapes of what it gives depend on values.
    """
    if path in SHAPED_BY_VALUES:
        raise TracingError(
            f"np.{path} gives arrays whose shapes depend on values, which a flat program cannot "
            "hold. Call it outside, and pass what it gives as an argument"
        )
    given: list[Value] = []
    form = _form((inputs, arguments), b, given)
    if all(x.op == "constant" for x in given):
        found = called([x.data for x in given], path, form)
        return tuple(map(b.constant, found)) if isinstance(found, tuple) else b.constant(found)
    found, view = _tried(path, form, given)
    attrs: dict[str, Any] = {"path": path, "form": form, "view": view}
    attrs["flops"] = b.count(found[0].shape if isinstance(found, tuple) else found.shape)
    if not isinstance(found, tuple):
        return b.make("call", given, attrs, found.shape, found.dtype)
    whole = b.make("call", given, attrs, (), TUPLE)
    return tuple(
        b.make("part", (whole,), {"which": k}, x.shape, x.dtype) for k, x in enumerate(found)
    )


def function(path: str) -> Any:
    """What is called."""
    return attrgetter(path)(numpy_namespace if path.startswith(SCIPY) else np)


def _form(x: Any, b: Builder, given: list[Value]) -> Any:
    """Arguments, nested ones too, with a mark for each array, which goes to the inputs."""
    if hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, type):
        given.append(b.lift(x))
        return INDEX
    if isinstance(x, (list, tuple)):
        return type(x)(_form(part, b, given) for part in x)
    if isinstance(x, dict):
        return {name: _form(part, b, given) for name, part in x.items()}
    return x


def _filled(form: Any, arrays: Iterator[Any]) -> Any:
    """The arguments with arrays in place of the marks."""
    if isinstance(form, str) and form == INDEX:
        return next(arrays)
    if isinstance(form, (list, tuple)):
        return type(form)(_filled(part, arrays) for part in form)
    if isinstance(form, dict):
        return {name: _filled(part, arrays) for name, part in form.items()}
    return form


def _tried(path: str, form: Any, given: list[Value]) -> tuple[Any, bool]:
    """What a function gives for zeros of these shapes, and whether that is a view of them.

    Functions of matrices and transforms get a stack of none, which costs nothing and has an
    inverse.
    """
    empty, ndim = "." in path, max(x.ndim for x in given)
    zeros = []
    for x in given:
        front = (0, *(1,) * (ndim - x.ndim)) if empty else ()
        hollow = np.broadcast_to(np.zeros((), x.dtype), (*front, *x.shape))
        zeros.append(x.data if x.op == "constant" and not empty else hollow)
    inputs, arguments = _filled(form, iter(zeros))
    with np.errstate(all="ignore"):
        found = function(path)(*inputs, **arguments)
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


def called(arrays: Any, path: str, form: Any, view: bool = True, flops: int = 0) -> Any:
    """The meaning of a call: arrays of its own."""
    inputs, arguments = _filled(form, iter(arrays))
    found = function(path)(*inputs, **arguments)
    if isinstance(found, (tuple, list)):
        return tuple(np.array(x) if view else x for x in found)
    return np.array(found) if view else found


def call_text(value: Value, inputs: list[str], held: Callable[[Any], str]) -> str:
    """The call as it is written; `held` names what has no text."""
    given, arguments = value.attrs["form"]
    rest = iter(inputs)

    def spelled(x: Any) -> str:
        if isinstance(x, str) and x == INDEX:
            return next(rest)
        if isinstance(x, list):
            return f"[{', '.join(map(spelled, x))}]"
        if isinstance(x, tuple):
            return f"({', '.join(map(spelled, x))}{',' if len(x) == 1 else ''})"
        return _argument(x) or held(x)

    shown = [*map(spelled, given), *(f"{name}={spelled(x)}" for name, x in arguments.items())]
    path = value.attrs["path"]
    name = f"scipy.special.{path.removeprefix(SCIPY)}" if path.startswith(SCIPY) else f"np.{path}"
    text = f"{name}({', '.join(shown)})"
    if value.attrs["view"]:
        text = f"np.array({text})" if value.dtype != TUPLE else f"[np.array(x) for x in {text}]"
    return text if value.shape or value.dtype == TUPLE else f"{text}[()]"


def imports(values: Iterable[Value]) -> list[str]:
    """The lines that import what a program's values call."""
    calls = (x.attrs["path"] for x in values if x.op == "call")
    return ["import numpy as np"] + ["import scipy.special"] * any(
        path.startswith(SCIPY) for path in calls
    )


def _argument(x: Any) -> str:
    """A plain value as text; "" if it has none."""
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return f"np.dtype({np.dtype(x).str!r})" if np.dtype(x).kind == "b" else f"np.{np.dtype(x)}"
    if isinstance(x, float) and (x != x or x in (np.inf, -np.inf)):
        return f"float('{x}')"
    plain = x is None or isinstance(x, (bool, int, float, complex, str, slice))
    return repr(x) if plain else ""


def stem(value: Value) -> str:
    """What the result of a call is named after."""
    (source,) = (value,) if value.op == "call" else value.operands
    return str(source.attrs["path"]).rpartition(".")[2]


def declared_flops(op: Any, inputs: list[Any], out: tuple[int, ...]) -> int:
    """Operations that a call takes by the declaration of the op that makes it."""
    if not callable(op.flops):
        return int(op.flops * prod(out))
    return int(op.flops(out, *(getattr(x, "shape", ()) for x in inputs)))
