"""NumPy's functions called on Tensors: found in the ops' declarations, recorded, or refused."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine._op import answers, numpy_functions, registry
from ..engine._tensor import Tensor


def _refuse(name: str, why: str) -> TypeError:
    return TypeError(
        f"{name} of a Tensor: {why}. Use an op of autodiff, declare one (autodiff.extend), "
        "or call it on x.numpy() if no gradient is needed"
    )


NO_OUT = "the argument 'out' is not supported: Tensors are values, and the result is a new one"

#: ufunc -> the op that its `reduce` is, and its `accumulate`
REDUCED = {
    np.add: ("sum", "cumulative_sum"),
    np.multiply: ("prod", "cumulative_prod"),
    np.maximum: ("max", None),
    np.minimum: ("min", None),
    np.logical_and: ("all", None),
    np.logical_or: ("any", None),
}


def call_ufunc(ufunc: Any, how: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `ufunc(...)`, or a method of it such as `reduce`, means where an input is a Tensor."""
    name = f"np.{ufunc.__name__}" + (f".{how}" if how != "__call__" else "")
    if any(out is not None for out in kwargs.pop("out", None) or ()):
        raise _refuse(name, NO_OUT)
    if how in ("reduce", "accumulate"):
        return _along_axis(name, ufunc, how == "accumulate", *inputs, **kwargs)
    if how not in ("__call__", "outer"):
        raise _refuse(name, "this ufunc method has no rule")
    if how == "outer":
        x, y = (z if isinstance(z, Tensor) else Tensor(z) for z in inputs)
        inputs = x[(..., *(None,) * y.ndim)], y
    if ufunc in answers:
        return _called(name, answers[ufunc], inputs, kwargs)
    if ufunc not in numpy_functions and (special := _scipys(ufunc)) is not None:
        return _called(f"scipy.special.{ufunc.__name__}", special, inputs, kwargs)
    if ufunc not in numpy_functions:
        raise _refuse(name, "it has no rule")
    if kwargs:
        raise _refuse(name, f"the arguments {sorted(kwargs)} are not supported")
    return numpy_functions[ufunc].function(*inputs)


def _scipys(ufunc: np.ufunc) -> Any:
    """Our function of the same meaning as a ufunc of SciPy's, or None."""
    scipy: Any = sys.modules.get("scipy.special")
    if scipy is None or getattr(scipy, ufunc.__name__, None) is not ufunc:
        return None
    from .. import special

    return getattr(special, ufunc.__name__) if ufunc.__name__ in special.__all__ else None


def _called(
    name: str, answer: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What a function made of ops answers for NumPy's of that name."""
    try:
        inspect.signature(answer).bind(*args, **kwargs)
    except TypeError as error:
        raise _refuse(name, str(error)) from None
    return answer(*args, **kwargs)


def _along_axis(
    name: str,
    ufunc: Any,
    running: bool,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    **more: Any,
) -> Any:
    """`ufunc.reduce` and `ufunc.accumulate`, as far as ops say the same."""
    op = REDUCED.get(ufunc, (None, None))[running]
    if op is None:
        raise _refuse(name, "this ufunc method has no rule")
    if out is not None:
        raise _refuse(name, NO_OUT)
    more = {key: value for key, value in more.items() if value is not np._NoValue}
    if more:
        raise _refuse(name, f"the arguments {sorted(more)} are not supported")
    given = {} if dtype is None else {"dtype": dtype}
    if given and not registry[op].in_dtype:
        raise _refuse(name, "the argument 'dtype' is not supported")
    if not running:
        given["keepdims"] = keepdims
    return registry[op].function(x, axis=axis, **given)


#: NumPy's names for our statics, where they differ
ALIASES = {
    "a_min": "min",
    "a_max": "max",
    "newshape": "shape",
    "reps": "repetitions",
    "ddof": "correction",
}


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy's namespace means where an argument is a Tensor."""
    name = f"np.{function.__name__}"
    if kwargs.get("out") is not None:
        raise _refuse(name, NO_OUT)
    if function in answers:
        return _answered(name, function, args, kwargs)
    if function not in numpy_functions:
        raise _refuse(name, "it has no rule")
    op = numpy_functions[function]
    n = len(op.inputs)
    if len(args) < n and kwargs:  # arrays by name
        names = list(_parameters(function))[len(args) : n]
        args = (*args, *(kwargs.pop(key) for key in names if key in kwargs))
    statics = _named(function, args, kwargs, n) if len(args) > n or kwargs else {}
    unknown = set(statics) - {*op.statics, *(("dtype",) if op.in_dtype else ())}
    if unknown:
        raise _refuse(name, f"the arguments {sorted(unknown)} are not supported")
    return op.function(*args[:n], **statics)


def _answered(name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function made of ops gives for NumPy's arguments, without those at their defaults."""
    answer = answers[function]
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C, and without a signature before NumPy 2.4
        return answer(*args, **kwargs)
    bound = signature.bind(*args, **kwargs)
    for key, p in signature.parameters.items():
        if key in bound.arguments and bound.arguments[key] is p.default:
            del bound.arguments[key]
    known = inspect.signature(answer).parameters
    anything = any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in known.values())
    required = {key for key, p in signature.parameters.items() if p.default is p.empty}
    if not anything and (unknown := sorted(set(bound.arguments) - set(known) - required)):
        raise _refuse(name, f"the arguments {unknown} are not supported")
    return _called(name, answer, bound.args, bound.kwargs)


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
