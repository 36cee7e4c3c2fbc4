"""Hypothesis strategies for shapes, axes, Tensors and calls of ops; needs the `testing` extra.

from autodiff.testing import check_gradients, strategies

@given(strategies.tensors())
def test_my_function(x):
    check_gradients(my_function, x)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine._op import Op
from ..engine._tensor import Tensor
from ._sampling import Call, call_from, declared

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["axes", "broadcastable_shapes", "calls", "shapes", "tensors"]

Shape = tuple[int, ...]


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 3
) -> SearchStrategy[Shape]:
    """Shapes: 0-d, empty and with axes of length 1 among them.

    >>> from hypothesis import find
    >>> find(shapes(min_side=1), lambda shape: len(shape) == 2)
    (1, 1)
    """
    from hypothesis import strategies as st

    sides = st.integers(min_side, max_side)
    return st.lists(sides, min_size=min_dims, max_size=max_dims).map(tuple)


def broadcastable_shapes(
    count: int = 2, max_dims: int = 3, min_side: int = 0, max_side: int = 3
) -> SearchStrategy[tuple[Shape, ...]]:
    """`count` shapes that broadcast together, axes missing on the left or of length 1.

    >>> from hypothesis import find
    >>> find(broadcastable_shapes(min_side=1), lambda s: np.broadcast_shapes(*s) != s[0])
    ((), (1,))
    """
    from hypothesis import strategies as st

    @st.composite
    def draw_shapes(draw: DrawFn) -> tuple[Shape, ...]:
        full = draw(shapes(0, max_dims, min_side, max_side))

        def one() -> Shape:
            cut = full[draw(st.integers(0, len(full))) :]
            return tuple(draw(st.sampled_from((n, 1))) for n in cut)

        return tuple(one() for _ in range(count))

    return draw_shapes()


def axes(ndim: int, min_size: int = 0) -> SearchStrategy[int | tuple[int, ...] | None]:
    """What a reduction of `ndim` axes takes: None, one axis, or a tuple of different ones.

    Axes count from either end; tuples have at least `min_size` of them.

    >>> from hypothesis import find
    >>> find(axes(3), lambda axis: axis == (-1, 0))
    (-1, 0)
    """
    from hypothesis import strategies as st

    if not ndim:
        return st.sampled_from((None, ()) if not min_size else (None,))
    one = st.integers(-ndim, ndim - 1)
    several = st.lists(one, min_size=min_size, max_size=ndim, unique_by=lambda k: k % ndim)
    return st.one_of(st.none(), one, several.map(tuple))


def tensors(
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    low: float = -2.0,
    high: float = 2.0,
    unique: bool = False,
) -> SearchStrategy[Tensor]:
    """Tensors of finite floats between `low` and `high`.

    Args:
        shape: or a strategy for it; by default `shapes()`.
        dtype: a dtype of floats, which must hold `low` and `high` exactly.
        low: smallest value.
        high: largest value.
        unique: no two elements alike.

    >>> from hypothesis import find
    >>> find(tensors((2,), low=0.0), lambda x: x.dtype == np.float64)
    Tensor([0., 0.], dtype=float64)
    """
    from hypothesis.extra import numpy as hnp

    kind = np.dtype(dtype)
    elements = hnp.from_dtype(
        kind,
        min_value=low,
        max_value=high,
        allow_nan=False,
        allow_infinity=False,
        allow_subnormal=False,
    )
    where = shapes() if shape is None else shape
    return hnp.arrays(kind, where, elements=elements, unique=unique).map(Tensor)


def calls(op: Op | Callable[..., Any]) -> SearchStrategy[Call]:
    """Calls of a declared op with what its own sample draws; `check_gradients(c, *c.arrays)`.

    Raises:
        TypeError: no op, or one without samples.

    >>> import autodiff as ad
    >>> from hypothesis import find
    >>> find(calls(ad.sum), lambda call: call.arrays[0].ndim == 2).statics
    {'axis': None, 'keepdims': False}
    """
    from hypothesis import strategies as st

    found = declared(op)

    class Choices:
        def __init__(self, draw: DrawFn) -> None:
            self._draw = draw

        def integer(self, low: int, high: int) -> int:
            return self._draw(st.integers(low, high))

        def seed(self) -> int:
            return self._draw(st.integers(0, 2**32 - 1))

    @st.composite
    def draw_call(draw: DrawFn) -> Call:
        return call_from(found, Choices(draw))

    return draw_call()
