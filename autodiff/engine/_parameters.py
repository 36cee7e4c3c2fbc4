"""The parameters of plain functions, read from their code: `inspect.signature` takes ten times as
long, and the ops' rules and forwards are hundreds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any

_STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def names(function: Callable[..., Any]) -> tuple[str, ...]:
    """What the parameters are called, in order.

    >>> names(lambda g, x, *, axis: g)
    ('g', 'x', 'axis')
    """
    code = _code(function)
    if code is None:
        return tuple(inspect.signature(function).parameters)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]  # type: ignore[no-any-return]


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters as `inspect.signature` gives them, without annotations.

    >>> parameters(lambda x, /, axis=None: x)
    [<Parameter "x">, <Parameter "axis=None">]
    """
    code = _code(function)
    if code is None:
        found = inspect.signature(function).parameters.values()
        return [p.replace(annotation=Parameter.empty) for p in found]
    first, n = code.co_posonlyargcount, code.co_argcount
    kinds: list[Any] = [Parameter.POSITIONAL_ONLY] * first
    kinds += [Parameter.POSITIONAL_OR_KEYWORD] * (n - first)
    kinds += [Parameter.KEYWORD_ONLY] * code.co_kwonlyargcount
    defaults = dict(getattr(function, "__kwdefaults__", None) or {})
    last = getattr(function, "__defaults__", None) or ()
    defaults.update(zip(code.co_varnames[n - len(last) : n], last, strict=True))
    return [
        Parameter(name, kind, default=defaults.get(name, Parameter.empty))
        for name, kind in zip(names(function), kinds, strict=True)
    ]


def _code(function: Any) -> Any:
    """The code of a plain function; None of everything else."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & _STARRED or hasattr(function, "__wrapped__"):
        return None
    return None if inspect.ismethod(function) else code
