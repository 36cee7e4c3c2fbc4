"""NumPy's functions of numbers, as compositions of ops; parameters named as NumPy's.

They answer when NumPy's functions are called on Tensors (`_protocols`). What gives no gradient,
questions about values, shapes and dtypes, gives what NumPy gives, or constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import _inspection
from ..arrays._backend import PYTHON_SCALARS
from ..arrays._device import beside, host
from ..engine._calls import constant
from ..engine._op import answering
from ..engine._tensor import Tensor, leave
from ..ops.arithmetic import floor_divide, logaddexp, remainder, round, trunc
from ..ops.comparison import equal, isfinite, isinf, isnan
from ..ops.complex import imag, real
from ..ops.creation import asarray, astype, ones_like, zeros_like
from ..ops.cumulative import cumulative_prod, cumulative_sum, diff
from ..ops.elementwise import abs, maximum, minimum, sign, sin
from ..ops.grids import empty_like, full_like, linspace
from ..ops.reductions import max, mean, min, prod, sum
from ..ops.selection import where
from ..ops.sets import nonzero, unique_all
from ..ops.shaping import broadcast_to, concat, reshape
from ..ops.sorting import argsort, sort

__all__ = ["ANSWERS"]


# -- along axes ------------------------------------------------------------------------------------


def _flat(a: Any, axis: int | None) -> tuple[Any, int]:
    """As NumPy has it: without an axis, the flattened array."""
    return (reshape(a, (-1,)), -1) if axis is None else (a, axis)


def _running(op: Callable[..., Any]) -> Callable[..., Any]:
    def answer(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
        x, axis = _flat(a, axis)
        return op(x, axis=axis, dtype=dtype)  # type: ignore[no-any-return]

    return answer


def _running_strict(op: Callable[..., Any]) -> Callable[..., Any]:
    def answer(
        x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False
    ) -> Tensor:
        return op(x, axis=axis, dtype=dtype, include_initial=include_initial)  # type: ignore[no-any-return]

    return answer


def _sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Tensor:
    return sort(*_flat(a, axis))


def _argsort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Tensor:
    return argsort(*_flat(a, axis))


def _partition(a: Any, kth: Any, axis: int | None = -1) -> Tensor:
    return sort(*_flat(a, axis))  # sorted whole, it is parted at every place


def _average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Tensor:
    if weights is None:
        return mean(a, axis=axis, keepdims=keepdims)
    a, w = asarray(a), asarray(weights)
    if w.shape != a.shape:
        k = axis % a.ndim
        w = broadcast_to(reshape(w, (-1,) + (1,) * (a.ndim - 1 - k)), a.shape)
    return sum(a * w, axis=axis, keepdims=keepdims) / sum(w, axis=axis, keepdims=keepdims)


def _known(a: Any, instead: float) -> Tensor:
    a = asarray(a)
    return where(isnan(a), zeros_like(a) + instead, a)


def _nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    a = asarray(a)
    count = sum(astype(isnan(a) == False, a.dtype), axis=axis, keepdims=keepdims)  # noqa: E712
    return sum(_known(a, 0.0), axis=axis, keepdims=keepdims) / count


def _median(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    x, k = _flat(a, axis)
    x = sort(x, axis=k)
    n, k = x.shape[k], k % x.ndim
    index = (slice(None),) * k
    middle = x[(*index, slice((n - 1) // 2, n // 2 + 1))]
    found = mean(middle, axis=k, keepdims=keepdims)
    return reshape(found, (1,) * np.ndim(a)) if keepdims and axis is None else found


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Differences of second order inside, of first order at the ends; even spacing."""
    if edge_order != 1:
        raise ValueError("gradient: edge_order 1 is supported")
    x = asarray(f)
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    steps = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(steps) != len(axes) or any(np.ndim(h) for h in steps):
        raise ValueError("gradient: one number for the spacing, or one for each axis, is supported")
    found = []
    for k, h in zip(axes, steps, strict=True):
        front = (slice(None),) * (k % x.ndim)

        def at(start: Any, stop: Any, front: Any = front) -> Tensor:
            return x[(*front, slice(start, stop))]

        if x.shape[k] < 2:
            raise ValueError(f"gradient: axis {k} of shape {x.shape} needs two elements at least")
        inside = (at(2, None) - at(None, -2)) / (2.0 * h)
        ends = (at(1, 2) - at(0, 1)) / h, (at(-1, None) - at(-2, -1)) / h
        found.append(concat([ends[0], inside, ends[1]], axis=k))
    return found[0] if len(found) == 1 else tuple(found)


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    x = asarray(a)
    shape = list(x.shape)
    shape[axis] = 1

    def end(part: Any) -> Any:
        return part if part is None or np.ndim(part) else broadcast_to(_beside(part, x), shape)

    return diff(x, axis=axis, n=n, prepend=end(prepend), append=end(append))


