"""What elements there are, and where: the shapes of the results depend on values.

So these raise inside a function that is being traced. Positions and counts are constants; values
are taken from x, and pass their gradients to where they first stand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..arrays._device import device_of, host, place
from ..engine._calls import constant
from ..engine._tensor import Tensor, leave
from .creation import asarray
from .shaping import reshape
from .taking import take

__all__ = [
    "nonzero",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


class UniqueAll(NamedTuple):
    """What `unique_all` gives."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` gives."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` gives."""

    values: Tensor
    inverse_indices: Tensor


def _data(x: Tensor, name: str) -> Any:
    """The raw array of a Tensor; refused where a function is traced."""
    return host(leave(x, f"{name}, whose result's shape depends on the values,"))


def _beside(x: Tensor, *found: Any) -> list[Tensor]:
    """Positions and counts as constants on the device of x."""
    where = device_of(x)
    return [constant(place(data, where)) for data in found]


def _unique(x: Any, name: str) -> list[Tensor]:
    """Values, first positions, inverse and counts; NaNs differ from each other."""
    x = asarray(x)
    data = np.asarray(_data(x, name))
    found = np.unique(
        data, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    _, indices, inverse, counts = found
    positions = _beside(x, indices, inverse.reshape(data.shape), counts)
    return [take(reshape(x, (-1,)), positions[0], axis=0), *positions]


def unique_all(x: Any, /) -> UniqueAll:
    """The different values of x, ascending, their first positions in the flattened x, for every
    element the position of its value among them, and how often each occurs.

    Raises:
        TracingError: inside a function being traced.

    >>> unique_all([2.0, 1.0, 2.0]).counts
    Tensor([1, 2], dtype=int64)
    """
    return UniqueAll(*_unique(x, "unique_all"))


def unique_counts(x: Any, /) -> UniqueCounts:
    """The different values of x, ascending, and how often each occurs.

    >>> unique_counts([2.0, 1.0, 2.0])
    UniqueCounts(values=Tensor([1., 2.], dtype=float32), counts=Tensor([1, 2], dtype=int64))
    """
    values, _, _, counts = _unique(x, "unique_counts")
    return UniqueCounts(values, counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The different values of x, ascending, and for every element the position of its value.

    >>> unique_inverse([2.0, 1.0, 2.0]).inverse_indices
    Tensor([1, 0, 1], dtype=int64)
    """
    values, _, inverse, _ = _unique(x, "unique_inverse")
    return UniqueInverse(values, inverse)


def unique_values(x: Any, /) -> Tensor:
    """The different values of x, ascending; NaNs differ from each other.

    >>> unique_values([2.0, 1.0, 2.0])
    Tensor([1., 2.], dtype=float32)
    """
    return _unique(x, "unique_values")[0]


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """The positions of the elements that are not zero: for each axis a vector of indices.

    Raises:
        TracingError: inside a function being traced.
        ValueError: x has no axes.

    >>> nonzero([0.0, 2.0, 3.0])
    (Tensor([1, 2], dtype=int64),)
    """
    x = asarray(x)
    data = np.asarray(_data(x, "nonzero"))
    if not data.ndim:
        raise ValueError("nonzero: a 0-d array has no positions; expected one axis at least")
    return tuple(_beside(x, *np.nonzero(data)))
