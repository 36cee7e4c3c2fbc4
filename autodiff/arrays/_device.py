"""Devices: where arrays lie, which device is current, and how arrays get from one to another.

A kind of device is known by the `Backend` that it registers; nothing else in the package says what
a device is made of. The array library of a kind is imported when the kind is first used.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..engine._graph import thread
from ._backend import DEVICE_ARRAYS, NAMESPACES, Namespace, as_data

if TYPE_CHECKING:
    from ._checks import Checks
    from ._cupy import Uploader


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device, and which one of that kind."""

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


CPU = Device("cpu")


class Backend(Protocol):
    """What there is to a kind of device: raw arrays of a type of their own, and their functions."""

    array: type
    xp: Namespace
    checks: Checks

    def count(self) -> int:
        """How many devices of this kind there are."""

    def using(self, index: int) -> AbstractContextManager[Any]:
        """Where arrays are made, and computed with, inside a `with` block."""

    def index(self, array: Any) -> int:
        """Which of the devices an array lies on."""

    def upload(self, array: np.ndarray[Any, Any], index: int) -> Any:
        """A copy of a host array, which may be written to when this returns."""

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host; waits until the array is computed, and settles checks before."""

    def adopt(self, array: Any) -> Any:
        """A copy of another library's array that lies on such a device."""

    def move(self, array: Any, index: int) -> Any:
        """A copy on another device of this kind."""

    def synchronize(self, index: int) -> None:
        """Wait until all that was asked of a device is done."""

    def uploader(self, index: int) -> Uploader:
        """What copies to a device beside what is being computed there."""


_loaders: dict[str, Callable[[], Backend]] = {}
_likely: dict[str, Callable[[], bool]] = {}
_backends: dict[str, Backend] = {}
_of_type: dict[type, tuple[str, Backend]] = {}
_loading = threading.RLock()


def register(
    kind: str, load: Callable[[], Backend], likely: Callable[[], bool] = lambda: True
) -> None:
    """Make a kind of device known; `load` is called when it is first asked for.

    `load` raises RuntimeError that says why there is no such device, and what to do. `likely` says,
    at little cost, whether it is worth a try.
    """
    _loaders[kind], _likely[kind] = load, likely


def backend(kind: str) -> Backend:
    """The backend of a kind of device; RuntimeError where there is none."""
    found = _backends.get(kind)
    if found is None:
        with _loading:
            found = _backends.get(kind) or _loaders[kind]()
            _of_type[found.array] = kind, found
            NAMESPACES[found.array] = found.xp
            DEVICE_ARRAYS.add(found.array)
            _backends[kind] = found
    return found


def _load_cuda() -> Backend:
    from . import _cupy

    return _cupy.load()


def _cuda_is_likely() -> bool:
    """Whether CuPy is installed, and NVIDIA's driver."""
    if find_spec("cupy") is None:
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


register("cuda", _load_cuda, _cuda_is_likely)


# -- names of devices ------------------------------------------------------------------------------


def parse(name: Any, what: str = "device") -> Device:
    """The device of a name, which need not be there.

    >>> parse("cpu"), parse("cuda:1")
    (Device(kind='cpu', index=0), Device(kind='cuda', index=1))
    """
    if isinstance(name, Device):
        return name
    if not isinstance(name, str):
        raise TypeError(f"{what} is {type(name).__name__} {name!r:.60}; expected {_names()}")
    found = re.fullmatch(r"([a-z]+)(?::(\d+))?", name.strip().lower())
    if found is None or found[1] not in (CPU.kind, *_loaders):
        raise ValueError(f"{what} is {name!r:.60}; expected {_names()}")
    kind, index = found[1], int(found[2] or 0)
    if kind == CPU.kind and index:
        raise ValueError(f"{what} is {name!r:.60}; there is one cpu only")
    return Device(kind, index)


def _names() -> str:
    return " or ".join(['"cpu"', *(f'"{kind}", "{kind}:1"' for kind in _loaders)])


def resolve(name: Any = None, what: str = "device") -> Device:
    """The device of a name, which is there; by default the current one.

    Raises:
        TypeError, ValueError: no name of a device.
        RuntimeError: the device is not there; says why, and what to do.
    """
    if name is None:
        return current()
    found = parse(name, what)
    if found.kind != CPU.kind:
        there = backend(found.kind).count()
        if found.index >= there:
            raise RuntimeError(
                f"{what} {found}: there {'is' if there == 1 else 'are'} {there} of this kind, "
                f"counted from 0"
            )
    return found


def there() -> list[Device]:
    """All devices that can be used: the CPU, and of each kind as many as there are."""
    found = [CPU]
    for kind, likely in _likely.items():
        if kind in _backends or likely():
            with suppress(RuntimeError):
                found += [Device(kind, k) for k in range(backend(kind).count())]
    return found