def _beside(value: Any, x: Tensor) -> Any:
    """A Tensor; numbers of Python take the dtype of x."""
    return asarray(value, dtype=x.dtype if type(value) in PYTHON_SCALARS else None)


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    y = asarray(y)
    k = axis % y.ndim
    front = (slice(None),) * k
    if x is not None:
        step = diff(asarray(x), axis=-1 if np.ndim(x) == 1 else axis)
        dx = reshape(step, (-1,) + (1,) * (y.ndim - 1 - k)) if np.ndim(x) == 1 else step  # type: ignore[assignment]
    pairs = y[(*front, slice(1, None))] + y[(*front, slice(None, -1))]
    return sum(pairs * dx / 2.0, axis=axis)


# -- element by element ----------------------------------------------------------------------------


def _around(a: Any, decimals: int = 0) -> Tensor:
    if decimals == 0:
        return round(a)
    scale = 10.0**decimals
    return round(asarray(a) * scale) / scale


def _ignoring_nan(op: Callable[..., Any]) -> Callable[..., Any]:
    def answer(x1: Any, x2: Any) -> Tensor:
        x, y = _beside(x1, asarray(x2)), _beside(x2, asarray(x1))
        return op(where(isnan(x), y, x), where(isnan(y), x, y))  # type: ignore[no-any-return]

    return answer


