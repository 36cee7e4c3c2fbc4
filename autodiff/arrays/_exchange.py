"""Arrays exchanged with other libraries by DLPack.

Tensors are values: nobody may change one. So what is handed out is a copy, unless the other library
asks for none (`copy=False`) and knows of arrays that must not be written to (DLPack 1.0); NumPy
keeps to it, PyTorch does not. What is taken in is shared if it is flagged as read-only, as JAX's
arrays are, and copied otherwise.

Source: DLPack, https://dmlc.github.io/dlpack/latest/python_spec.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._calls import constant
from ..engine._tensor import Tensor, leave
from ._backend import as_data
from ._device import CPU, device_of

__all__ = ["from_dlpack"]

#: DLPack's number for memory of the host
HOST = 1
#: the first version that knows of arrays that must not be written to
READ_ONLY = (1, 0)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor with the values of another library's array.

    Read-only arrays of the host, as those of JAX or of NumPy with `writeable=False`, are shared;
    others could change, so they are copied. A Tensor is given back itself.

    Args:
        x: anything with `__dlpack__` and `__dlpack_device__`.
        device: where to put the values; by default they stay on their device.
        copy: True for a copy in any case, False for none.

    Raises:
        BufferError: `copy=False`, and sharing would let others change the Tensor.
        TypeError: x cannot be exchanged.

    >>> from_dlpack(np.array([1.0, 2.0]))
    Tensor([1., 2.], dtype=float64)
    """
    from ..ops.creation import asarray

    if isinstance(x, Tensor):
        return asarray(x, device=device, copy=copy)
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: {type(x).__name__} has no __dlpack__")
    if x.__dlpack_device__()[0] != HOST:  # a GPU's: its backend copies it
        result = Tensor(x)
    else:
        data = np.from_dlpack(x)
        shared = not data.flags.writeable and copy is not True
        if copy is False and not shared:
            raise BufferError(
                f"from_dlpack: {type(x).__name__} can be written to, and a Tensor is a value; "
                "leave copy=False away"
            )
        result = constant(as_data(data if shared else data.copy()))
    return result if device is None else asarray(result, device=device)


def dlpack(
    x: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """What `__dlpack__` gives: a capsule of a copy, or with copy=False of the read-only values.

    Raises:
        BufferError: `copy=False` where the consumer does not know of read-only arrays.
    """
    data = leave(x, "exchange by DLPack")
    if device_of(data) != CPU:
        shared = data if copy is False else data.copy()
        return shared.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device)
    data = np.asarray(data)
    if copy is not False:
        return data.copy().__dlpack__(max_version=max_version)
    if max_version is None or tuple(max_version) < READ_ONLY:
        raise BufferError(
            "a Tensor is a value: without a copy it is handed out to those only who know of "
            "read-only arrays, which DLPack does from version 1.0 on"
        )
    view = data.view()
    view.flags.writeable = False
    return view.__dlpack__(max_version=max_version)


def dlpack_device(x: Tensor) -> tuple[int, int]:
    """What `__dlpack_device__` gives: the number of the kind of device, and which one."""
    data = x._data
    if device_of(data) != CPU:
        kind, index = data.__dlpack_device__()
        return int(kind), int(index)
    return HOST, 0
