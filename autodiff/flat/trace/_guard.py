"""What a flat program could not repeat, found while its function is traced, and said.

Each error names what it is about, where it was made, and what to do instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType, GeneratorType
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _nest
from ...engine._escaped import Escaped
from ...engine._graph import INPUT, TracingError
from ...engine._tensor import Tensor
from ...engine._variable import Variable
from ._locals import ENGINE

if TYPE_CHECKING:
    from ._trace import Trace

#: a captured array of more elements than this is an accident
LARGE = 4096

_NUMBER = "Go on with ops, or return the Tensor and convert it outside"
#: what a Tensor was used for -> what to do instead
INSTEAD = {
    "a Python condition": "Use ad.where(condition, a, b) to choose by value; conditions on shapes, "
    "dtypes and Python arguments are fine",
    "use as an index": "Choose with ad.where, ad.one_hot or masks that are multiplied; indices of "
    "Python numbers and slices are fine",
    "use as a bound": "Bound with ad.maximum and ad.minimum, which take Tensors",
    "a new Tensor or Variable": "Variables are made once, outside, and changed with assign; "
    "ad.asarray takes a Tensor as it is",
}

Place = tuple[str, int]


def place_of(frame: FrameType | None) -> Place | None:
    """File and line of the innermost code that is not the engine's."""
    while frame is not None and frame.f_code.co_filename.startswith(ENGINE):
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def at(place: Place | None) -> str:
    """A place in words."""
    return "" if place is None else f" in line {place[1]} of {Path(place[0]).name}"


# -- values that are asked for ---------------------------------------------------------------------


def refusal(trace: Trace, x: Tensor, how: str) -> TracingError:
    """The error for a Tensor whose value is asked for."""
    instead = INSTEAD.get(how, _NUMBER)
    return TracingError(
        f"{how} of {title(trace, x)}, inside a function being traced: its value would be fixed in "
        f"the flat program for all later calls. {instead}"
    )


def title(trace: Trace, x: Tensor) -> str:
    """A Tensor in words: its name, shape, dtype and where it was made."""
    own = x.name if isinstance(x, Variable) else None
    name = own or next(_names_of(x), "")
    kind = "Variable" if isinstance(x, Variable) else _kind(x.shape, x.dtype)
    made = ""
    if x._token is trace.graph.token:
        op = trace.graph.records[x._node][0]
        place = trace.places.get(x._node)
        made = "" if op is INPUT else f" made by {op.name}{at(place)}"
    return f"{name!r}, a {kind}{made}" if name else f"a {kind}{made}"


def _kind(shape: Any, dtype: Any) -> str:
    return f"Tensor of shape {shape} and dtype {dtype}"