def _sinc(x: Any) -> Tensor:
    x = math.pi * asarray(x)
    zero = x == 0
    # near 0 by its series, whose derivatives are right there
    return where(zero, 1 - x * x / 6.0, sin(x) / where(zero, ones_like(x), x))


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = asarray(x)
    if x.dtype.kind not in "fc":
        return x
    limits = np.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    zeros = zeros_like(x)
    x = where(isnan(x), zeros + nan, x)
    infinite = isinf(x)
    return where(infinite, where(real(x) > 0, zeros + high, zeros + low), x)


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    result = asarray(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        choice = asarray(choice)
        if result.dtype != choice.dtype:
            result = astype(result, np.result_type(result.dtype, choice.dtype))
        result = where(condition, choice, result)
    return result


def _real_if_close(a: Any, tol: float = 100) -> Any:
    x = asarray(a)
    if x.dtype.kind != "c":
        return x
    tol = tol * float(np.finfo(x.dtype).eps) if tol > 1 else tol
    small = np.all(np.abs(host(leave(x, "np.real_if_close")).imag) < tol)
    return real(x) if small else x


def _frexp(x: Any) -> tuple[Tensor, Tensor]:
    x = asarray(x)
    exponent = np.frexp(host(leave(x, "np.frexp")))[1]
    power = np.ldexp(np.ones((), x.dtype), exponent)
    return x / beside(power, x._data), constant(beside(exponent, x._data))


# -- questions -------------------------------------------------------------------------------------


def _plain(x: Any) -> Any:
    """NumPy's array for a Tensor, also in lists."""
    if isinstance(x, Tensor):
        return np.asarray(host(leave(x, "a question to NumPy")))
    return type(x)(map(_plain, x)) if isinstance(x, (list, tuple)) else x


def _asked(function: Any) -> Callable[..., Any]:
    """A question whose answer is no array of floats: asked of the values."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        found = function(*map(_plain, args), **{k: _plain(v) for k, v in kwargs.items()})
        if isinstance(found, tuple):
            return tuple(map(constant, found))
        return constant(found) if isinstance(found, np.ndarray) else found

    return answer


def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
) -> Any:
    found = unique_all(ar)
    wanted = (True, return_index, return_inverse, return_counts)
    parts = tuple(part for part, flag in zip(found, wanted, strict=True) if flag)
    return parts[0] if len(parts) == 1 else parts


#: NumPy's function -> what it means for Tensors
ANSWERS: dict[Any, Callable[..., Any]] = {
    np.cumsum: _running(cumulative_sum),
    np.cumprod: _running(cumulative_prod),
    np.sort: _sort,
    np.argsort: _argsort,
    np.partition: _partition,
    np.average: _average,
    np.nansum: lambda a, axis=None, *, keepdims=False: sum(_known(a, 0.0), axis, keepdims),
    np.nanprod: lambda a, axis=None, *, keepdims=False: prod(_known(a, 1.0), axis, keepdims),
    np.nanmax: lambda a, axis=None, *, keepdims=False: max(_known(a, -np.inf), axis, keepdims),
    np.nanmin: lambda a, axis=None, *, keepdims=False: min(_known(a, np.inf), axis, keepdims),
    np.nanmean: _nanmean,
    np.median: _median,
    np.ptp: lambda a, axis=None, *, keepdims=False: (
        max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)
    ),
    np.gradient: _gradient,
    np.diff: _diff,
    np.trapezoid: _trapezoid,
    np.around: _around,
    np.round: _around,
    np.rint: round,
    np.fix: trunc,
    np.fabs: abs,
    np.exp2: lambda x: 2.0 ** asarray(x),
    np.cbrt: lambda x: sign(x) * abs(x) ** (1 / 3),
    np.logaddexp2: lambda x1, x2: (
        logaddexp(asarray(x1) * math.log(2), asarray(x2) * math.log(2)) / math.log(2)
    ),
    np.deg2rad: lambda x: asarray(x) * (math.pi / 180),
    np.radians: lambda x: asarray(x) * (math.pi / 180),
    np.rad2deg: lambda x: asarray(x) * (180 / math.pi),
    np.degrees: lambda x: asarray(x) * (180 / math.pi),
    np.fmax: _ignoring_nan(maximum),
    np.fmin: _ignoring_nan(minimum),
    np.fmod: lambda x1, x2: asarray(x1) - asarray(x2) * trunc(asarray(x1) / x2),
    np.float_power: lambda x1, x2: astype(x1, np.float64) ** x2,
    np.ldexp: lambda x1, x2: asarray(x1) * 2.0 ** astype(x2, asarray(x1).dtype),
    np.modf: lambda x: (asarray(x) - trunc(x), trunc(x)),
    np.divmod: lambda x1, x2: (floor_divide(x1, x2), remainder(x1, x2)),
    np.frexp: _frexp,
    np.sinc: _sinc,
    np.nan_to_num: _nan_to_num,
    np.select: _select,
    np.real_if_close: _real_if_close,
    np.iscomplex: lambda x: imag(x) != 0,
    np.isreal: lambda x: imag(x) == 0,
    np.isclose: lambda a, b, rtol=1e-05, atol=1e-08: where(
        isfinite(asarray(b)) & isfinite(asarray(a)),
        abs(asarray(a) - b) <= atol + rtol * abs(b),
        equal(a, b),
    ),
    np.zeros_like: lambda a, dtype=None: zeros_like(a, dtype=dtype),
    np.ones_like: lambda a, dtype=None: ones_like(a, dtype=dtype),
    np.empty_like: lambda prototype, dtype=None: empty_like(prototype, dtype=dtype),
    np.full_like: lambda a, fill_value, dtype=None: full_like(a, fill_value, dtype=dtype),
    np.linspace: lambda start, stop, num=50, endpoint=True: linspace(
        start, stop, num, endpoint=endpoint
    ),
    np.nonzero: lambda a: nonzero(a),
    np.unique: _unique,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.result_type: lambda *args: _inspection.result_type(*args),
    np.can_cast: lambda from_, to: _inspection.can_cast(from_, to),
    np.iscomplexobj: lambda x: x.dtype.kind == "c",
    np.isrealobj: lambda x: x.dtype.kind != "c",
    **{
        f: _asked(f)
        for f in (
            *(np.allclose, np.array_equal, np.array_equiv, np.flatnonzero, np.argwhere, np.isin),
            *(np.bincount, np.digitize, np.histogram, np.array2string, np.array_repr, np.array_str),
            *(np.shares_memory, np.may_share_memory, np.argpartition, np.lexsort),
        )
    },
}
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    ANSWERS[np.cumulative_sum] = _running_strict(cumulative_sum)
    ANSWERS[np.cumulative_prod] = _running_strict(cumulative_prod)

for _function, _composition in ANSWERS.items():
    answering(_function)(_composition)
