"""Products with derivatives that are never formed: a vector times a Jacobian or a Hessian."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import _nest
from ..arrays._device import made
from ..engine._calls import constant
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ..ops.creation import asarray, astype
from ._transforms import Argnums, grad, results, watched


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """f's value, and a function that takes upstream gradients back to f's arguments.

    As `jax.vjp`: `value, pull = vjp(f, *primals)`. pull(upstream) is the upstream gradient, in the
    value's structure, times the Jacobian: a tuple with an entry for each argument. It may be
    called many times, and keeps what f recorded until it is let go.

    Args:
        f: takes Tensors (or nested structures of them) and gives Tensors of floats.
        primals: its arguments, all of floats.

    Raises:
        TypeError: an argument or a result has no floats.
        ValueError: an upstream gradient of another structure or shape than the value.

    >>> value, pull = vjp(lambda x, y: x * y, asarray([1.0, 2.0]), 3.0)
    >>> pull(asarray([1.0, 10.0]))
    (Tensor([ 3., 30.], dtype=float32), Tensor(21., dtype=float32))
    """
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        inputs, sources = watched(tape, primals, range(len(primals)))
        value = f(*inputs)
    ys = results("vjp", f, value)

    def pull(upstream: Any) -> tuple[Any, ...]:
        """The upstream gradient times the Jacobian."""
        given = _like("vjp: the upstream gradient", value, upstream, ys)
        found: tuple[Any, ...] = tape.gradient(ys, sources, given, "zero")
        return found

    return value, pull


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f's value, and how it changes where its arguments change by `tangents`.

    As `jax.jvp`: the Jacobian times the tangents, in the value's structure. A gradient is linear
    in the upstream one, and the derivative by that is this product (J. Townsend, "A new trick for
    calculating Jacobian vector products", 2017): it costs a gradient, and one of that.

    Args:
        f: takes Tensors (or nested structures of them) and gives Tensors of floats.
        primals: a list or tuple of its arguments, all of floats.
        tangents: the same for their changes, in the same structure and shapes.

    Raises:
        TypeError: primals or tangents are no list or tuple; an argument or a result has no floats.
        ValueError: tangents of another structure or shape than the arguments.

    >>> x, direction = asarray([1.0, 2.0]), asarray([1.0, 0.0])
    >>> jvp(lambda x: x[0] * x, [x], [direction])
    (Tensor([1., 2.], dtype=float32), Tensor([2., 2.], dtype=float32))
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"jvp: {name} is {type(given).__name__}; expected a list or tuple")
    with GradientTape(watch_accessed_variables=False) as outer:
        with GradientTape(watch_accessed_variables=False) as tape:
            inputs, sources = watched(tape, primals, range(len(primals)))
            value = f(*inputs)
        xs, ys = _nest.flatten(sources), results("jvp", f, value)
        directions = _like("jvp: tangents", sources, tuple(tangents), xs)
        upstream = [constant(made(y.device, "zeros", y.shape, y.dtype)) for y in ys]
        outer.watch(upstream)
        pulled = tape.gradient(ys, xs, upstream, "zero")
    found = outer.gradient(pulled, upstream, directions, "zero")
    return value, _nest.rebuild(value, found)


def hvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the Hessian of f times a vector, which is its last argument.

    `hvp(f)(*args, vector)`, as autograd's `hessian_vector_product`: the gradient of the gradient
    with `vector` upstream (Pearlmutter, "Fast exact multiplication by the Hessian", 1994), at the
    price of about three gradients. The vector has the structure and shapes of what `grad` gives.

    Args:
        f: takes Tensors (or nested structures of them) and gives a scalar Tensor.
        argnums: as for `value_and_grad`.

    Raises:
        ValueError: a vector of another structure or shape; and what `value_and_grad` raises.

    >>> x, vector = asarray([3.0, 5.0]), asarray([1.0, 0.0])
    >>> hvp(lambda x: x[0] ** 2 * x[1])(x, vector)
    Tensor([10.,  6.], dtype=float32)
    """
    slope = grad(f, argnums)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not args:
            raise TypeError("hvp: given no arguments; expected those of f, then the vector")
        *rest, vector = args
        with GradientTape(watch_accessed_variables=False) as tape:
            inputs, sources = watched(tape, rest, argnums)
            gradients = slope(*inputs, **kwargs)
        gs = _nest.flatten(gradients)
        upstream = _like("hvp: the vector", gradients, vector, gs)
        return tape.gradient(gs, sources, upstream, "zero")

    return wrapped


def _like(what: str, structure: Any, given: Any, xs: Sequence[Tensor]) -> list[Tensor]:
    """`given`, flattened, as Tensors of the shapes and dtypes of `xs`, which are in `structure`."""
    try:
        leaves = _nest.flatten_like(structure, given)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{what} has another structure: {error}") from None
    found = []
    for x, leaf in zip(xs, leaves, strict=True):
        g = leaf if isinstance(leaf, Tensor) else asarray(leaf, device=x.device)
        if g.shape != x.shape:
            raise ValueError(f"{what} has shape {g.shape}; expected {x.shape}")
        found.append(g if g.dtype == x.dtype else astype(g, x.dtype))
    return found
