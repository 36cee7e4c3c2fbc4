"""Where arrays live: the namespace `xp` that ops and rules use for an array's kind.

Rules and forwards never name NumPy; they are handed `xp`, which is

- for raw arrays, the array library (here NumPy) with a few faster or safer versions of its
  functions, and every op of our own that the library lacks (`xp.sigmoid`);
- for Tensors, the `autodiff` namespace itself, so the same rule is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np

from ._wide import Late, Wide, scipy_special

#: scalar types that stand for a 0-d float or complex array: arithmetic on them is several times
#: faster than on 0-d arrays. 0-d integers and booleans stay arrays: integer scalars warn on
#: overflow where arrays wrap.
INEXACT_SCALARS = frozenset(
    (
        np.float16,
        np.float32,
        np.float64,
        np.longdouble,
        np.complex64,
        np.complex128,
        np.clongdouble,
    )
)
PYTHON_SCALARS = frozenset((bool, int, float, complex))
#: types of raw arrays that lie on a device; a kind of device adds its own when it is first used
DEVICE_ARRAYS: set[type] = set()


#: forward of every op by name, on raw arrays; the declarations fill it
FORWARDS: dict[str, Callable[..., Any]] = {}


class Namespace:
    """An array library's functions, our versions of some, and our ops where it has none."""

    def __init__(self, library: Any, /, **ours: Any) -> None:
        self._library = library
        self.special = Special(self)
        self.__dict__.update(ours)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._library, name, None)
        if value is None:
            if name not in FORWARDS:
                raise AttributeError(f"neither {self._library.__name__} nor autodiff has {name!r}")
            value = partial(FORWARDS[name], self)
        self.__dict__[name] = value
        return value


class Special:
    """The functions of `ad.special` on raw arrays, for rules: forwards of ops with their `xp`."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__[name] = partial(FORWARDS[name], self._xp)
        return found


#: NumPy's reductions without their Python layers
_add_reduce: Callable[..., Any] = np.add.reduce
_max_reduce: Callable[..., Any] = np.maximum.reduce
_min_reduce: Callable[..., Any] = np.minimum.reduce


#: up to this many elements the cost of a call outweighs that of the sum
SMALL = 4096
#: up to this many elements zeros are kept for comparison
LARGEST = 1 << 18
#: up to this many classes a unit matrix costs nothing
WIDE = 64
HALF = np.dtype(np.float16)
#: up to this many integers Python finds the largest faster than NumPy; and rows of a matrix
FEW = 64


@lru_cache(maxsize=1024)
def _ones(n: int, kind: str) -> Any:
    return np.ones(n, kind)


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum over `axis`; float16 is summed in float32, which NumPy does only along the last axis.

    Rows or columns of a small matrix are summed by a product with ones, in half the time: a BLAS
    call costs less than a ufunc's reduction.
    """
    kind = x.dtype.char
    if x.ndim == 1 and x.size <= SMALL and (kind == "f" or kind == "d"):
        if axis is None or axis == (-1,) or axis == -1 or axis == 0:
            total = x.dot(_ones(x.shape[0], kind))
            return total[None] if keepdims else total
    elif x.ndim == 2 and x.size <= SMALL and (kind == "f" or kind == "d"):
        if axis == -1 or axis == (-1,):
            total = x.dot(_ones(x.shape[1], kind))
            return total[:, None] if keepdims else total
        if axis == -2 or axis == (-2,):
            total = _ones(x.shape[0], kind).dot(x)
            return total[None] if keepdims else total
    if kind == "e":
        wide = _add_reduce(x, axis=axis, dtype=np.float32, keepdims=keepdims)
        return wide.astype(np.float16)
    return _add_reduce(x, axis, keepdims=keepdims)


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _max_reduce(x, axis, keepdims=keepdims)


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _min_reduce(x, axis, keepdims=keepdims)


