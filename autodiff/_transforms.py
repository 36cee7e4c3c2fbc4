"""Functions of functions: from a plain Python function, one that gives its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from . import _nest
from ._tape import GradientTape
from ._tensor import Tensor
from .ops.creation import asarray
from .ops.elementwise import positive


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., tuple[Tensor, Any]]:
    """A function that gives f's value and its gradient by some positional arguments.

    Args:
        f: takes Tensors (or nested structures of them) and gives a scalar Tensor.
        argnums: which argument to differentiate by, or a tuple of them, which gives a tuple.

    Raises:
        ValueError: f's value is no scalar; argnums out of range.
        TypeError: an argument to differentiate by has no floats.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (Tensor(9., dtype=float32), Tensor(6., dtype=float32))
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for k in chosen:
            if not -len(args) <= k < len(args):
                raise ValueError(f"argnums {k}: there are {len(args)} positional arguments")
        inputs = list(args)
        with GradientTape(watch_accessed_variables=False) as tape:
            for k in chosen:
                inputs[k] = _nest.replace(args[k], lambda x: positive(asarray(x)))
                tape.watch(inputs[k])
            value = f(*inputs, **kwargs)
        if not isinstance(value, Tensor) or value.shape != ():
            what = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
            raise ValueError(f"value_and_grad: {f!r} gave {what}; expected a scalar Tensor")
        sources = [inputs[k] for k in chosen]
        gradients = tuple(tape.gradient(value, sources, unconnected_gradients="zero"))
        return value, gradients[0] if isinstance(argnums, int) else gradients

    return wrapped


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that gives the gradient of f; like `value_and_grad`, and nests.

    >>> grad(grad(lambda x: x**3))(2.0)
    Tensor(12., dtype=float32)
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return wrapped
