"""What a layer will give for Nodes: shapes and dtypes, stated by the layer or tried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

import autodiff as ad
from autodiff import Tensor, _nest
from nn.layers import _holds
from nn.layers._node import Call, Node
from nn.layers._shape import Shape, map_shapes

if TYPE_CHECKING:
    from nn.layers._layer import Layer

#: lengths that open axes are tried with, batch axis first: what follows them is open too
TRIALS = ((2, 32), (3, 48))


def shapes(structure: Any, open_batch: bool = False) -> Any:
    """The nest of shapes of a nest of Nodes, Tensors or arrays; their batch axis may be opened."""

    def one(x: Any) -> Any:
        shape = getattr(x, "shape", None)
        return shape if not (open_batch and shape) else (None, *shape[1:])

    return _nest.replace(structure, one)


def nodes(input_shapes: Any, dtype: Any, call: Call) -> Any:
    """A nest of Nodes of these shapes."""
    return map_shapes(lambda shape: Node(shape, dtype, call), input_shapes)


def outputs(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The Nodes, or nest of them, that a call of its layer on Nodes gives."""
    from nn.layers._layer import Layer

    layer = call.layer
    stated = type(layer).compute_output_shape is not Layer.compute_output_shape
    if stated and len(args) == 1 and not kwargs:
        return nodes(layer.compute_output_shape(shapes(args[0])), layer.compute_dtype, call)
    return tried(call, args, kwargs)


def tried(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the layer gives for zeros, twice, with open axes of different lengths.

    Its Variables and random generators are then as they were.
    """
    layer = call.layer
    first, second = (_try(layer, args, kwargs, *lengths) for lengths in TRIALS)

    def compared(a: Tensor, b: Tensor) -> Node:
        if a.ndim != b.ndim:
            raise ValueError(
                f"layer {layer.name!r}: output of shape {a.shape} for a batch of "
                f"{TRIALS[0][0]} and {b.shape} for {TRIALS[1][0]}; expected the same rank"
            )
        shape = (n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
        return Node(tuple(shape), a.dtype, call)

    rest = iter(_nest.flatten(second))
    return _nest.replace(first, lambda a: compared(a, next(rest)))


def _try(
    layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int, length: int
) -> Any:
    def zeros(x: Any) -> Any:
        return ad.zeros(_lengths(x.shape, batch, length), dtype=x.dtype) if _is_node(x) else x

    with unchanged(layer), np.errstate(all="ignore"):
        try:
            return layer(*_nest.replace(args, zeros), **_nest.replace(kwargs, zeros))
        except Exception as error:
            error.add_note(
                f"layer {layer.name!r} was tried on zeros to see the shape of its output; "
                "a compute_output_shape(input_shape) of its own would say it"
            )
            raise


@contextmanager
def unchanged(layer: Layer) -> Iterator[None]:
    """After this the layer's Variables and random generators are as they were before."""
    before = {v: v.numpy() for v in layer.variables}
    states = [(g, g.state) for g in _holds.generators(layer).values()]
    try:
        yield
    finally:
        for v, value in before.items():
            v.assign(value)
        for generator, state in states:
            generator.state = state


def _is_node(x: Any) -> bool:
    return isinstance(x, Node)


def _lengths(shape: Shape, batch: int, length: int) -> tuple[int, ...]:
    """A shape with lengths for its open axes."""
    fills = (batch, *(length for _ in shape[1:]))
    return tuple(fill if n is None else n for n, fill in zip(shape, fills, strict=True))
