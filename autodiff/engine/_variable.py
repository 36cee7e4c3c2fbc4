"""Variable, the one thing that changes."""

from __future__ import annotations

from threading import RLock
from typing import Any

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS, PYTHON_SCALARS, as_data
from ..arrays._device import Device, apart, device_of, place
from ._graph import LEAF, UNREAD, thread
from ._tensor import Tensor, convert, is_python

#: how many Variables have been brought to another device: programs made before know nothing of it
moves = 0
#: held by what changes Variables or generators, one program or trace at a time, and by whoever
#: takes Variables' arrays
writing = RLock()


class Variable(Tensor):
    """A parameter: a Tensor whose value is changed by `assign`, watched by tapes when it is read.

    Args:
        value: as for Tensor, or a function without arguments that gives it.
        dtype: as for Tensor.
        trainable: whether tapes watch it by themselves; integers and booleans never are.
        name: shown in diagrams.
        device: as for Tensor; it stays there.

    >>> w = Variable([1.0, 2.0], name="w")
    >>> w.assign_sub([0.5, 0.5])
    Variable([0.5, 1.5], dtype=float32, name='w')
    """

    __slots__ = ("__weakref__", "name", "trainable")

    def __init__(
        self,
        value: Any,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        device: Any = None,
    ) -> None:
        self._data = convert(value() if callable(value) else value, dtype, device)
        self._token = LEAF
        self._node = UNREAD
        self.name = name
        self.trainable = bool(trainable) and self._data.dtype.kind == "f"
        if thread.graph is not None and thread.graph.trace is not None:
            thread.graph.trace.create(self)

    def assign(self, value: Any) -> Variable:
        """Take a new value of the same shape, cast to this Variable's dtype; returns itself.

        What tapes recorded before keeps the old value. Numbers and arrays are brought to the device
        of the Variable, Tensors must lie there.

        Raises:
            ValueError: another shape, or a Tensor on another device.
            TypeError: a value that this dtype cannot hold (float for int, complex for float).
        """
        if not isinstance(value, Tensor):
            value = numbers(value, self._data.dtype)
        graph = thread.graph
        if graph is not None and graph.trace is not None:
            return graph.trace.assign(self, value)
        return self._set(
            convert(value, None, None if isinstance(value, Tensor) else device_of(self._data))
        )

    def _set(self, data: Any) -> Variable:
        """`assign` of raw data that nobody else holds."""
        if data.shape != self._data.shape:
            raise ValueError(
                f"assign: {self._title()} has shape {self.shape}; given shape {data.shape}"
            )
        if type(data) in DEVICE_ARRAYS or type(self._data) in DEVICE_ARRAYS:
            problem = apart(((self._title(), self._data), ("the value", data)))
            if problem:
                raise ValueError(f"assign: {problem}")
        if data.dtype is not self._data.dtype and data.dtype != self._data.dtype:
            if not np.can_cast(data.dtype, self._data.dtype, "same_kind"):
                raise TypeError(
                    f"assign: {self._title()} has dtype {self.dtype}; given {data.dtype}"
                )
            data = as_data(data.astype(self._data.dtype))
        if thread.graph is not None:
            thread.graph.assigning(self)
        self._data = data
        self._node = UNREAD
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add `value`, broadcast to this shape; returns itself."""
        if thread.graph is not None and thread.graph.trace is not None:
            return self.assign(self + value)
        more = value._data if isinstance(value, Tensor) else raw(value, device_of(self._data))
        return self._set(as_data(self._data + more))

    def assign_sub(self, value: Any) -> Variable:
        """Subtract `value`, broadcast to this shape; returns itself."""
        if thread.graph is not None and thread.graph.trace is not None:
            return self.assign(self - value)
        less = value._data if isinstance(value, Tensor) else raw(value, device_of(self._data))
        return self._set(as_data(self._data - less))

    def _move(self, where: Device) -> None:
        """Bring the value to a device; what reads it from now on computes there.

        Also where a function is traced: programs read Variables anew at every call.
        """
        global moves
        if device_of(self._data) != where:
            self._data = place(self._data, where)
            self._node = UNREAD
            moves += 1

    def _title(self) -> str:
        return f"Variable {self.name!r}" if self.name else "the Variable"

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Variable({self._text(9)}, dtype={self.dtype}{name})"

    def __copy__(self) -> Variable:
        return Variable(self._data, trainable=self.trainable, name=self.name, device=self.device)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return Variable, (self.numpy(), None, self.trainable, self.name)


def numbers(value: Any, dtype: np.dtype[Any]) -> Any:
    """Python numbers in the dtype of a Variable of floats: they have none of their own."""
    if dtype.kind in "fc" and is_python(value) and np.asarray(value).dtype.kind in "biuf":
        return np.array(value, dtype)
    return value


def raw(value: Any, device: Any) -> Any:
    """Raw data of anything that `convert` takes; Python numbers stay weak."""
    return value if type(value) in PYTHON_SCALARS else convert(value, None, device)
