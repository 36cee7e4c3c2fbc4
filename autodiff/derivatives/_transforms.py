"""Functions of functions: from a plain Python function, one that gives its derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import _nest
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ..ops.creation import asarray
from ..ops.elementwise import positive
from . import _jacobian

Argnums = int | Sequence[int]


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0
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
        with GradientTape(watch_accessed_variables=False) as tape:
            inputs, sources = watched(tape, args, argnums)
            value = f(*inputs, **kwargs)
        if not isinstance(value, Tensor) or value.shape != ():
            what = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
            raise ValueError(f"value_and_grad: {f!r} gave {what}; expected a scalar Tensor")
        return value, tape.gradient(value, sources, unconnected_gradients="zero")

    return wrapped


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the gradient of f; like `value_and_grad`, and nests.

    >>> grad(grad(lambda x: x**3))(2.0)
    Tensor(12., dtype=float32)
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return wrapped


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, chunk_size: int | None = None
) -> Callable[..., Any]:
    """A function that gives all first derivatives of f, of shape (*output, *input).

    As `jax.jacrev`: where f gives a nested structure of Tensors, there is an entry for each of
    them, in f's structure; where the argument is one, that entry has the argument's structure.

    Args:
        f: takes Tensors (or nested structures of them) and gives Tensors of floats of any shape.
        argnums: as for `value_and_grad`.
        chunk_size: as for `GradientTape.jacobian`.

    Raises:
        ValueError: argnums out of range; chunk_size less than 1.
        TypeError: an argument to differentiate by, or a result, has no floats.

    >>> jacobian(lambda x: x[:2] * x[1:])(asarray([1.0, 2.0, 3.0]))
    Tensor([[2., 1., 0.],
            [0., 3., 2.]], dtype=float32)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with GradientTape(watch_accessed_variables=False) as tape:
            inputs, sources = watched(tape, args, argnums)
            value = f(*inputs, **kwargs)
        ys = results("jacobian", f, value)
        walk = tape._begin(sources, "zero")
        found = []
        for k, y in enumerate(ys, 1):
            blocks = _jacobian.jacobian(walk, y, chunk_size, more=k < len(ys))
            found.append(_nest.rebuild(sources, blocks))
        return _nest.rebuild(value, found)

    return wrapped


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, chunk_size: int | None = None
) -> Callable[..., Any]:
    """A function that gives all second derivatives of f, of shape (*input, *input).

    The Jacobian of the gradient. As `jax.hessian`: of several arguments, or a nested one, there is
    an entry for each pair of Tensors, in the structure of the first within that of the second.

    Args, errors: as for `value_and_grad`; chunk_size as for `GradientTape.jacobian`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(asarray([3.0, 5.0]))
    Tensor([[10.,  6.],
            [ 6.,  0.]], dtype=float32)
    """
    return jacobian(grad(f, argnums), argnums, chunk_size)


def watched(tape: GradientTape, args: Sequence[Any], argnums: Argnums) -> tuple[list[Any], Any]:
    """The arguments, those of `argnums` as Tensors that the tape watches; and these alone.

    These are one argument where argnums is a number, else a tuple of them.
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    inputs = list(args)
    for k in chosen:
        if not -len(args) <= k < len(args):
            raise ValueError(f"argnums {k}: there are {len(args)} positional arguments")
        inputs[k] = _nest.replace(args[k], lambda x: positive(asarray(x)))
        tape.watch(inputs[k])
    return inputs, inputs[argnums] if isinstance(argnums, int) else tuple(inputs[k] for k in chosen)


def results(name: str, f: Callable[..., Any], value: Any) -> list[Tensor]:
    """The Tensors that f gave, flattened; TypeError for what has no derivative."""
    ys = _nest.flatten(value)
    for y in ys:
        if not isinstance(y, Tensor) or y.dtype.kind not in "fc":
            what = f"a Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
            raise TypeError(f"{name}: {f!r} gave {what}; expected Tensors of floats")
    return ys
