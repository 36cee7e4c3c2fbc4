"""The parts of CuPy that a machine uses, on the host: memory by address, modules, streams, graphs.

What is refused while a stream is captured raises, as CUDA does; a graph launches again what was
launched then.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from autodiff.flat.cuda._prelude import COMMON, OPTIONS, PRELUDE
from tests.guard.machine import compiled


class Pointer:
    """A place in memory."""

    def __init__(self, mem: Any, offset: int) -> None:
        self.mem, self.ptr = mem, mem.ptr + offset

    def __add__(self, offset: int) -> Pointer:
        return Pointer(self.mem, self.ptr - self.mem.ptr + offset)

    def copy_from_device_async(self, src: Pointer, size: int, stream: Any = None) -> None:
        streams.refuse("a copy")
        ctypes.memmove(self.ptr, src.ptr, size)


class Unowned:
    """Memory of somebody else."""

    def __init__(self, ptr: int, size: int, owner: Any, device_id: int = -1) -> None:
        self.ptr, self.size, self.owner = ptr, size, owner


class Owned:
    """Memory that is full of rubbish."""

    def __init__(self, size: int) -> None:
        self.block = np.full(size + 512, 0xA5, np.uint8)
        self.ptr = self.block.ctypes.data + -self.block.ctypes.data % 512


class Array:
    """CuPy's ndarray, as far as it is needed."""

    def __init__(self, shape: Any, dtype: Any, memptr: Any = None, strides: Any = None) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype = np.dtype(dtype)
        self.size = int(np.prod(self.shape, dtype=np.int64))
        self.nbytes = self.size * self.dtype.itemsize
        if memptr is None:
            streams.refuse("an allocation")
            memptr = Pointer(Owned(self.nbytes), 0)
        self.data, self.strides = memptr, strides
        self.flags = SimpleNamespace(c_contiguous=self.host().flags.c_contiguous)

    def host(self) -> np.ndarray:
        """The same memory."""
        low = sum(
            min(0, (n - 1) * s)
            for n, s in zip(self.shape, self.strides or (0,) * len(self.shape), strict=True)
        )
        steps = self.strides or np.empty(self.shape, self.dtype).strides
        span = sum(abs((n - 1) * s) for n, s in zip(self.shape, steps, strict=True))
        memory: Any = (ctypes.c_char * (span + self.dtype.itemsize)).from_address(
            self.data.ptr + low
        )
        if not self.size:
            return np.empty(self.shape, self.dtype)
        return np.ndarray(self.shape, self.dtype, memory, -low, steps)

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        base: Any = arr
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(getattr(base, "obj", base), PinnedMemory), "the host would wait"
        streams.refuse("a transfer")
        assert (arr.shape, arr.dtype) == (self.shape, self.dtype)
        self.host()[...] = arr

    def get(self) -> np.ndarray:
        return self.host().copy()

    def fill(self, value: Any) -> None:
        self.host().fill(value)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.host()[index] = value.host() if isinstance(value, Array) else value


