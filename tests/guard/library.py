"""The guard's `cupy`: the module whose place it takes, with the names that CuPy has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special

from tests.guard import arrays
from tests.guard.arrays import NAMES, Device, Pinned, ndarray, plain
from tests.guard.counters import GuardError, counters

#: functions that hand products of matrices to cuBLAS
PRODUCTS = frozenset(("matmul", "dot", "inner", "tensordot", "einsum", "vdot"))


class Ufunc:
    """A ufunc as CuPy has it: called, added up where it can be, and scattered where it can be."""

    def __init__(self, name: str, of: Any = np) -> None:
        self.__name__ = name
        self._ufunc = getattr(of, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        unknown = set(kwargs) - {"out", "dtype", "casting"}
        if unknown:
            raise GuardError(f"CuPy's {self.__name__} has no {unknown}")
        return arrays.launch(self._ufunc, *args, **kwargs)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        """Add to elements, of the dtypes that atomics know."""
        if self.__name__ not in NAMES["scattered"]:
            raise NotImplementedError(f"`{self.__name__}.at` is not supported yet")
        kinds = "ilqILQefd" if self.__name__ == "add" else "iI"
        if a.dtype.char not in kinds:
            raise GuardError(f"cupy.{self.__name__}.at does not support {a.dtype}")
        counters.note(launches=1)
        host = plain(a)
        self._ufunc.at(host, arrays.indices(host, indices), plain(b))

    def reduce(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
               keepdims: bool = False) -> Any:  # fmt: skip
        """Only sums and products."""
        if self.__name__ not in NAMES["reduced"]:
            raise NotImplementedError(f"`{self.__name__}.reduce` is not supported yet")
        return arrays.launch(self._ufunc.reduce, array, axis, dtype, out, keepdims)

    def outer(self, a: Any, b: Any, **kwargs: Any) -> Any:
        """Of every pair of elements."""
        return arrays.launch(self._ufunc.outer, a, b, **kwargs)


def _numpys(part: str) -> Any:
    """NumPy's module, or SciPy's, of the same meaning as one of CuPy's."""
    if part == "special":
        return scipy.special
    return np if part == "cupy" else getattr(np, part)


def _function(part: str, name: str) -> Any:
    """NumPy's function with the arguments that CuPy's has."""
    names = NAMES[part][name]
    numpys = _numpys(part)
    if names == "ufunc" and isinstance(getattr(numpys, name, None), np.ufunc):
        return Ufunc(name, numpys)
    function = getattr(numpys, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        known = names == "ufunc" or names is None or "*" in names
        if not known and (len(args) > len(names) or not set(kwargs) <= set(names)):
            raise GuardError(f"CuPy's {name} takes {names}; given {len(args)} and {set(kwargs)}")
        counters.note(products=int(name in PRODUCTS))
        return arrays.launch(function, *args, **kwargs)

    call.__name__ = name
    return call


class Part:
    """A module of CuPy."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.__name__ = part

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES[self._part]:
            value = getattr(_numpys(self._part), name, None)
            if isinstance(value, type) or name in ("pi", "e", "inf", "nan", "newaxis"):
                return value  # dtypes and constants are NumPy's
            raise AttributeError(f"module {self._part!r} has no attribute {name!r}")
        found = _function(self._part, name)
        setattr(self, name, found)
        return found


class Event:
    """A place in the order of a stream."""

    done = True

    def synchronize(self) -> None:
        """Wait for it."""
        counters.note(waits=1)


class Stream:
    """An order in which things are done; here all is done at once."""

    def __init__(self, non_blocking: bool = False) -> None:
        self.non_blocking = non_blocking

    def wait_event(self, event: Event) -> None:
        """The device waits; the host does not."""

    def record(self) -> Event:
        """The place where it stands."""
        return Event()

    def synchronize(self) -> None:
        """Wait until all is done."""
        counters.note(waits=1)


def array(obj: Any, dtype: Any = None, copy: Any = True, order: str = "K") -> ndarray:
    """A copy on the current device, also of a host array: this is how one gets there."""
    if type(obj) is ndarray:
        return ndarray(np.array(obj._host, dtype, copy=copy, order=order))  # type: ignore[call-overload]
    host = np.array(arrays.deep(obj) if isinstance(obj, list | tuple) else obj, dtype)
    if host.dtype.kind not in "biufc":
        raise GuardError(f"Unsupported dtype {host.dtype}")
    counters.note(uploads=int(host.ndim > 0), allocations=1)  # numbers travel with the launch
    return ndarray(host)


def asarray(a: Any, dtype: Any = None, order: str = "K", copy: Any = None) -> ndarray:
    """The array itself where it is one."""
    if type(a) is ndarray and dtype in (None, a.dtype) and not copy:
        return a
    return array(a, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> ndarray:
    """One value everywhere."""
    value = fill_value._host if type(fill_value) is ndarray else fill_value
    if isinstance(fill_value, np.ndarray) and fill_value.ndim:
        raise GuardError("non-scalar numpy.ndarray cannot be used for fill")
    counters.note(launches=1, allocations=1)
    return ndarray(np.full(shape, value, dtype))


def as_strided(x: ndarray, shape: Any = None, strides: Any = None) -> ndarray:
    """A view with other strides; nothing is launched."""
    return ndarray(np.lib.stride_tricks.as_strided(plain(x), shape, strides), x._device)


def shares_memory(a: ndarray, b: ndarray) -> bool:
    """Whether two arrays overlap."""
    return np.shares_memory(plain(a), plain(b))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """As CuPy's, which asks the condition for `astype`."""
    if x is None or y is None:
        raise GuardError("where(condition) waits: how much it chooses is a shape")
    return arrays.launch(np.where, condition.astype("?"), x, y)


def alloc_pinned_memory(size: int) -> Pinned:
    """Host memory that a device can read by itself."""
    return Pinned(size)


cupy: Any = Part("cupy")
cupy.__version__ = NAMES["version"]
cupy.ndarray = ndarray
for _f in (array, asarray, full, shares_memory, where):
    setattr(cupy, _f.__name__, _f)
cupy.linalg, cupy.fft = Part("linalg"), Part("fft")
cupy.lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))
cupy.cuda = SimpleNamespace(
    Device=Device,
    Stream=Stream,
    get_current_stream=Stream,
    alloc_pinned_memory=alloc_pinned_memory,
    runtime=SimpleNamespace(getDeviceCount=lambda: arrays.DEVICES),
)
