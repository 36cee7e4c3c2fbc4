"""NumPy's functions that move, join and split, and those of what lies side by side, as compositions
of ops; parameters named as NumPy's.

They answer when NumPy's functions are called on Tensors (`_protocols`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import answering
from ..engine._tensor import Tensor
from ..ops.clipping import clip
from ..ops.complex import conj
from ..ops.creation import asarray
from ..ops.einsum import einsum
from ..ops.elementwise import minimum
from ..ops.grids import broadcast_arrays, meshgrid, moveaxis, unstack
from ..ops.linalg import matmul
from ..ops.rearranging import flip, pad
from ..ops.selection import scatter, where
from ..ops.shaping import concat, expand_dims, permute_dims, reshape
from ..ops.sorting import searchsorted
from ..ops.taking import take, take_along_axis
from ..ops.windows import windows

__all__ = ["ANSWERS"]


def _swapaxes(a: Any, axis1: int, axis2: int) -> Tensor:
    x = asarray(a)
    order = list(range(x.ndim))
    i, j = (_axes.axis(k, x) for k in (axis1, axis2))
    order[i], order[j] = order[j], order[i]
    return permute_dims(x, tuple(order))


def _rollaxis(a: Any, axis: int, start: int = 0) -> Tensor:
    x = asarray(a)
    axis = _axes.axis(axis, x) + x.ndim
    start = start + x.ndim if start < 0 else start
    return moveaxis(x, axis, start - 1 if axis < start else start)


def _at_least(ndim: int, x: Any) -> Any:
    x = asarray(x)
    if x.ndim >= ndim:
        return x
    if ndim < 3 or x.ndim == 0:
        return reshape(x, (1,) * (ndim - x.ndim) + x.shape)
    return x[None, :, None] if x.ndim == 1 else x[:, :, None]


def _each(ndim: int) -> Callable[..., Any]:
    def answer(*arys: Any) -> Any:
        found = tuple(_at_least(ndim, x) for x in arys)
        return found[0] if len(found) == 1 else found

    return answer


def _hstack(tup: Sequence[Any]) -> Tensor:
    parts = [_at_least(1, x) for x in tup]
    return concat(parts, axis=0 if parts[0].ndim == 1 else 1)


def _column_stack(tup: Sequence[Any]) -> Tensor:
    parts = [asarray(x) for x in tup]
    return concat([reshape(x, (-1, 1)) if x.ndim < 2 else x for x in parts], axis=1)


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    x = asarray(ary)
    k = _axes.axis(axis, x)
    n = x.shape[k]
    if np.ndim(indices_or_sections):
        cuts = [int(i) for i in indices_or_sections]
    else:
        count = int(indices_or_sections)
        if count < 1:
            raise ValueError(f"an array is split into one part at least; given {count}")
        sizes = [n // count + 1] * (n % count) + [n // count] * (count - n % count)
        cuts = np.cumsum(sizes)[:-1].tolist()
    tail = (slice(None),) * (-1 - k)
    ends = zip([0, *cuts], [*cuts, n], strict=True)
    return [x[(..., slice(start, stop), *tail)] for start, stop in ends]


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    if not np.ndim(indices_or_sections):
        n = np.shape(ary)[axis]
        if n % indices_or_sections:
            raise ValueError(f"{n} elements cannot be split into {indices_or_sections} equal parts")
    return _array_split(ary, indices_or_sections, axis)


def _append(arr: Any, values: Any, axis: int | None = None) -> Tensor:
    return concat([asarray(arr), asarray(values)], axis=axis)


def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    x = asarray(m)
    first, second = axes
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return flip(x, axis=axes)
    turned = _swapaxes(flip(x, axis=second), first, second)
    return turned if k % 4 == 1 else flip(turned, axis=axes)


def _diag(v: Any, k: int = 0) -> Tensor:
    x = asarray(v)
    if x.ndim == 1:
        places = np.arange(x.size)
        side = x.size + abs(k)
        return scatter(x, index=(places + max(-k, 0), places + max(k, 0)), shape=(side, side))
    if x.ndim != 2:
        raise ValueError(f"diag takes a vector or a matrix; given shape {x.shape}")
    rows, columns = x.shape
    places = np.arange(max(0, min(rows - max(-k, 0), columns - max(k, 0))))
    return x[places + max(-k, 0), places + max(k, 0)]


def _block(arrays: Any) -> Any:
    """Nested lists joined, the innermost along the last axis."""

    def depth(x: Any) -> int:
        return 1 + max(map(depth, x)) if isinstance(x, list) else 0

    levels = depth(arrays)

    def joined(x: Any, level: int) -> Any:
        if isinstance(x, list):
            return concat([joined(part, level - 1) for part in x], axis=-level)
        return _at_least(levels, x)

    leaves = []

    def collect(x: Any) -> None:
        if isinstance(x, list):
            for part in x:
                collect(part)
        else:
            leaves.append(asarray(x).ndim)

    collect(arrays)
    if max(leaves) > levels:
        raise ValueError("block: arrays with more axes than lists are nested are not supported")
    return joined(arrays, levels)


def _pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Tensor:
    return pad(array, pad_width, mode=mode, **kwargs)


def _meshgrid(*xi: Any, indexing: str = "xy") -> list[Tensor]:
    return meshgrid(*xi, indexing=indexing)


def _take(a: Any, indices: Any, axis: int | None = None) -> Tensor:
    x = asarray(a)
    return take(reshape(x, (-1,)) if axis is None else x, indices, axis=0 if axis is None else axis)


def _take_along(arr: Any, indices: Any, axis: int | None = -1) -> Tensor:
    x = asarray(arr)
    if axis is None:
        return take_along_axis(reshape(x, (-1,)), indices, axis=0)
    return take_along_axis(x, indices, axis=axis)


def _expand(x: Any, times: int) -> Tensor:
    return expand_dims(x, tuple(range(-times, 0)))


def _delete(arr: Any, obj: Any, axis: int | None = None) -> Tensor:
    x = asarray(arr)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    kept = np.delete(np.arange(x.shape[axis]), obj)
    return take(x, kept, axis=axis)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    x = asarray(x)
    sizes = tuple(window_shape) if isinstance(window_shape, (tuple, list)) else (window_shape,)
    given = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    places = [_axes.axis(k, x) + x.ndim for k in given]
    if len(places) != len(sizes):
        raise ValueError(f"window_shape has {len(sizes)} lengths for {len(places)} axes")
    for place, size in zip(places, sizes, strict=True):
        if not 0 <= size <= x.shape[place]:
            raise ValueError(f"windows of length {size} along an axis of length {x.shape[place]}")
        x = moveaxis(windows(x, axis=place, size=size), place + 1, -1)
    return x


def _slid(x: Any, kernel: Any, mode: str, start: int) -> Tensor:
    """Products of a kernel and what it lies on, summed, at all places where they meet, or fewer."""
    n, m = kernel.size, x.size
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"mode is {mode!r}; expected 'full', 'same' or 'valid'")
    where = {"full": (0, m + n - 1), "same": (start, start + m), "valid": (n - 1, m)}[mode]
    return matmul(windows(pad(x, n - 1), axis=0, size=n), kernel)[slice(*where)]


def _vectors(a: Any, v: Any) -> tuple[Tensor, Tensor]:
    a, v = _at_least(1, a), _at_least(1, v)
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(f"expected vectors that are not empty; given shapes {a.shape}, {v.shape}")
    return a, v


def _convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    long, short = sorted(_vectors(a, v), key=lambda x: -x.size)
    return _slid(long, flip(short), mode, (short.size - 1) // 2)


def _correlate(a: Any, v: Any, mode: str = "valid") -> Tensor:
    a, v = _vectors(a, v)
    v = conj(v) if v.dtype.kind == "c" else v
    if v.size <= a.size:
        return _slid(a, v, mode, (v.size - 1) // 2)
    return _slid(flip(v), flip(a), mode, a.size // 2)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Tensor:
    kinds = [z.dtype for z in (x, xp, fp) if hasattr(z, "dtype") and z.dtype.kind in "fc"]
    kind = np.result_type(*kinds) if kinds else np.float64  # of numbers and lists
    x, at, values = (asarray(z, None if hasattr(z, "dtype") else kind) for z in (x, xp, fp))
    if at.ndim != 1 or at.shape != values.shape or not at.size:
        raise ValueError(f"xp and fp have shapes {at.shape} and {values.shape}; expected vectors")
    first = clip(searchsorted(at, x, side="right") - 1, 0, max(at.size - 2, 0))
    low, high = take(at, first), take(at, minimum(first + 1, at.size - 1))
    here, there = take(values, first), take(values, minimum(first + 1, at.size - 1))
    share = (x - low) / where(high == low, 1.0, high - low)
    inside = here + (there - here) * share
    inside = where(x < at[0], values[0] if left is None else left, inside)
    return where(x > at[-1], values[-1] if right is None else right, inside)


#: NumPy's function -> what it means for Tensors
ANSWERS: dict[Any, Callable[..., Any]] = {
    np.ravel: lambda a: reshape(a, (-1,)),
    np.swapaxes: _swapaxes,
    np.moveaxis: lambda a, source, destination: moveaxis(a, source, destination),
    np.rollaxis: _rollaxis,
    np.atleast_1d: _each(1),
    np.atleast_2d: _each(2),
    np.atleast_3d: _each(3),
    np.vstack: lambda tup: concat([_at_least(2, x) for x in tup], axis=0),
    np.hstack: _hstack,
    np.dstack: lambda tup: concat([_at_least(3, x) for x in tup], axis=2),
    np.column_stack: _column_stack,
    np.array_split: _array_split,
    np.split: _split,
    np.vsplit: lambda ary, indices_or_sections: _split(ary, indices_or_sections, 0),
    np.hsplit: lambda ary, indices_or_sections: _split(
        ary, indices_or_sections, 0 if np.ndim(ary) == 1 else 1
    ),
    np.dsplit: lambda ary, indices_or_sections: _split(ary, indices_or_sections, 2),
    np.append: _append,
    np.delete: _delete,
    np.fliplr: lambda m: flip(m, axis=1),
    np.flipud: lambda m: flip(m, axis=0),
    np.rot90: _rot90,
    np.diag: _diag,
    np.block: _block,
    np.pad: _pad,
    np.meshgrid: _meshgrid,
    np.broadcast_arrays: lambda *args: tuple(broadcast_arrays(*args)),
    np.take: _take,
    np.take_along_axis: _take_along,
    np.einsum: lambda *operands, **_: einsum(*operands),
    np.lib.stride_tricks.sliding_window_view: _sliding_window_view,
    np.convolve: _convolve,
    np.correlate: _correlate,
    np.interp: _interp,
}
if hasattr(np, "unstack"):  # NumPy 2.1
    ANSWERS[np.unstack] = lambda x, *, axis=0: unstack(x, axis=axis)

for _function, _composition in ANSWERS.items():
    answering(_function)(_composition)
