"""Tensors made from values, and cast to another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays._backend import PYTHON_SCALARS
from ..arrays._device import device_of, made, resolve
from ..engine._calls import constant
from ..engine._op import op
from ..engine._samples import Arrays, Draw, unary
from ..engine._tensor import DEFAULT_DTYPES, Tensor, convert, is_python, operand, read

__all__ = [
    "arange",
    "asarray",
    "astype",
    "eye",
    "full",
    "ones",
    "ones_like",
    "stop_gradient",
    "zeros",
    "zeros_like",
]

_FLOAT = DEFAULT_DTYPES["f"]


def _numeric(dtype: Any, x: Any = None) -> np.dtype[Any]:
    found: np.dtype[Any] = np.dtype(dtype)
    if found.kind not in "biufc":
        raise TypeError(f"dtype must be of numbers; given {dtype!r}")
    return found


def _cast_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    return (draw.array(draw.shape()),), {"dtype": np.dtype(np.float64)}


@op(
    x=lambda g: g,
    broadcast=True,
    normalise={"dtype": _numeric},
    numpy=getattr(np, "astype", ()),  # NumPy 2.1
    method=True,
    without=("copy", "device"),
    label="cast",
    flops=0,
    sample=_cast_sample,
)
def astype(xp: Any, x: Any, /, dtype: Any, *, copy: bool = True, device: str | None = None) -> Any:
    """The values in another dtype; the gradient comes back in x's own.

    >>> astype([1.5, 2.5], "float64")
    Tensor([1.5, 2.5], dtype=float64)
    """
    return xp.astype(x, dtype)


def asarray(obj: Any, /, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor of a number, nested list, NumPy array (copied) or Tensor (itself, as recorded).

    Python floats become float32, Python ints int64; NumPy arrays keep their dtype. A Variable is
    given back itself: `ad.copy(v)` is its value now. What is no Tensor yet is put on `device`, by
    default the current one; a Tensor is brought there if one is named. With `copy=True` a Tensor
    is copied, recorded; with `copy=False` nothing is copied.

    Raises:
        TypeError: no array of numbers.
        ValueError: `copy=False` of what others may change, or where dtype or device differ.
        RuntimeError: there is no such device.

    >>> asarray([1, 2, 3], dtype="float64")
    Tensor([1., 2., 3.], dtype=float64)
    """
    if copy is not None:
        return _copied(obj, dtype, device) if copy else _uncopied(obj, dtype, device)
    if isinstance(obj, (list, tuple)):
        if is_python(obj):
            return Tensor(obj, dtype, device)
        tensor = operand(obj)  # Tensors inside are stacked, recorded
    else:
        tensor = obj if isinstance(obj, Tensor) else Tensor(obj, dtype, device)
    if device is not None:
        tensor = _brought(tensor, device)
    if dtype is None or tensor.dtype == np.dtype(dtype):
        return tensor  # type: ignore[no-any-return]
    return astype(tensor, dtype)


def _copied(obj: Any, dtype: Any, device: Any) -> Tensor:
    from .elementwise import copy

    return (
        copy(asarray(obj, dtype, device))
        if isinstance(obj, Tensor)
        else asarray(obj, dtype, device)
    )


def _uncopied(obj: Any, dtype: Any, device: Any) -> Tensor:
    """A Tensor itself; numbers of Python, which nobody can change."""
    if not isinstance(obj, Tensor) and type(obj) not in PYTHON_SCALARS:
        raise ValueError(
            f"asarray: {type(obj).__name__} may be changed by others, so it is copied; "
            "copy=False allows no copy"
        )
    result = asarray(obj, dtype, device)
    if isinstance(obj, Tensor) and result is not obj:
        raise ValueError(
            f"asarray: {obj.dtype} on {obj.device} as {result.dtype} on {result.device} is a copy; "
            "copy=False allows none"
        )
    return result


def _brought(tensor: Tensor, device: Any) -> Tensor:
    from .devices import to_device

    return tensor if resolve(device) == device_of(tensor._data) else to_device(tensor, device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of zeros, float32 unless said otherwise, on the current device or another one.

    >>> zeros((2,))
    Tensor([0., 0.], dtype=float32)
    """
    return constant(made(device, "zeros", shape, _numeric(_FLOAT if dtype is None else dtype)))


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of ones, float32 unless said otherwise, on the current device or another one.

    >>> ones((2,))
    Tensor([1., 1.], dtype=float32)
    """
    return constant(made(device, "ones", shape, _numeric(_FLOAT if dtype is None else dtype)))


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor with one value everywhere, of the dtype that `asarray` would give the value.

    >>> full((2,), 3.5)
    Tensor([3.5, 3.5], dtype=float32)
    """
    value = fill_value if type(fill_value) in PYTHON_SCALARS else convert(fill_value, dtype, device)
    dtype = read(value, dtype).dtype if type(value) in PYTHON_SCALARS else value.dtype
    return constant(made(device, "full", shape, value, dtype))


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros of the shape and dtype of x, on its device if none is named.

    >>> zeros_like([1.0, 2.0])
    Tensor([0., 0.], dtype=float32)
    """
    x = asarray(x)
    return zeros(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones of the shape and dtype of x, on its device if none is named.

    >>> ones_like([1.0, 2.0])
    Tensor([1., 1.], dtype=float32)
    """
    x = asarray(x)
    return ones(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Evenly spaced values from start up to, not including, stop (or from 0 to start).

    >>> arange(3)
    Tensor([0, 1, 2], dtype=int64)
    """
    if stop is None:
        start, stop = 0, start
    if dtype is None and any(isinstance(v, float) for v in (start, stop, step)):
        dtype = _FLOAT
    values: Any = (start, stop, step)
    return constant(made(device, "arange", *values, dtype=dtype))


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = _FLOAT,
    device: Any = None,
) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere.

    >>> eye(2)
    Tensor([[1., 0.],
            [0., 1.]], dtype=float32)
    """
    return constant(made(device, "eye", n_rows, n_cols, k, dtype))


@op(label="stop", sample=unary())
def stop_gradient(_: Any, x: Any, /) -> Any:
    """The same value as a constant: no gradient passes.

    >>> stop_gradient([1.0, 2.0])
    Tensor([1., 2.], dtype=float32)
    """
    return x
