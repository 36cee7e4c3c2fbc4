"""NumPy's functions called on Tensors: found in the ops' declarations, recorded, or refused."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ._op import answers, numpy_functions


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
    if ufunc in answers:
        return _answer(name, answers[ufunc], inputs, kwargs)
    if ufunc not in numpy_functions:
        raise _refuse(name, "it has no rule")
    if kwargs:
        raise _refuse(name, f"the arguments {sorted(kwargs)} are not supported, Tensors are values")
    return numpy_functions[ufunc].function(*inputs)


#: NumPy's names for our statics, where they differ
ALIASES = {"a_min": "min", "a_max": "max", "newshape": "shape", "reps": "repetitions"}


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy's namespace means where an argument is a Tensor."""
    name = f"np.{function.__name__}"
    if function in answers:
        given = _given(function, args, kwargs)
        return _answer(name, answers[function], given.args, given.kwargs)
    if function not in numpy_functions:
        raise _refuse(name, "it has no rule")
    op = numpy_functions[function]
    n = len(op.inputs)
    statics = _named(function, args, kwargs, n) if len(args) > n or kwargs else {}
    unknown = set(statics) - {*op.statics, *(("dtype",) if op.in_dtype else ())}
    if unknown:
        raise _refuse(name, f"the arguments {sorted(unknown)} are not supported")
    return op.function(*args[:n], **statics)


def _answer(name: str, answer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function made of ops answers for NumPy's of that name."""
    try:
        inspect.signature(answer).bind(*args, **kwargs)
    except TypeError as error:
        raise _refuse(name, str(error)) from None
    return answer(*args, **kwargs)


def _given(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
    """The arguments of a NumPy function that were given, and are not what they are by default."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    for key, p in signature.parameters.items():
        if key in bound.arguments and bound.arguments[key] is p.default:
            del bound.arguments[key]
    return bound


def _named(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], n: int) -> dict[str, Any]:
    """NumPy's arguments beyond the n arrays, by our names; those at their defaults left out."""
    parameters = _parameters(function)
    named = dict(zip(list(parameters)[n:], args[n:], strict=False)) | kwargs
    return {
        ALIASES.get(key, key): value
        for key, value in named.items()
        if not (key in parameters and value is parameters[key])
    }


def _parameters(function: Any) -> dict[str, Any]:
    """Names and defaults of a NumPy function's parameters."""
    if function is np.concatenate:  # written in C, without a signature before NumPy 2.4
        return {"arrays": None, "axis": 0, "out": None, "dtype": None, "casting": "same_kind"}
    return {key: p.default for key, p in inspect.signature(function).parameters.items()}
