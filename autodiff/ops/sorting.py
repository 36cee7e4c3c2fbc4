"""Elements in order, their order, and where in an order something belongs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, leave

__all__ = [
    "argsort",
    "searchsorted",
    "sort",
]


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1)
    statics = {"axis": draw.axis(len(shape)), "descending": draw.boolean()}
    return (draw.array(shape, distinct=True),), statics


def _sort_rule(xp: Any, g: Any, x: Any, axis: int, descending: bool) -> Any:
    order = xp.argsort(x, axis=axis, stable=True)
    if descending:
        order = _descending(xp, xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=True), axis)
    back = xp.argsort(order, axis=axis, stable=True)
    return xp.take_along_axis(g, xp.reshape(back, (1,) * (g.ndim - x.ndim) + x.shape), axis=axis)


def _descending(xp: Any, order: Any, axis: int) -> Any:
    """The order of what is reversed as a stable descending one."""
    return (order.shape[axis] - 1) - xp.flip(order, axis=axis)


@op(
    x=_sort_rule,
    normalise={"axis": _axes.axis, "descending": _axes.flag, "stable": _axes.flag},
    method=True,
    role="gradient router",
    flops=0,
    sample=_sample,
)
def sort(xp: Any, x: Any, /, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Elements along `axis` in ascending or descending order; NaN comes last, or first.

    The gradient goes back to where the elements came from, among equal ones in their order.

    >>> sort([3.0, 1.0, 2.0]), sort([3.0, 1.0, 2.0], descending=True)
    (Tensor([1., 2., 3.], dtype=float32), Tensor([3., 2., 1.], dtype=float32))
    """
    found = xp.sort(x, axis=axis, stable=stable)
    return xp.copy(xp.flip(found, axis=axis)) if descending else found


@op(
    normalise={"axis": _axes.axis, "descending": _axes.flag, "stable": _axes.flag},
    method=True,
    flops=0,
    sample=_sample,
)
def argsort(
    xp: Any, x: Any, /, axis: int = -1, descending: bool = False, stable: bool = True
) -> Any:
    """The positions of the elements along `axis` in ascending or descending order.

    >>> argsort([3.0, 1.0, 2.0])
    Tensor([1, 2, 0], dtype=int64)
    """
    if not descending:
        return xp.argsort(x, axis=axis, stable=stable)
    return _descending(xp, xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=stable), axis)


def _search_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x = np.sort(np.round(draw.array((draw.integer(0, 4),))))
    return (x, np.round(draw.array(draw.shape(0, 2)))), {"side": draw.choice(("left", "right"))}


def _side(value: Any, x: Any) -> str:
    if value not in ("left", "right"):
        raise ValueError(f"side must be 'left' or 'right'; given {value!r}")
    return str(value)


def _sorter(value: Any, x: Any) -> Any:
    if isinstance(value, Tensor):
        value = leave(value, "use as an index")
    return None if value is None else np.array(value)


@op(
    normalise={"side": _side, "sorter": _sorter},
    numpy=np.searchsorted,
    flops=0,
    sample=_search_sample,
)
def searchsorted(xp: Any, x1: Any, x2: Any, /, side: str = "left", sorter: Any = None) -> Any:
    """Where in the ascending vector x1 the elements of x2 would have to be put in.

    Args:
        x1: (n,), ascending, or in the order that `sorter` gives.
        x2: any shape, which is the result's.
        side: before ("left") or after ("right") elements that are equal.
        sorter: (n,) positions, as `argsort(x1)` gives them.

    >>> searchsorted([1.0, 2.0, 3.0], [2.0, 2.5])
    Tensor([1, 2], dtype=int64)
    """
    x1 = x1 if sorter is None else xp.take(x1, sorter, axis=0)
    return xp.searchsorted(x1, x2, side=side)