def _names_of(x: Tensor) -> Iterator[str]:
    """What the functions that are running call a Tensor, the innermost first."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if not frame.f_code.co_filename.startswith(ENGINE):
            yield from (name for name, value in frame.f_locals.items() if value is x)
        frame = frame.f_back


# -- what the function does beside computing -------------------------------------------------------


def check(trace: Trace, result: Any) -> None:
    """Raise for what a program of this run could not repeat.

    Raises:
        TracingError: random numbers of NumPy or Python, a tape, a generator of values or a new
            Variable that is returned.
    """
    name = trace.name
    if trace.drawn and not trace.created:  # which may have been initialised with them
        raise TracingError(
            f"ad.function {name}: {trace.drawn} drew numbers inside a function being traced, which "
            "would be the same at every call. Draw with ad.random.default_rng(seed), whose numbers "
            "are new at every call, or outside, and pass them as arguments"
        )
    for x in _nest.flatten(result):
        _check_result(trace, x, name)


def check_again(first: Trace, trace: Trace) -> None:
    """Raise where the call that makes Variables is not like the next, which the program repeats.

    Raises:
        TracingError: that makes Variables too, or assigns some of them more or less often.
    """
    name = trace.name
    for variable, place in trace.created.items():
        raise TracingError(
            f"ad.function {name}: {_called(variable)}, made{at(place)}, is made anew at every "
            "call, and a flat program makes none. Make Variables outside, or keep them at the "
            "first call, as layers do; what is new at every call is a Tensor"
        )
    for variable in {**first.times, **trace.times}:
        once, then = first.times.get(variable, 0), trace.times.get(variable, 0)
        if once != then:
            raise TracingError(
                f"ad.function {name}: {_called(variable)} is assigned {once} times by the call "
                f"that makes Variables, and {then} times by the next, which the flat program "
                "repeats. Give Variables their first values where they are made"
            )


def _called(variable: Variable) -> str:
    what = f"Variable {variable.name!r}" if variable.name else "a Variable"
    return f"{what} of shape {variable.shape}"


def _check_result(trace: Trace, x: Any, name: str) -> None:
    from ...engine._tape import GradientTape

    if isinstance(x, GradientTape):
        raise TracingError(
            f"ad.function {name} returns a GradientTape: a flat program records nothing that a "
            "tape could know. Take the gradients inside and return them"
        )
    if isinstance(x, GeneratorType):
        raise TracingError(
            f"ad.function {name} returns a generator, which would run after the call, and only "
            "after the first. Return a list"
        )
    if isinstance(x, Variable) and x in trace.created:
        raise TracingError(
            f"ad.function {name} makes and returns a Variable{at(trace.created[x])}: later calls "
            "would return the same one. Return a Tensor, or make the Variable outside"
        )


# -- arrays that are fixed -------------------------------------------------------------------------


def around(frames: Iterable[FrameType]) -> list[tuple[str, Any]]:
    """Large arrays that functions can name: local, enclosing, global, and of their objects."""
    found: dict[int, tuple[str, Any]] = {}
    for frame in frames:
        names = {name: frame.f_globals.get(name) for name in frame.f_code.co_names}
        names.update(frame.f_locals)
        owner = frame.f_locals.get("self")
        if hasattr(owner, "__dict__"):
            names.update({f"self.{name}": x for name, x in vars(owner).items()})
        for name, x in names.items():
            data = x._data if type(x) is Tensor and x._token is None else x
            if isinstance(data, np.ndarray) and data.size > LARGE:
                found.setdefault(id(data), (name, data))
    return list(found.values())


def check_captured(constants: dict[str, Any], known: list[tuple[str, Any]], name: str) -> None:
    """Raise for large arrays in a program that are neither arguments nor Variables.

    Raises:
        TracingError: an array of more than `LARGE` elements that no short expression gives.
    """
    for data in constants.values():
        if isinstance(data, np.ndarray) and data.size > LARGE:
            called = next((repr(what) for what, x in known if _same(x, data)), "an array")
            raise TracingError(
                f"ad.function {name}: {called} of shape {data.shape} and dtype {data.dtype} is "
                "captured: neither an argument nor a Variable, it would be fixed in the flat "
                "program. Pass it as an argument if it changes; if it never does, hold it in "
                "ad.Variable(value, trainable=False)"
            )


def _same(x: Any, data: Any) -> bool:
    alike = x.shape == data.shape and x.dtype == data.dtype
    return np.may_share_memory(x, data) or (alike and np.array_equal(x, data))


# -- values that outlive the call ------------------------------------------------------------------


def seal(trace: Trace) -> None:
    """Make Tensors of a run that has ended say so when they are used."""
    records, places = trace.graph.records, trace.places
    for x in trace.made:
        if type(x._data) is not Escaped:
            node = x._node
            about = trace.names.get(node), records[node][0], places.get(node), x.shape, x.dtype
            x._data, x._token = Escaped(partial(_escape, trace.name, *about)), None


def _escape(
    function: str, name: str | None, op: Any, place: Place | None, shape: Any, dtype: Any
) -> str:
    what = f"{name!r}, a {_kind(shape, dtype)}" if name else f"a {_kind(shape, dtype)}"
    made = "given as an argument" if op is INPUT else f"made by {op.name}{at(place)}"
    return (
        f"{what}, {made}, was kept beyond the call of {function!r} in which that was traced: later "
        f"calls are flat programs and leave no such value behind. Return it from {function!r}, or "
        "assign it to a Variable"
    )
