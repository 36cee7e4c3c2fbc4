"""Shapes: lengths of axes with None where a length is open, and nests of shapes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, TypeGuard

#: lengths of axes, batch axis first; None where the length is open
Shape = tuple[int | None, ...]


def shape_of(value: Any, name: str) -> Shape:
    """A shape as given by a user, as a tuple; TypeError or ValueError if it is none."""
    try:
        shape = tuple(None if n is None else operator.index(n) for n in value)
    except TypeError:
        hint = f" as in ({value},)" if isinstance(value, int) else ""
        raise TypeError(
            f"layer {name!r}: a shape is a tuple of integers{hint}, got {value!r:.60}"
        ) from None
    if any(n is not None and n < 1 for n in shape):
        raise ValueError(f"layer {name!r}: axes have length 1 or more, got shape {shape}")
    return shape


def known(shape: Shape, name: str) -> int:
    """The product of a shape's lengths; ValueError where one is open."""
    lengths = [n for n in shape if n is not None]
    if len(lengths) < len(shape):
        raise ValueError(f"layer {name!r}: the input's shape must be known, got {(None, *shape)}")
    return math.prod(lengths)


def is_shape(value: Any) -> TypeGuard[Shape]:
    """Whether this is one shape, not a nest of them.

    >>> is_shape((None, 3)), is_shape([(None, 3), (None, 4)])
    (True, False)
    """
    return isinstance(value, tuple | list) and all(n is None or isinstance(n, int) for n in value)


def map_shapes(f: Callable[[Shape], Any], shapes: Any) -> Any:
    """The same nest with f(shape) for every shape in it.

    >>> map_shapes(len, {"a": (None, 3), "b": [(None,), (2, 3, 4)]})
    {'a': 2, 'b': [1, 3]}
    """
    if is_shape(shapes):
        return f(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(f, part) for key, part in shapes.items()}
    return type(shapes)(map_shapes(f, part) for part in shapes)


def fits(shape: Shape, expected: Shape) -> bool:
    """Whether a shape has the lengths that are expected, as far as they are said.

    >>> fits((5, 3), (None, 3)), fits((5, 4), (None, 3)), fits((5,), (None, 3))
    (True, False, False)
    """
    return len(shape) == len(expected) and all(
        want is None or have == want for have, want in zip(shape, expected, strict=True)
    )
