"""Sums and products up to each element, and differences of neighbours."""

from __future__ import annotations

from typing import Any

from ..engine import _axes
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from .reductions import _input_size

__all__ = [
    "cumulative_prod",
    "cumulative_sum",
    "diff",
]


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    shape = draw.shape(1)
    x = draw.array(shape)
    if draw.boolean():
        x = x * (x > -0.7)  # some zeros
    return (x,), {"axis": draw.axis(len(shape)), "include_initial": draw.boolean()}


def _along(value: Any, x: Any) -> int:
    if value is None and x.ndim != 1:
        raise ValueError(f"axis is needed for shape {x.shape}; it may be left out of vectors only")
    return -1 if value is None else _axes.axis(value, x)


def at(axis: int, entry: Any) -> tuple[Any, ...]:
    """An index with `entry` on an axis counted from the right."""
    return (..., entry, *(slice(None),) * (-1 - axis))


def _after(xp: Any, c: Any, x: Any, axis: int, initial: bool, first: Any) -> Any:
    """c with one element in front, if asked for."""
    if not initial:
        return c
    shape = list(x.shape)
    shape[axis] = 1
    return xp.concat([xp.full(tuple(shape), first, dtype=c.dtype), c], axis=axis)


def _rest(g: Any, axis: int, include_initial: bool) -> Any:
    """The gradient without that of the element in front, which is a constant."""
    return g[at(axis, slice(1, None))] if include_initial else g


def _from_the_end(xp: Any, g: Any, axis: int) -> Any:
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


@op(
    x=lambda xp, g, axis, include_initial: _from_the_end(xp, _rest(g, axis, include_initial), axis),
    normalise={"axis": _along, "include_initial": _axes.flag},
    in_dtype=True,
    label="Σ↗",
    flops=_input_size,
    sample=_sample,
)
def cumulative_sum(
    xp: Any, x: Any, /, axis: Any = None, include_initial: bool = False, *, dtype: Any = None
) -> Any:
    """Sum of all elements up to each one along `axis`; with `include_initial` a 0 in front.

    Args:
        x: any shape; `axis` may be left out of vectors.
        dtype: x is cast to it first.

    >>> cumulative_sum([1.0, 2.0, 3.0])
    Tensor([1., 3., 6.], dtype=float32)
    """
    return _after(xp, xp.cumsum(x, axis=axis), x, axis, include_initial, 0)


def _prod_rule(xp: Any, g: Any, x: Any, axis: int, include_initial: bool) -> Any:
    """Σ_k≥i g_k · Π_j≤k, j≠i x_j, right with any number of zeros.

    With b_i = g_i + x_{i+1} b_{i+1} (what comes after i, seen from i) it is p_{i-1} b_i, where
    p_{i-1} is the product of all before. A scan in log₂ n steps: after the step of width w, b_i
    holds the terms of the next 2w elements, and m_i the product of the factors between.
    """
    g = _rest(g, axis, include_initial)
    n = x.shape[axis]
    if n < 2:
        return g + xp.zeros_like(x)
    before = xp.cumulative_prod(x, axis=axis, include_initial=True)[at(axis, slice(None, -1))]
    one = xp.ones_like(x[at(axis, slice(None, 1))])
    m = xp.concat([x[at(axis, slice(1, None))], xp.zeros_like(one)], axis=axis)
    b, width = g, 1
    while width < n:
        later = at(axis, slice(width, None))
        zeros = xp.zeros_like(b[at(axis, slice(None, width))])
        b = b + m * xp.concat([b[later], zeros], axis=axis)
        m = m * xp.concat([m[later], xp.zeros_like(x[at(axis, slice(None, width))])], axis=axis)
        width *= 2
    return b * before


@op(
    x=_prod_rule,
    normalise={"axis": _along, "include_initial": _axes.flag},
    in_dtype=True,
    label="Π↗",
    flops=_input_size,
    sample=_sample,
)
def cumulative_prod(
    xp: Any, x: Any, /, axis: Any = None, include_initial: bool = False, *, dtype: Any = None
) -> Any:
    """Product of all elements up to each one along `axis`; with `include_initial` a 1 in front.

    Its gradient is right with any number of zeros, and takes log₂ n steps.

    Args:
        x: any shape; `axis` may be left out of vectors.
        dtype: x is cast to it first.

    >>> cumulative_prod([1.0, 2.0, 3.0])
    Tensor([1., 2., 6.], dtype=float32)
    """
    return _after(xp, xp.cumprod(x, axis=axis), x, axis, include_initial, 1)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along `axis`, taken n times: n elements fewer.

    Args:
        x: at least one axis.
        prepend, append: arrays that are joined to x along `axis` first.

    Raises:
        ValueError: n is negative, or x has no axes.

    >>> diff([1.0, 4.0, 9.0])
    Tensor([3., 5.], dtype=float32)
    """
    from .comparison import not_equal
    from .creation import asarray
    from .shaping import concat

    if n < 0:
        raise ValueError(f"diff: n must not be negative; given {n}")
    parts = [asarray(part) for part in (prepend, x, append) if part is not None]
    result = parts[0] if len(parts) == 1 else concat(parts, axis=axis)
    if not result.ndim:
        raise ValueError("diff: a 0-d array has no neighbours; expected one axis at least")
    k = _axes.axis(axis, result)
    for _ in range(n):
        later, earlier = result[at(k, slice(1, None))], result[at(k, slice(None, -1))]
        result = not_equal(later, earlier) if result.dtype.kind == "b" else later - earlier
    return result
