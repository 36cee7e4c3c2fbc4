"""NumPy's functions called on Tensors: found in the ops' declarations, recorded, or refused."""

from __future__ import annotations

from typing import Any

from ._op import numpy_functions


def _refuse(name: str, why: str) -> TypeError:
    return TypeError(
        f"{name} of a Tensor: {why}. Use an op of autodiff, declare one for it (CONTRIBUTING, "
        "'How to add an op'), or call it on x.numpy() if no gradient is needed"
    )


def call_ufunc(ufunc: Any, how: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `ufunc(...)` means where an input is a Tensor."""
    name = f"np.{ufunc.__name__}"
    if how != "__call__":
        raise _refuse(f"{name}.{how}", "ufunc methods have no rule")
    if ufunc not in numpy_functions:
        raise _refuse(name, "it has no rule")
    if kwargs:
        raise _refuse(name, f"the arguments {sorted(kwargs)} are not supported, Tensors are values")
    return numpy_functions[ufunc].function(*inputs)


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy's namespace means where an argument is a Tensor."""
    name = f"np.{function.__name__}"
    if function not in numpy_functions:
        raise _refuse(name, "it has no rule")
    op = numpy_functions[function]
    unknown = set(kwargs) - set(op.statics)
    if unknown:
        raise _refuse(name, f"the arguments {sorted(unknown)} are not supported")
    return op.function(*args, **kwargs)
