"""Errors of op calls: what was given, and what was expected."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays._device import apart
from ._graph import TracingError

if TYPE_CHECKING:
    from ._op import Op

#: what NumPy raises where operands do not fit
COMPLAINTS = (TypeError, ValueError, IndexError, OverflowError)
#: kinds of them that callers may want to tell apart
NUMPYS = (np.linalg.LinAlgError, np.exceptions.AxisError)


def explain(op: Op, error: Exception, arrays: tuple[Any, ...]) -> Exception:
    """NumPy's complaint with the op and what it was given in front."""
    if isinstance(error, TracingError):
        return error  # says all itself
    problem = apart(_named(op, arrays))
    if problem:
        return ValueError(f"{op.name}: {problem}")
    given = ", ".join(f"{name} {describe(data)}" for name, data in _named(op, arrays))
    kind = type(error) if type(error) in (*COMPLAINTS, *NUMPYS) else ValueError
    return kind(f"{op.name}: {error} (given {given})")


def together(op: Op, arrays: tuple[Any, ...]) -> None:
    """ValueError that names the operands where they lie on different devices."""
    problem = apart(_named(op, arrays))
    if problem:
        raise ValueError(f"{op.name}: {problem}")


def _named(op: Op, arrays: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """The operands of a call, with what to call them."""
    many = [f"{op.inputs[0]}[{k}]" for k in range(len(arrays))] if op.variadic else op.inputs
    return list(zip(many, arrays, strict=True))


def describe(data: Any) -> str:
    """Shape and dtype of a raw array, or the Python number itself."""
    return f"{data.dtype}{list(data.shape)}" if hasattr(data, "dtype") else repr(data)


def unsupported(op: Op, name: str, value: Any) -> TypeError:
    """The error for an input that is no array."""
    return TypeError(
        f"{op.name}: {name} is {type(value).__name__} {value!r:.60}; "
        "expected a Tensor, NumPy array, number, or nested list of numbers"
    )


def signature(op: Op) -> str:
    """The call as documented, for error messages."""
    return f"{op.name}{inspect.signature(op.function)}"
