"""How far numbers spread, and how many are not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw, whole_reduction
from .reductions import _input_size

__all__ = [
    "count_nonzero",
    "std",
    "var",
]


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(side=1)
    axis = draw.axes(len(shape))
    several = axis is None and max(shape, default=1) > 1
    correction = draw.choice((0, 0.5, 1)) if several else 0
    statics = {"axis": axis, "correction": correction, "keepdims": draw.boolean()}
    return (draw.array(shape, distinct=True),), statics


def _number(value: Any, x: Any) -> float:
    if not isinstance(value, (int, float)):
        raise TypeError(f"correction must be a number; given {value!r}")
    return value


def _deviation(xp: Any, x: Any, x_shape: Any, axis: Any, correction: float) -> Any:
    """(x - mean) / (n - correction), conjugated where it is complex"""
    freedom = _axes.count(x_shape, axis) - correction
    away = x - xp.mean(x, axis=axis, keepdims=True)
    away = xp.conj(away) if x.dtype.kind == "c" else away
    return away * (1 / freedom if freedom else float("inf"))


def _var_rule(
    xp: Any, g: Any, x: Any, x_shape: Any, axis: Any, correction: float, keepdims: bool
) -> Any:
    g = _axes.restore(xp, g, x_shape, axis, keepdims)
    return g * (2 * _deviation(xp, x, x_shape, axis, correction))


@op(
    x=_var_rule,
    normalise={"axis": _axes.axes, "correction": _number, "keepdims": _axes.flag},
    numpy=np.var,
    method=True,
    label="σ²",
    flops=lambda out, x: 4 * _input_size(out, x),
    sample=_sample,
)
def var(xp: Any, x: Any, /, axis: Any = None, correction: float = 0, keepdims: bool = False) -> Any:
    """Variance over `axis` (None: all): Σ (x - mean)² / (n - correction).

    >>> var([1.0, 2.0, 3.0, 6.0]), var([1.0, 3.0], correction=1)
    (Tensor(3.5, dtype=float32), Tensor(2., dtype=float32))
    """
    return xp.var(x, axis=axis, ddof=correction, keepdims=keepdims)


def _std_rule(
    xp: Any, g: Any, x: Any, out: Any, x_shape: Any, axis: Any, correction: float, keepdims: bool
) -> Any:
    g = _axes.restore(xp, g, x_shape, axis, keepdims)
    out = _axes.restore(xp, out, x_shape, axis, keepdims)
    equal = out == 0
    slope = xp.where(equal, xp.zeros_like(out), 1 / xp.where(equal, xp.ones_like(out), out))
    return g * (slope * _deviation(xp, x, x_shape, axis, correction))


@op(
    x=_std_rule,
    normalise={"axis": _axes.axes, "correction": _number, "keepdims": _axes.flag},
    numpy=np.std,
    method=True,
    label="σ",
    flops=lambda out, x: 4 * _input_size(out, x),
    sample=_sample,
)
def std(xp: Any, x: Any, /, axis: Any = None, correction: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation over `axis` (None: all), √(Σ (x - mean)² / (n - correction)).

    Its gradient where all elements are equal is 0.

    >>> std([1.0, 3.0]), std([1.0, 3.0], correction=1)
    (Tensor(1., dtype=float32), Tensor(1.4142135, dtype=float32))
    """
    return xp.std(x, axis=axis, ddof=correction, keepdims=keepdims)


@op(
    normalise={"axis": _axes.axes, "keepdims": _axes.flag},
    numpy=np.count_nonzero,
    label="#",
    sample=whole_reduction(),
)
def count_nonzero(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """How many elements over `axis` (None: all) are not zero.

    >>> count_nonzero([[1.0, 0.0], [2.0, 3.0]], axis=1)
    Tensor([1, 2], dtype=int64)
    """
    return xp.count_nonzero(x, axis=axis, keepdims=keepdims)