@cache
def default() -> Device:
    """Where arrays are made if nothing else is said: `AUTODIFF_DEVICE`, or the CPU."""
    return resolve(os.environ.get("AUTODIFF_DEVICE") or "cpu", "AUTODIFF_DEVICE")


def current() -> Device:
    """The device on which this thread makes arrays."""
    if thread.device is None:
        thread.device = own = default()
        if own.index:  # a kind's first device is the one in use
            backend(own.kind).using(own.index).__enter__()
    return thread.device


@contextmanager
def on(found: Device) -> Iterator[str]:
    """A device current inside the `with` block."""
    before, thread.device = thread.device, found
    try:
        if found.kind == CPU.kind:
            yield str(found)
        else:
            with backend(found.kind).using(found.index):
                yield str(found)
    finally:
        thread.device = before


def device(name: Any) -> AbstractContextManager[str]:
    """The device on which arrays are made inside a `with` block, by this thread.

    Ops compute where their operands lie; operands that are Python numbers go along, lists and NumPy
    arrays are brought to the current device. Without a block it is the one that the environment
    names as AUTODIFF_DEVICE, else the CPU.

    Args:
        name: "cpu", "cuda" for the first NVIDIA GPU, or "cuda:1" for the second.

    Raises:
        TypeError, ValueError: no name of a device.
        RuntimeError: the device is not there; says why, and what to do.

    >>> import autodiff as ad
    >>> with ad.device("cpu"):
    ...     ad.zeros((2,)).device
    'cpu'
    """
    return on(resolve(name))


# -- raw arrays on devices -------------------------------------------------------------------------


def device_of(data: Any) -> Device:
    """Where raw data, or a Tensor's, lies."""
    data = getattr(data, "_data", data)
    known = _of_type.get(type(data))
    if known is None:
        return CPU
    kind, its = known
    return Device(kind, its.index(data))


def host(data: Any) -> Any:
    """Raw data where NumPy finds it; of what lies on a device a copy, for which it is waited."""
    known = _of_type.get(type(data))
    return data if known is None else as_data(known[1].download(data))


def on_device(value: Any) -> bool:
    """Whether something is an array that lies on a device, ours or another library's."""
    kind = type(value)
    return kind in DEVICE_ARRAYS or (
        kind is not np.ndarray and hasattr(value, "__cuda_array_interface__")
    )


def adopt(value: Any) -> Any:
    """A copy, as raw data, of an array for which `on_device` holds."""
    known = _of_type.get(type(value))
    return value.copy() if known is not None else backend("cuda").adopt(value)


def place(data: Any, where: Device) -> Any:
    """Raw data on a device: itself where it lies there, else a copy."""
    known = _of_type.get(type(data))
    if known is None:
        if where.kind == CPU.kind:
            return data
        return backend(where.kind).upload(np.asarray(data), where.index)
    kind, its = known
    if kind == where.kind:
        return data if its.index(data) == where.index else its.move(data, where.index)
    return place(host(data), where)


def here(data: Any) -> Any:
    """Raw data from the host on the current device."""
    own = thread.device or current()
    return data if own.kind == CPU.kind else place(data, own)


def beside(data: Any, other: Any) -> Any:
    """Raw data from the host on the device on which `other` lies."""
    return data if type(other) not in DEVICE_ARRAYS else place(data, device_of(other))


def near(data: Any) -> AbstractContextManager[Any]:
    """What makes the device current on which raw data lies; for None it stays as it is."""
    return nullcontext() if data is None else on(device_of(data))


@lru_cache(maxsize=256)
def _kept(where: Device, make: Callable[..., Any], key: tuple[Any, ...]) -> Any:
    return place(make(*key), where)


def kept(beside: Any, make: Callable[..., Any], *key: Any) -> Any:
    """A constant that NumPy makes of `key`, brought once to where something raw, or a Tensor, lies.

    Nobody may write to it.
    """
    return _kept(device_of(beside), make, key)


def made(where: Any, function: str, *args: Any, **kwargs: Any) -> Any:
    """A new raw array by the function of this name, on a device; by default the current one."""
    found = resolve(where)
    if found.kind == CPU.kind:
        return getattr(np, function)(*args, **kwargs)
    its = backend(found.kind)
    with its.using(found.index):
        return getattr(its.xp, function)(*args, **kwargs)


def apart(operands: Iterable[tuple[str, Any]]) -> str:
    """Which of the named raw operands lie on different devices, in words; "" if all are together.

    Python numbers lie nowhere.
    """
    places = [(name, device_of(data)) for name, data in operands if hasattr(data, "dtype")]
    if len({where for _, where in places}) < 2:
        return ""
    said = ", ".join(f"{name} on {where}" for name, where in places)
    return f"operands lie on different devices: {said}; bring them together with to_device"
