"""The guard's array: NumPy's numbers behind CuPy's manners.

It is no ndarray and does not become one by itself; it takes no NumPy array as an operand; what
NumPy answers with a number it answers with a 0-d array; indices out of range wrap around; it has
the methods and arguments that CuPy's arrays have, and no others (`cupy_names.json`).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np

from tests.guard.counters import GuardError, counters

NAMES: dict[str, Any] = json.loads(
    Path(__file__).with_name("cupy_names.json").read_text(encoding="utf-8")
)
DEVICES = 2


class Current(threading.local):
    """The device in use."""

    device = 0


current = Current()


class Pinned(bytearray):
    """Host memory that a device could read by itself."""


class Device:
    """A device by its number; in use inside a `with` block."""

    def __init__(self, id: int = 0) -> None:  # CuPy's name
        self.id = id
        self._before: list[int] = []

    def __enter__(self) -> Device:
        self._before.append(current.device)
        current.device = self.id
        return self

    def __exit__(self, *_: object) -> None:
        current.device = self._before.pop()

    def __str__(self) -> str:
        return f"<Guard Device {self.id}>"


class ndarray:  # noqa: N801  CuPy's name
    """An array on a device that is not there."""

    __slots__ = ("_device", "_host")
    __array_priority__ = 100

    def __init__(self, host: Any, device: int | None = None) -> None:
        self._host: np.ndarray[Any, Any] = np.asarray(host)
        self._device = current.device if device is None else device

    # -- what NumPy asks for ----------------------------------------------------------------------

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise GuardError("implicit conversion to a NumPy array is not allowed; use get()")

    def __array_ufunc__(self, ufunc: Any, how: str, *inputs: Any, **kwargs: Any) -> Any:
        if how != "__call__" or NAMES["cupy"].get(ufunc.__name__) != "ufunc":
            return NotImplemented
        return launch(ufunc, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from tests.guard import library

        return getattr(library.cupy, function.__name__)(*args, **kwargs)

    # -- what it is -------------------------------------------------------------------------------

    device = property(lambda self: Device(self._device))
    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    base = property(lambda self: None if self._host.base is None else ndarray(self._host.base))
    T = property(lambda self: ndarray(self._host.T, self._device))
    mT = property(lambda self: ndarray(self._host.mT, self._device))
    real = property(lambda self: ndarray(self._host.real, self._device))
    imag = property(lambda self: ndarray(self._host.imag, self._device))

    # -- reading, which waits ---------------------------------------------------------------------

    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        counters.note(downloads=1, waits=int(blocking))
        if out is None:
            return np.array(self._host, order=order)  # type: ignore[call-overload]
        out[...] = self._host
        return out

    def item(self) -> Any:
        """The only element as a Python number."""
        return self.get().item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.get().tolist()

    def tobytes(self, order: str = "C") -> bytes:
        """The bytes of the elements."""
        return self.get().tobytes()

    __bool__ = lambda self: bool(self.item())  # noqa: E731
    __int__ = lambda self: int(self.item())  # noqa: E731
    __index__ = lambda self: self.get().__index__()  # noqa: E731
    __float__ = lambda self: float(self.item())  # noqa: E731
    __complex__ = lambda self: complex(self.item())  # noqa: E731

    def __repr__(self) -> str:
        return f"guard.ndarray({self._host!r})"

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __reduce__(self) -> Any:
        from tests.guard import library

        return library.cupy.array, (self.get(),)

    # -- writing ----------------------------------------------------------------------------------

    def set(self, arr: Any, stream: Any = None) -> None:
        """Copy a host array into this one."""
        if type(arr) is not np.ndarray or (arr.dtype, arr.shape) != (self.dtype, self.shape):
            raise GuardError(f"cannot be set to {arr!r:.60}")
        if stream is not None:
            base: Any = arr
            while isinstance(base, np.ndarray):
                base = base.base
            memory = base.obj if isinstance(base, memoryview) else base
            if not isinstance(memory, Pinned):
                raise GuardError("an asynchronous copy from memory that is not pinned")
        counters.note(uploads=1, beside=int(stream is not None))
        self._host[...] = arr

    def __getitem__(self, index: Any) -> ndarray:
        counters.note(launches=1)
        return ndarray(self._host[indices(self._host, index)], self._device)

    def __setitem__(self, index: Any, value: Any) -> None:
        counters.note(launches=1)
        self._host[indices(self._host, index)] = plain(value)


def plain(value: Any, device: int | None = None) -> Any:
    """What NumPy computes with, for an operand; GuardError for one that CuPy does not take."""
    if type(value) is ndarray:
        if value._device != (current.device if device is None else device):
            raise GuardError("an array of another device than the current one")
        return value._host
    if isinstance(value, np.ndarray):
        raise GuardError("Unsupported type <class 'numpy.ndarray'>")
    return value


def launch(function: Any, *args: Any, **kwargs: Any) -> Any:
    """NumPy's function on what the operands stand for; its results on the device."""
    counters.note(launches=1)
    with np.errstate(all="ignore"):
        found = function(*deep(args), **{name: deep(value) for name, value in kwargs.items()})
    return wrapped(found)


