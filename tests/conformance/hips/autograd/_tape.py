"""Derivatives of functions of nested values, by this project's tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.engine._graph import thread

Function = Callable[..., Any]


def mapped(f: Function, *values: Any) -> Any:
    """f of all leaves of values that are nested alike."""
    first = values[0]
    if isinstance(first, dict):
        return {key: mapped(f, *(v[key] for v in values)) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)([mapped(f, *parts) for parts in zip(*values, strict=True)])
    return f(*values)


def leaves(value: Any) -> list[Any]:
    """All leaves in order."""
    found: list[Any] = []
    mapped(found.append, value)
    return found


def is_number(x: Any) -> bool:
    """Whether there are derivatives by it."""
    return isinstance(x, (int, float, complex, np.ndarray, np.generic, ad.Tensor))


def traced(x: Any) -> Any:
    """A Tensor of its own, that a tape can watch."""
    if isinstance(x, ad.Tensor):
        return ad.copy(x)
    if not is_number(x):
        return x
    data = np.asarray(x)
    return ad.Tensor(data if data.dtype.kind in "fc" else data.astype(np.float64))


def plain(x: Any) -> Any:
    """NumPy's array or scalar where no tape records, else the Tensor."""
    if not isinstance(x, ad.Tensor) or thread.graph is not None:
        return x
    return x.numpy()[()]


def make_vjp(fun: Function, x: Any) -> tuple[Any, Any]:
    """`vjp(g)` and the value."""
    xs = mapped(traced, x)
    sources = [leaf for leaf in leaves(xs) if isinstance(leaf, ad.Tensor)]
    with ad.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(sources)
        y = fun(xs)

    def vjp(g: Any) -> Any:
        pairs = [
            (t, ad.asarray(v, dtype=t.dtype))
            for t, v in zip(leaves(y), leaves(g), strict=True)
            if isinstance(t, ad.Tensor) and t.dtype.kind in "fc"
        ]
        found = [ad.zeros_like(s) for s in sources]
        if pairs:
            targets, upstream = map(list, zip(*pairs, strict=True))
            found = tape.gradient(targets, sources, upstream, unconnected_gradients="zero")
        rest = iter(found)
        return mapped(lambda s: plain(next(rest)) if isinstance(s, ad.Tensor) else 0.0, xs)

    vjp.tape, vjp.x, vjp.y = tape, xs, y  # type: ignore[attr-defined]
    return vjp, mapped(plain, y)


def make_jvp(fun: Function, x: Any) -> Function:
    """`jvp(v)` gives the value and the derivative along v: that of what is linear in g."""

    def jvp(v: Any) -> tuple[Any, Any]:
        _, y = make_vjp(fun, x)
        zeros = mapped(lambda t: 0.0 * t, y)
        transposed, _ = make_vjp(lambda g: make_vjp(fun, x)[0](g), zeros)
        return y, transposed(v)

    return jvp


def unary_to_nary(operator: Function) -> Function:
    """An operator on functions of one argument as one on functions of several."""

    def wrapped(fun: Function, argnum: Any = 0, *more: Any, **options: Any) -> Function:
        def call(*args: Any, **kwargs: Any) -> Any:
            several = isinstance(argnum, (tuple, list))

            def unary(x: Any) -> Any:
                given = list(args)
                for k, part in zip(argnum, x, strict=True) if several else [(argnum, x)]:
                    given[k] = part
                return fun(*given, **kwargs)

            unary.__name__ = getattr(fun, "__name__", "f")
            x = tuple(args[k] for k in argnum) if several else args[argnum]
            return operator(unary, x, *more, **options)

        name = getattr(fun, "__name__", "f")
        call.__name__ = f"{operator.__name__}_of_{name}_wrt_argnum_{argnum}"
        return call

    wrapped.__name__, wrapped.__doc__ = operator.__name__, operator.__doc__
    return wrapped