class Event:
    """A place in the order of a stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.done = stream, streams.fast

    def synchronize(self) -> None:
        if not self.done:
            streams.waits += 1
        self.done = True


class Stream:
    """An order of launches; those of a captured one are kept, not done."""

    def __init__(self, non_blocking: bool = False) -> None:
        self.ptr = id(self) if non_blocking else 0
        self.captured: list[Callable[[], None]] | None = None

    def __enter__(self) -> Stream:
        streams.stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        streams.stack.pop()

    def begin_capture(self) -> None:
        self.captured = []

    def end_capture(self) -> Any:
        launches, self.captured = self.captured or [], None

        def launch() -> None:
            streams.replays += 1
            for f in launches:
                f()

        return SimpleNamespace(launch=launch)

    def synchronize(self) -> None:
        streams.refuse("waiting")

    def record(self) -> Event:
        return Event(self)

    def wait_event(self, event: Event) -> None:
        streams.followed.append((self, event.stream))


class Streams:
    """The current one."""

    def __init__(self) -> None:
        self.stack = [Stream()]
        self.replays = self.waits = 0
        #: whether what is asked for is done at once
        self.fast = True
        #: streams that waited, and for which
        self.followed: list[tuple[Stream, Stream]] = []

    def do(self, f: Callable[[], None]) -> None:
        """Launch something on the current stream."""
        captured = self.stack[-1].captured
        f() if captured is None else captured.append(f)

    def refuse(self, what: str) -> None:
        if self.stack[-1].captured is not None:
            raise RuntimeError(f"cudaErrorStreamCaptureUnsupported: {what}")


streams = Streams()


class Nvrtc:
    """NVRTC as CuPy binds it; machine code is the text."""

    NVRTCError = RuntimeError

    def __init__(self) -> None:
        self.programs: dict[int, str] = {}
        self.compilations = 0

    def getVersion(self) -> tuple[int, int]:
        return 13, 0

    def getSupportedArchs(self) -> tuple[int, ...]:
        return 75, 90, 100

    def createProgram(self, src: str, name: str, headers: Any, include_names: Any) -> int:
        streams.refuse("a compilation")
        assert src.startswith(PRELUDE + COMMON)
        self.programs[len(self.programs) + 1] = src[len(PRELUDE + COMMON) :]
        return len(self.programs)

    def compileProgram(self, prog: int, options: tuple[str, ...]) -> None:
        assert options[: len(OPTIONS)] == OPTIONS
        assert options[len(OPTIONS) :] in (
            ("--gpu-architecture=sm_90",),
            ("--gpu-architecture=compute_100",),
        )
        self.compilations += 1
        if "nonsense" in self.programs[prog]:
            raise RuntimeError("NVRTC_ERROR_COMPILATION (6)")

    def getProgramLog(self, prog: int) -> str:
        return "kernels.cu(150): error"

    def getCUBIN(self, prog: int) -> bytes:
        return self.programs[prog].encode()

    def getPTX(self, prog: int) -> bytes:
        return b"PTX " + self.programs[prog].encode()

    def destroyProgram(self, prog: int) -> None:
        del self.programs[prog]


class Module:
    """Kernels from machine code."""

    def load(self, cubin: bytes) -> None:
        text = cubin.decode()
        counts = {}
        for part in text.split('extern "C" ')[1:]:
            top = part[: part.index(") {")]
            before, _, given = top.rpartition("(")
            counts[before.rpartition(" ")[2]] = given.count(",") + 1
        self._library = compiled(text, counts)

    def get_function(self, name: str) -> Callable[..., None]:
        function = getattr(self._library, f"run_{name}")

        def launch(grid: tuple[int], block: tuple[int], args: tuple[int, ...]) -> None:
            assert all(type(a) is int for a in args)
            pointers = (ctypes.c_void_p * len(args))(*args)
            streams.do(lambda: assert_done(function(pointers, *grid, *block)))

        return launch


def assert_done(failed: int) -> None:
    assert not failed


def zeros(shape: Any, dtype: Any) -> Array:
    found = Array(shape, dtype)
    found.fill(0)
    return found


class PinnedMemory(bytearray):
    """Host memory whose address is known."""

    @property
    def ptr(self) -> int:
        return ctypes.addressof((ctypes.c_char * len(self)).from_buffer(self))


cupy = SimpleNamespace(
    ndarray=Array,
    empty=Array,
    zeros=zeros,
    cuda=SimpleNamespace(
        nvrtc=Nvrtc(),
        Module=Module,
        Device=lambda: SimpleNamespace(compute_capability="90"),
        UnownedMemory=Unowned,
        MemoryPointer=Pointer,
        Stream=Stream,
        get_current_stream=lambda: streams.stack[-1],
        alloc_pinned_memory=PinnedMemory,
        runtime=SimpleNamespace(runtimeGetVersion=lambda: 13000),
    ),
)