def deep(value: Any) -> Any:
    """`plain` of operands in lists and tuples."""
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(map(deep, value))
    return plain(value)


def wrapped(found: Any) -> Any:
    """Results as arrays of the device; tuples have no names, as CuPy's have none."""
    if isinstance(found, tuple):
        return tuple(map(wrapped, found))
    if isinstance(found, list):
        return list(map(wrapped, found))
    if isinstance(found, np.ndarray | np.generic):
        counters.note(allocations=1)
        return ndarray(found)
    return found


def indices(host: np.ndarray[Any, Any], index: Any) -> Any:
    """An index as NumPy takes it: integers of arrays wrapped around, as CuPy wraps them."""
    entries = list(index) if isinstance(index, tuple) else [index]
    if sum(type(e) is ndarray and e.dtype.kind == "b" for e in entries) > 1:
        raise GuardError("CuPy takes one boolean array in an index")
    taken = sum(_axes(e) for e in entries)
    axis = 0
    for k, entry in enumerate(entries):
        if isinstance(entry, np.ndarray | list):
            raise GuardError("an index from the host: CuPy would upload it")
        if type(entry) is ndarray:
            data = plain(entry)
            if data.dtype.kind == "b":
                counters.note(waits=1)  # how many there are is a shape
            elif host.shape[axis]:
                data = data.astype(np.int64) % host.shape[axis]
            entries[k] = data
        axis += host.ndim - taken if entry is Ellipsis else _axes(entry)
    return tuple(entries)


def _axes(entry: Any) -> int:
    if entry is None or entry is Ellipsis or isinstance(entry, bool):
        return 0
    return entry.ndim if type(entry) is ndarray and entry.dtype.kind == "b" else 1


def _operator(name: str, reflected: bool = False, inplace: bool = False) -> Any:
    function = getattr(np, name)
    if name == "matmul":
        function = product

    def method(self: ndarray, *others: Any) -> Any:
        if others and not isinstance(others[0], ndarray | int | float | complex | np.generic):
            if isinstance(others[0], np.ndarray):
                plain(others[0])  # raises
            return NotImplemented
        operands = (*others, self) if reflected else (self, *others)
        if inplace:
            launch(function, *operands, out=self)
            return self
        return launch(function, *operands)

    return method


def product(x: Any, y: Any, out: Any = None) -> Any:
    """np.matmul, counted."""
    counters.note(products=1)
    return np.matmul(x, y, out=out)


def _method(name: str, names: list[str]) -> Any:
    """A method of NumPy's arrays, with the arguments that CuPy's has."""
    rest = names[0][1:] if names and names[0].startswith("*") else None

    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        given = dict(kwargs) if rest else dict(zip(names, args, strict=False)) | kwargs
        if (len(args) > len(names) and not rest) or not set(given) <= set(names):
            raise GuardError(f"CuPy's {name} takes {names}; given {len(args)} and {set(kwargs)}")
        given = {key: value for key, value in given.items() if value is not None}
        if name in ("argmax", "argmin"):
            given.pop("dtype", None)
        if name == "dot":
            counters.note(products=1)
        if name == "nonzero":
            counters.note(waits=1)
        positional = args if rest else ()
        if name in ("dot", "fill", "searchsorted"):
            positional = (given.pop(names[0]),)
        host = plain(self, self._device)
        return launch(lambda *a, **k: getattr(host, name)(*a, **k), *positional, **given)

    return method


for _name, _names in NAMES["methods"].items():
    if _name not in vars(ndarray) and hasattr(np.ndarray, _name):
        setattr(ndarray, _name, _method(_name, _names or []))

for _name, _ufunc in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}.items():  # fmt: skip
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))
    setattr(ndarray, f"__r{_name}__", _operator(_ufunc, reflected=True))
    if _name != "matmul":  # CuPy has no @=
        setattr(ndarray, f"__i{_name}__", _operator(_ufunc, inplace=True))
for _name, _ufunc in {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
    "ge": "greater_equal", "neg": "negative", "pos": "positive", "abs": "absolute",
    "invert": "invert",
}.items():  # fmt: skip
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))
ndarray.__hash__ = None  # type: ignore[assignment]
