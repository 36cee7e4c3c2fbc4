"""Random numbers as raw arrays: what is drawn, and checks of what a draw is asked for.

A draw is its name and arguments in plain values, so that it can be recorded and made again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .engine._graph import Record, TracingError
from .engine._tensor import Tensor, leave

if TYPE_CHECKING:  # NumPy imports its generators when they are first asked for
    Source = np.random.Generator


class _Draw:
    """Stands where an op stands in the record `(DRAW, None, out, generator, name, arguments)`."""

    name = label = "draw"
    inputs: tuple[str, ...] = ()
    outputs = None
    statics: tuple[str, ...] = ()

    def arity(self, record: Record) -> int:
        return 0

    def pull(self, record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        """Nothing lies behind a draw."""


DRAW = _Draw()


# -- draws ---------------------------------------------------------------------------------------


def _normal(source: Source, loc: float, scale: float, size: Any, dtype: Any) -> Any:
    x = source.standard_normal(size, dtype)
    if scale != 1.0:
        x *= scale
    if loc != 0.0:
        x += loc
    return x


def _uniform(source: Source, low: float, high: float, size: Any, dtype: Any) -> Any:
    x: Any = source.random(size, dtype)
    if low != 0.0 or high != 1.0:
        x *= high - low
        x += low
        # the sum may have been rounded up to high
        np.minimum(x, np.nextafter(dtype.type(high), dtype.type(low)), out=x)
    return x


def _integers(source: Source, low: int, high: int, size: Any, dtype: Any) -> Any:
    return source.integers(low, high, size, dtype)


def _bernoulli(source: Source, p: float, size: Any) -> Any:
    return source.random(size) < p  # in double precision: rare events keep their probability


def _permutation(source: Source, n: int) -> Any:
    return source.permutation(n)


def _choice(source: Source, n: int, size: Any, replace: bool, p: Any, shuffle: bool) -> Any:
    return source.choice(n, size, replace, p, shuffle=shuffle)


#: what a Generator can draw, by name
DRAWS: dict[str, Callable[..., Any]] = {
    "normal": _normal,
    "uniform": _uniform,
    "integers": _integers,
    "bernoulli": _bernoulli,
    "permutation": _permutation,
    "choice": _choice,
}


# -- checks --------------------------------------------------------------------------------------


_DOUBLE = np.dtype(np.float64)
#: largest number of each dtype that floats are drawn in
_LARGEST = {np.dtype(kind): float(np.finfo(kind).max) for kind in "fd"}


def size_of(draw: str, size: Any) -> tuple[int, ...]:
    """The shape to draw: of None (), of a length (n,)."""
    if size is None:
        return ()
    expected = "expected None, a length, or a tuple of lengths"
    try:
        shape = tuple(map(operator.index, [size] if _is_index(size) else size))
    except TracingError:
        raise
    except TypeError:
        raise TypeError(f"{draw}: size is {size!r:.60}; {expected}") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"{draw}: size is {size!r:.60}; {expected}, none of them negative")
    return shape


def _is_index(value: Any) -> bool:
    return hasattr(value, "__index__") and not getattr(value, "ndim", 0)


def number(draw: str, name: str, value: Any, dtype: Any = _DOUBLE) -> float:
    """A parameter as a Python float, finite in the dtype of what is drawn."""
    if isinstance(value, Tensor):
        raise TypeError(
            f"{draw}: {name} is a Tensor; expected a number. A draw is a constant: "
            "compute with Tensors on what was drawn, as in loc + scale * rng.standard_normal(size)"
        )
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"{draw}: {name} is {type(value).__name__} {value!r:.60}; expected a number"
        )
    found = float(value)
    if not abs(found) <= _LARGEST[dtype]:
        raise ValueError(f"{draw}: {name} is {value}; expected a finite {dtype}")
    return found


def float_dtype(draw: str, dtype: Any) -> np.dtype[Any]:
    """float32 or float64."""
    found: np.dtype[Any] = np.dtype(dtype)
    if dtype is None or found not in _LARGEST:
        raise TypeError(
            f"{draw}: dtype is {dtype if dtype is None else found}; expected float32 or float64 "
            "(cast what was drawn to another one)"
        )
    return found


def integer(draw: str, name: str, value: Any) -> int:
    """An integer; booleans are none."""
    if isinstance(value, (bool, np.bool_)) or not _is_index(value):
        raise TypeError(
            f"{draw}: {name} is {type(value).__name__} {value!r:.60}; expected an integer"
        )
    return operator.index(value)


def integer_range(
    low: Any, high: Any, endpoint: bool, dtype: Any
) -> tuple[int, int, np.dtype[Any]]:
    """The range [low, high) of `integers`, and its dtype."""
    if high is None:
        low, high = 0, low
    first, end = integer("integers", "low", low), integer("integers", "high", high) + bool(endpoint)
    found = np.dtype(dtype)
    if dtype is None or found.kind not in "iu":
        raise TypeError(f"integers: dtype is {dtype}; expected an integer dtype")
    if first >= end:
        sign = "≤" if endpoint else "<"
        raise ValueError(f"integers: low is {low} and high is {high}; expected low {sign} high")
    bounds = np.iinfo(found)
    if first < bounds.min or end - 1 > bounds.max:
        raise ValueError(
            f"integers: {first} to {end - 1} do not fit in {found}, "
            f"which holds {bounds.min} to {bounds.max}"
        )
    return first, end, found


def probabilities(p: Any, n: int) -> np.ndarray[Any, Any] | None:
    """The probabilities of `choice` in double precision, summing to 1."""
    if p is None:
        return None
    found = np.array(leave(p, "choice: probabilities") if isinstance(p, Tensor) else p, np.float64)
    if found.shape != (n,):
        raise ValueError(f"choice: p has shape {found.shape}; expected ({n},), as there are {n}")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError(f"choice: p is {found!r:.80}; expected numbers of 0 or more")
    total = float(found.sum())
    if abs(total - 1.0) > 1e-5:  # what single precision makes of 1 will do
        raise ValueError(f"choice: p sums to {total}; expected 1")
    found /= total
    found.flags.writeable = False
    return found