@lru_cache(maxsize=16)
def _zeros(shape: tuple[int, ...], kind: str) -> Any:
    return np.zeros(shape, kind)


def _maximum(x: Any, y: Any) -> Any:
    """np.maximum; against 0, ReLU's, by an array of zeros, which takes a third of the time."""
    if type(y) is int and y == 0 and type(x) is np.ndarray and x.size <= LARGEST:
        kind = x.dtype.char
        if kind == "f" or kind == "d":
            y = _zeros(x.shape, kind)
    return np.maximum(x, y)


def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


def _permute_dims(x: Any, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


@lru_cache(maxsize=1024)
def pieces(work: int, length: int) -> int:
    """Into how many equal pieces an axis of a product of matrices is cut; 1 if it is left whole.

    OpenBLAS has kernels for products of up to a million multiplications, which neither pack their
    operands nor wake other threads: half as fast again. Long axes are cut down to that, but not
    into many pieces, as several threads are better at those.

    >>> pieces(16 * 150 * 1280, 1280), pieces(1000, 10), pieces(10**9, 4096)
    (4, 1, 1)
    """
    for n in range(-(-work // SMALL_PRODUCT), min(MOST_PIECES, length // LEAST_PIECE) + 1):
        if n and length % n == 0:
            return n
    return 1


#: multiplications of a product that OpenBLAS does without packing, and without threads
SMALL_PRODUCT = 1_000_000
MOST_PIECES = 4
LEAST_PIECE = 64


def in_pieces(x: Any, n: int) -> Any:
    """A stack of matrices (S, m, k) as (n, S, m, k / n), a view of columns next to each other."""
    stack, rows, columns = x.shape
    return x.reshape(stack, rows, n, columns // n).transpose(2, 0, 1, 3)


def _matmul(x: Any, y: Any) -> Any:
    """np.matmul; for two matrices by `dot`, the same product at half the price of the call.

    A stack of small matrices times one is one product, too. float16 is multiplied in float32, as
    on a device: BLAS knows no float16, and NumPy by itself takes up to a thousand times as long.
    """
    if x.dtype is HALF and y.dtype is HALF:
        return _matmul(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
    if y.ndim == 2 and 0 < x.ndim < 3:
        return x.dot(y)
    if y.ndim == 2 and x.ndim > 2 and x.shape[-2] <= FEW and x.flags.c_contiguous:
        rows = x.reshape(prod(x.shape[:-1]), x.shape[-1]).dot(y)
        return rows.reshape(*x.shape[:-1], y.shape[-1])
    if x.ndim == 2 and y.ndim == 3:
        n = pieces(x.size * y.shape[-1], y.shape[-1])
        if n > 1 and x.shape[1] == y.shape[1]:
            shape = (y.shape[0], x.shape[0], y.shape[2])
            out = np.empty(shape, np.result_type(x, y))
            np.matmul(x, in_pieces(y, n), out=in_pieces(out, n))
            return out
    return np.matmul(x, y)


def _broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """A fresh array: NumPy's own is a read-only view, and four times slower to make."""
    out = np.empty(shape, x.dtype)
    out[...] = x
    return out


def _copy(x: Any) -> Any:
    return x.copy()  # of a scalar a scalar


def _astype(x: Any, dtype: Any) -> Any:
    if x.dtype.kind == "c" and np.dtype(dtype).kind == "f":
        x = x.real
    return as_data(x.astype(dtype))


def _framed(x: Any, shape: tuple[int, ...], index: tuple[slice, ...], fill: Any = 0) -> Any:
    """x in an array of `shape`, at an index of slices, with `fill` around it."""
    out = np.full(shape, fill, x.dtype) if fill else np.zeros(shape, x.dtype)
    out[index] = x
    return out


def _added_at(x: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at an index; places that it names twice get both."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, index, x)
    return out


def _routed(g: Any, later: Sequence[Any], axis: int, along: Any) -> Any:
    """g brought to one element of its window each, zeros elsewhere; windows that lie apart.

    `later[k]` says where it goes to element k + 1, or one after that, of the windows `along` an
    axis; the last of them that says so decides.
    """
    shape = list(g.shape)
    shape[axis] = along.padded
    out = (np.empty if along.covering else np.zeros)(shape, g.dtype)
    first = out[along.place(axis, 0)]
    for k in range(along.size - 1, 0, -1):
        part = out[along.place(axis, k)]
        np.multiply(g, later[k - 1], out=part)
        g = np.subtract(g, part, out=first)
    if along.size == 1:
        first[...] = g
    return out


def within(x: Any, low: int, high: int) -> bool:
    """Whether all integers of an array lie from `low` up to, but not at, `high`."""
    if not x.size:
        return True
    if x.ndim == 1 and x.size <= FEW:
        numbers = x.tolist()
        return bool(low <= min(numbers) and max(numbers) < high)
    if low == 0:  # as unsigned numbers negative ones are huge: one comparison finds all
        unsigned = x.view(x.dtype.str.replace("i", "u"))
        return bool(_max_reduce(unsigned, None) < high)
    return bool(low <= _min_reduce(x, None) and _max_reduce(x, None) < high)


@lru_cache(maxsize=256)
def _eye(n: int, kind: str) -> Any:
    return np.eye(n, dtype=kind)


def _one_hot(labels: Any, classes: int, dtype: Any = np.float32) -> Any:
    """The op of that name; rows of a unit matrix cost less than a comparison."""
    if labels.dtype.kind in "iu" and classes <= WIDE and within(labels, 0, classes):
        return _eye(classes, np.dtype(dtype).char).take(labels, 0)
    return FORWARDS["one_hot"](numpy_namespace, labels, classes, dtype)


def _add_at(out: Any, index: Any, values: Any) -> None:
    """Add values to the elements of `out` at an index, where elements may repeat."""
    np.add.at(out, index, values)


def _require_range(x: Any, low: int, high: int, what: str) -> None:
    """ValueError unless all integers of x lie from `low` up to, but not at, `high`.

    Flat programs check it at every call, too.
    """
    if not within(x, low, high):
        raise ValueError(f"{what} run from {x.min()} to {x.max()}; expected {low} to {high - 1}")


numpy_namespace = Namespace(
    np,
    sum=_sum,
    max=_max,
    min=_min,
    maximum=_maximum,
    matmul=_matmul,
    broadcast_to=_broadcast_to,
    astype=_astype,
    copy=_copy,
    reshape=_reshape,
    permute_dims=_permute_dims,
    added_at=_added_at,
    framed=_framed,
    add_at=_add_at,
    routed=_routed,
    require_range=_require_range,
    one_hot=_one_hot,
    linalg=Wide(np.linalg),
    scipy=Wide(Late(scipy_special)),
)

#: type of an array, scalar or Tensor -> its `xp`
NAMESPACES: dict[type, Any] = dict.fromkeys((np.ndarray, *PYTHON_SCALARS), numpy_namespace)
NAMESPACES.update((np.dtype(code).type, numpy_namespace) for code in "?bhilqBHILQefdgFDG")


def namespace(array: Any) -> Any:
    """The `xp` of a raw array, scalar or Tensor."""
    return NAMESPACES[type(array)]


def as_data(value: Any) -> Any:
    """A raw array in the form Tensors hold: 0-d float and complex arrays become scalars.

    >>> type(as_data(np.array(2.0))), type(as_data(np.int64(2)))
    (<class 'numpy.float64'>, <class 'numpy.ndarray'>)
    """
    kind = type(value)
    if kind in INEXACT_SCALARS:
        return value
    if kind is not np.ndarray:
        if kind in DEVICE_ARRAYS:
            return value  # also a 0-d one: to look at it would be to wait for it
        value = np.asarray(value)
    if value.ndim == 0 and value.dtype.kind in "fc":
        return value[()]
    return value
