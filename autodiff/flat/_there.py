"""Functions of what lies on a device: programs of kernels, or op by op where it has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import _nest
from ..arrays._backend import DEVICE_ARRAYS
from ..arrays._device import CPU, Device, backend, current, device_of, on, on_device
from ..engine._calls import constant
from ..engine._graph import thread
from ..engine._tensor import Tensor
from ..engine._variable import Variable
from ..ops.creation import asarray
from .cuda import _machines
from .trace._signature import is_array, signature
from .trace._trace import Trace

if TYPE_CHECKING:
    from . import Function
    from .cuda._machine import Machine
    from .lower._lower import Program


def lies_there(args: Any, kwargs: Any) -> bool:
    """Whether a call is one for a device: the current one, or that of an argument."""
    if current().kind != CPU.kind:
        return True
    if not DEVICE_ARRAYS:
        return False
    return any(device_of(x) != CPU for x in _nest.flatten((args, kwargs)))


def place_of_call(args: Any, kwargs: Any) -> Device:
    """The device of the first argument that lies on one, else the current one."""
    found = map(device_of, _nest.flatten((args, kwargs)))
    return next((d for d in found if d != CPU), current())


def place_of(trace: Trace, arrays: list[Any]) -> Device:
    """The device of a function that was traced: of its arguments, or of Variables that it read."""
    data = [*arrays, *(x._data for x in trace.graph.leaves)]
    return next((device_of(x) for x in data if type(x) in DEVICE_ARRAYS), CPU)


def machine_of(where: Device) -> Machine | None:
    """What runs programs on a device; None for the CPU, and where they run op by op."""
    return None if where == CPU else _machines.machine_of(where)


def call(function: Function[Any, Any], args: Any, kwargs: Any) -> Any:
    """A call of a function for a device."""
    where = place_of_call(args, kwargs)
    if machine_of(where) is None:
        return run(function._f, args, kwargs)
    made, arrays = program(function, args, kwargs)
    if made is None:
        return run(function._f, args, kwargs)
    if not kwargs and all(type(x) is Tensor for x in args) and backend(where.kind).count() == 1:
        function.remember(made, arrays)
    return made(arrays)


def program(function: Function[Any, Any], args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
    """The program of a call for a device, and the arrays that it takes."""
    where = place_of_call(args, kwargs)
    with on(where):
        args, kwargs = given(args, kwargs)
        key, arrays = signature(args, kwargs, function._f)
        return function._made((str(where), key), args, kwargs, arrays), arrays


def several(function: Function[Any, Any], arrays: list[Any], count: int) -> list[Any] | None:
    """The results of so many calls at once, on a device; None where nothing was done.

    arrays: Tensors whose first axes hold the rows of all calls, one after the other.
    """
    if thread.graph is not None or thread.anomaly is not None or not lies_there(arrays, {}):
        return None
    function.forget_moved()
    where = place_of_call(arrays, {})
    if machine_of(where) is None:
        return None
    first = [constant(x._data[: len(x) // count]) for x in arrays]
    made, _ = program(function, first, {})
    return None if made is None else made.several([x._data for x in arrays], count)


def runner(program: Program, name: str, machine: Machine, where: Device) -> Any:
    """What calls a program on a device."""
    from .cuda._runner import DeviceRunner  # nobody else needs to know how

    return DeviceRunner(program, name, machine, where)


def given(args: Any, kwargs: Any) -> Any:
    """The arguments, with Tensors on the current device in place of arrays."""
    return _nest.replace((args, kwargs), _given)


def run(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run the function on Tensors in place of arrays, as its program would; gives constants."""
    args, kwargs = given(args, kwargs)
    return _nest.replace(f(*args, **kwargs), _result)


def _given(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x
    return asarray(x) if is_array(x) or on_device(x) else x


def _result(x: Any) -> Any:
    return constant(x._data) if isinstance(x, Variable) else x


def refuse(name: str, what: str, args: Any, kwargs: Any) -> None:
    """RuntimeError where a program is asked for that a device has not."""
    if lies_there(args, kwargs) and machine_of(place_of_call(args, kwargs)) is None:
        there = [str(device_of(x)) for x in _nest.flatten((args, kwargs)) if device_of(x) != CPU]
        raise RuntimeError(
            f"ad.function {name}: {what} is of a flat program, which is NumPy's; on "
            f"{there[0] if there else current()} the function runs op by op. Ask for it inside "
            '`with ad.device("cpu")`, with arguments that lie there'
        )
