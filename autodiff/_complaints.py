"""Errors of op calls: what was given, and what was expected."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from ._graph import TracingError

if TYPE_CHECKING:
    from ._op import Op

#: what NumPy raises where operands do not fit
COMPLAINTS = (TypeError, ValueError, IndexError, OverflowError)


def explain(op: Op, error: Exception, arrays: tuple[Any, ...]) -> Exception:
    """NumPy's complaint with the op and what it was given in front."""
    if isinstance(error, TracingError):
        return error  # says all itself
    given = ", ".join(
        f"{name} {describe(data)}"
        for name, data in zip(
            op.inputs if not op.variadic else [f"{op.inputs[0]}[{k}]" for k in range(len(arrays))],
            arrays,
            strict=True,
        )
    )
    kind = type(error) if type(error) in (*COMPLAINTS, np.linalg.LinAlgError) else ValueError
    return kind(f"{op.name}: {error} (given {given})")


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
