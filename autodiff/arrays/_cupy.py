"""CuPy: NVIDIA GPUs. The one file that imports it, and all that is different from NumPy there.

What CuPy does otherwise, and where that is seen to:

- There are no scalars: what NumPy answers with a number is a 0-d array, since a number would have
  to be waited for (https://docs.cupy.dev/en/stable/user_guide/difference.html). 0-d arrays are kept
  (`_backend.as_data`); `float(x)` of a Tensor waits.
- NumPy arrays are no operands, NumPy scalars are (same page). All constants of ops are made by
  `xp`; Tensors on different devices are refused by name (`_device.apart`).
- Integers out of range wrap around as indices (same page): `require_range` and `checked_index`.
- Of elements that an index names twice, one is stored, any (same page): `put` refuses such.
- `ufunc.reduce` is for add and multiply alone, and reductions take `out` before `keepdims`
  (https://docs.cupy.dev/en/stable/reference/ufunc.html): `sum`, `prod`, `max`, `min`.
- `ufunc.at` adds with atomics, in any order, and not in every dtype (cupy/_core/
  _routines_indexing.pyx, `_scatter_op`): `add_at`.
- `full`, `zeros` and the like have no `device`, they are made on the current one: `_device.made`.
- There are no warnings of overflow and division by zero, and no `errstate` that matters.
- The result of an operation need not lie as its operands do (same page as above): nothing but
  speed depends on it.
- Its kernels are compiled with -ftz=true and fused multiply-adds: float32 below 1.2e-38 are 0
  (cupy/cuda/compiler.py, _compile_with_cache_cuda). Ours are not: `flat/cuda/_compile.py`.
- The host goes on while the GPU computes; memory that is free on one stream may be in use on
  another (https://docs.cupy.dev/en/stable/user_guide/memory.html): `Uploader`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np

from . import _indices
from ._backend import Namespace
from ._checks import Checks
from ._wide import Late, Wide

#: the oldest CuPy whose promotion of dtypes is NumPy 2's
OLDEST = 14

#: the extras of this project, and what driver each needs
EXTRAS = (
    "autodiff-tape[cuda12] (NVIDIA driver 525 or newer) or autodiff-tape[cuda13] (580 or newer)"
)


def load() -> CupyBackend:
    """CuPy with its functions as ops see them, once a product of matrices has been computed.

    Raises:
        RuntimeError: there is no CuPy, no driver, no GPU, or a library of CUDA is missing.
    """
    why = _probe()
    if why is not None:
        raise RuntimeError(why[0]) from why[1]
    import cupy

    return CupyBackend(cupy)


@cache
def _probe() -> tuple[str, Exception] | None:
    """Why CuPy cannot be used, in words and as it was caught; None where it can."""
    try:
        with warnings.catch_warnings(action="ignore"):
            import cupy
    except Exception as error:  # also what a broken installation raises
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            return f'there is no device "cuda": CuPy is not installed. Install {EXTRAS}', error
        return f'there is no device "cuda": CuPy cannot be imported ({error})', error
    if int(cupy.__version__.split(".")[0]) < OLDEST:
        why = f"CuPy is {cupy.__version__}; expected {OLDEST} or newer. Install {EXTRAS}"
        return f'there is no device "cuda": {why}', ImportError(why)
    try:
        x = cupy.arange(9, dtype="float32").reshape(3, 3)
        if (x @ x).get().tolist() != [[15, 18, 21], [42, 54, 66], [69, 90, 111]]:
            raise RuntimeError("a product of two matrices came out wrong")
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return f'there is no device "cuda": {_advice(text)} ({text})', error
    return None


def _advice(text: str) -> str:
    """What to do about an error of CUDA."""
    if "InsufficientDriver" in text:
        return (
            "the NVIDIA driver is missing, or older than the CUDA that CuPy was built for. "
            f"Install or update the driver (`nvidia-smi` shows it), or choose among {EXTRAS}"
        )
    if "NoDevice" in text or "no CUDA-capable device" in text:
        return "the driver sees no GPU; look at CUDA_VISIBLE_DEVICES and `nvidia-smi`"
    if "lib" in text and (".so" in text or ".dll" in text or "cannot open" in text):
        return f"a library of CUDA is missing. The extras bring all of them: install {EXTRAS}"
    if "CUDA_PATH" in text or "nvrtc" in text.lower() or "headers" in text:
        return f"CuPy finds no CUDA to compile with. The extras bring it: install {EXTRAS}"
    return (
        "a product of two small matrices failed; `python -c 'import cupy; cupy.show_config()'` "
        "says what CuPy sees"
    )


def special_functions() -> Any:
    """CuPy's version of SciPy's special functions, which lacks Bessel functions of any order."""
    import cupyx.scipy.special

    return cupyx.scipy.special


class CupyBackend:
    """What there is to CuPy's devices, see `_device.Backend`; over a library of CuPy's names."""

    def __init__(self, cupy: Any, special: Callable[[], Any] = special_functions) -> None:
        self.cupy = cupy
        self.array: type = cupy.ndarray
        self.checks = Checks(cupy)
        scipy = Wide(Late(special))
        self.xp = Namespace(cupy, **versions(cupy, self.checks), scipy=scipy)

    def count(self) -> int:
        return int(self.cupy.cuda.runtime.getDeviceCount())

    def using(self, index: int) -> AbstractContextManager[Any]:
        return self.cupy.cuda.Device(index)  # type: ignore[no-any-return]

    def index(self, array: Any) -> int:
        return int(array.device.id)

    def upload(self, array: np.ndarray[Any, Any], index: int) -> Any:
        with self.using(index):
            return self.cupy.array(array)  # by way of pinned memory, not waited for

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        self.checks.settle()
        return array.get()  # type: ignore[no-any-return]

    def adopt(self, array: Any) -> Any:
        return self.cupy.array(array)

    def move(self, array: Any, index: int) -> Any:
        with self.using(index):
            return self.cupy.array(array)

    def synchronize(self, index: int) -> None:
        with self.using(index):
            self.cupy.cuda.get_current_stream().synchronize()

    def uploader(self, index: int) -> Uploader:
        return Uploader(self.cupy, self.using(index))


class Uploader:
    """Copies to a device beside what is being computed there: on a stream of its own.

    `send` begins a copy, and `arrived` gives the arrays, for what is asked of the device from then
    on. Sent arrays may be written to when `send` returns.
    """

    #: sets of pinned buffers: one that is filled while the other is on its way
    SETS = 2

    def __init__(self, cupy: Any, using: AbstractContextManager[Any]) -> None:
        self._cupy, self._using = cupy, using
        with using:
            self._stream = cupy.cuda.Stream(non_blocking=True)
        #: buffers, and the event after which they can be filled again
        self._sets: list[tuple[dict[int, Any], Any]] = [({}, None) for _ in range(self.SETS)]
        self._turn = 0

    def send(self, arrays: Sequence[np.ndarray[Any, Any]]) -> Callable[[], list[Any]]:
        """Begin to copy; gives the function that gives the arrays on the device."""
        cupy, side = self._cupy, self._stream
        buffers, busy = self._sets[self._turn]
        if busy is not None and not busy.done:
            busy.synchronize()  # two sets ago: this is where the host is kept from running ahead
        with self._using:
            main = cupy.cuda.get_current_stream()
            out = [cupy.empty(array.shape, array.dtype) for array in arrays]
            # what was freed before, and is given out again, may still be in use
            side.wait_event(main.record())
            for k, (array, there) in enumerate(zip(arrays, out, strict=True)):
                if array.size:
                    there.set(self._pinned(buffers, k, array), side)
            sent = side.record()
        self._sets[self._turn] = buffers, sent
        self._turn = (self._turn + 1) % self.SETS

        def arrived() -> list[Any]:
            with self._using:
                cupy.cuda.get_current_stream().wait_event(sent)
            return out

        return arrived

    def _pinned(self, buffers: dict[int, Any], k: int, array: np.ndarray[Any, Any]) -> Any:
        """The array in memory that the device can read by itself."""
        memory = buffers.get(k)
        if memory is None or memory.nbytes < array.nbytes:
            block = self._cupy.cuda.alloc_pinned_memory(array.nbytes)
            memory = buffers[k] = np.frombuffer(block, np.uint8, array.nbytes)
        copy = memory[: array.nbytes].view(array.dtype).reshape(array.shape)
        copy[...] = array
        return copy


def versions(cupy: Any, checks: Checks) -> dict[str, Any]:
    """Our versions of functions, by the names that ops know them by."""
    return _reductions() | _stores(cupy) | _taken(cupy, checks) | _others(cupy, checks)


def _reductions() -> dict[str, Callable[..., Any]]:
    def sum_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if x.dtype.char == "e":  # as NumPy is made to here: in float32
            return x.sum(axis, np.float32, None, keepdims).astype(np.float16)
        return x.sum(axis, None, None, keepdims)

    def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return x.prod(axis, None, None, keepdims)

    def max_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return x.max(axis, None, keepdims)

    def min_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return x.min(axis, None, keepdims)

    return {"sum": sum_, "prod": prod, "max": max_, "min": min_}


def _stores(cupy: Any) -> dict[str, Callable[..., Any]]:
    """What writes into arrays that were made for it."""

    def framed(x: Any, shape: tuple[int, ...], index: tuple[slice, ...], fill: Any = 0) -> Any:
        out = cupy.full(shape, fill, x.dtype) if fill else cupy.zeros(shape, x.dtype)
        out[index] = x
        return out

    def routed(g: Any, later: Sequence[Any], axis: int, along: Any) -> Any:
        shape = list(g.shape)
        shape[axis] = along.padded
        out = (cupy.empty if along.covering else cupy.zeros)(tuple(shape), g.dtype)
        for k in range(along.size - 1, 0, -1):
            part = g * later[k - 1]
            out[along.place(axis, k)] = part
            g = g - part
        out[along.place(axis, 0)] = g
        return out

    def add_at(out: Any, index: Any, values: Any) -> None:
        if out.dtype.kind == "c":  # atomics know no complex numbers
            add_at(out.real, index, values.real)
            add_at(out.imag, index, values.imag)
        elif out.dtype.char in "?bBhH":  # nor short integers
            wide = out.astype(np.int64)
            cupy.add.at(wide, index, values.astype(np.int64))
            out[...] = wide.astype(out.dtype)
        else:
            cupy.add.at(out, index, values)

    def added_at(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
        _indices.check(index, shape)
        out = cupy.zeros(shape, x.dtype)
        add_at(out, index, x)
        return out

    return {"framed": framed, "routed": routed, "add_at": add_at, "added_at": added_at}


def _taken(cupy: Any, checks: Checks) -> dict[str, Callable[..., Any]]:
    """What NumPy raises for, and CuPy wraps around."""

    def checked(x: Any, indices: Any, axis: int) -> None:
        n = x.shape[axis]
        checks.within(indices, -n, n, f"indices of axis {axis}", IndexError)

    def take(x: Any, indices: Any, axis: Any = None) -> Any:
        checked(x if axis is not None else x.reshape(-1), indices, axis or 0)
        return cupy.take(x, indices, axis)

    def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
        checked(x, indices, axis)
        return cupy.take_along_axis(x, indices, axis)

    return {"take": take, "take_along_axis": take_along_axis}


def _others(cupy: Any, checks: Checks) -> dict[str, Any]:
    def astype(x: Any, dtype: Any) -> Any:
        if x.dtype.kind == "c" and np.dtype(dtype).kind == "f":
            x = x.real
        return x.astype(dtype)

    return {
        "astype": astype,
        "copy": lambda x: x.copy(),
        "reshape": lambda x, shape: x.reshape(shape),
        "permute_dims": lambda x, axes: x.transpose(axes),
        "require_range": checks.within,
        # it sorts in the only way that it has, which is stable
        "sort": lambda x, axis=-1, stable=True: cupy.sort(x, axis),
        "argsort": lambda x, axis=-1, stable=True: cupy.argsort(x, axis),
        "count_nonzero": lambda x, axis=None, keepdims=False: (x != 0).sum(
            axis, np.int64, None, keepdims
        ),
        "linalg": Wide(cupy.linalg),
    }
