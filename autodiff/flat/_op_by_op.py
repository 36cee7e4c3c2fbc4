"""Functions of what lies on a device: they run as they stand, op by op.

A flat program is NumPy's; what is not the host's has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _nest
from .._backend import DEVICE_ARRAYS
from .._calls import constant
from .._device import CPU, current, device_of, on_device
from .._tensor import Tensor
from .._variable import Variable
from ..ops.creation import asarray
from ._signature import is_array
from ._trace import Trace


def lies_there(args: Any, kwargs: Any) -> bool:
    """Whether a call is one for a device: the current one, or that of an argument."""
    if current().kind != CPU.kind:
        return True
    if not DEVICE_ARRAYS:
        return False
    return any(device_of(x) != CPU for x in _nest.flatten((args, kwargs)))


def reads_there(trace: Trace) -> bool:
    """Whether a function that was traced has read a Variable that lies on a device."""
    return any(type(x._data) in DEVICE_ARRAYS for x in trace.graph.leaves)


def run(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run the function on Tensors in place of arrays, as its program would; gives constants."""
    args, kwargs = _nest.replace((args, kwargs), _given)
    return _nest.replace(f(*args, **kwargs), _result)


def _given(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x
    return asarray(x) if is_array(x) or on_device(x) else x


def _result(x: Any) -> Any:
    return constant(x._data) if isinstance(x, Variable) else x


def refuse(name: str, what: str, args: Any, kwargs: Any) -> None:
    """RuntimeError where a program is asked for that a device has not."""
    if lies_there(args, kwargs):
        there = [str(device_of(x)) for x in _nest.flatten((args, kwargs)) if device_of(x) != CPU]
        raise RuntimeError(
            f"ad.function {name}: {what} is of a flat program, which is NumPy's; on "
            f"{there[0] if there else current()} the function runs op by op. Ask for it inside "
            '`with ad.device("cpu")`, with arguments that lie there'
        )
