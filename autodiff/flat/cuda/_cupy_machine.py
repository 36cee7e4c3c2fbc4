"""A GPU as a machine: memory, kernels and graphs by CuPy, which is handed over, products by cuBLAS.

Steps go to the current stream; where that is another than before, it waits for what went to the one
before. What is recorded is recorded on a stream of its own, with a workspace of its own, and the
graph can be launched on any; nothing is allocated meanwhile, for all of a program's memory is
there.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ...arrays._cupy import CupyBackend
from ._calls import Held, computed
from ._compile import machine_code
from ._cublas import WORKSPACE, Cublas, load
from ._machine import Call, CaptureError, Failing, Launch, Product, Step

#: host arrays on their way to the device
MOST_LEAVING = 16


class Replay:
    """A graph, and the memory that its products work in."""

    def __init__(self, graph: Any, workspace: Any) -> None:
        self._launch, self._workspace = graph.launch, workspace

    def __call__(self) -> None:
        """Launch it on the current stream."""
        self._launch()


class CupyMachine:
    """One GPU, which is the current one whenever it is used."""

    def __init__(self, backend: CupyBackend, cupy: Any) -> None:
        self._backend, self._cupy = backend, cupy
        self._cublas: Cublas | None = None
        #: the stream that products go to, and their workspace there
        self._products_on: tuple[int, int] | None = None
        self._workspace: Any = None
        #: the stream of the last launches
        self._stream: Any = None
        #: pinned memory that is being copied from, and the events after which it is free
        self._leaving: deque[tuple[Any, Any]] = deque()

    def follow(self) -> None:
        """What is launched from here on comes after what was launched before."""
        stream = self._cupy.cuda.get_current_stream()
        if self._stream is not None and stream.ptr != self._stream.ptr:
            stream.wait_event(self._stream.record())
        self._stream = stream

    # -- memory ------------------------------------------------------------------------------------

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array."""
        return self._cupy.empty(shape, dtype)

    def part(self, block: Any, offset: int, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array inside of an array of bytes."""
        return self._cupy.ndarray(shape, dtype, memptr=block.data + offset)

    def at(self, address: int, shape: Any, dtype: Any, strides: tuple[int, ...] | None) -> Any:
        """An array at an address; the program keeps the memory."""
        cuda, dtype = self._cupy.cuda, np.dtype(dtype)
        if 0 in shape:
            return self._cupy.empty(shape, dtype)
        steps = strides if strides is not None else np.empty(shape, dtype).strides
        ends = [(n - 1) * step for n, step in zip(shape, steps, strict=True)]
        low = sum(min(0, end) for end in ends)
        span = sum(max(0, end) for end in ends) - low + dtype.itemsize
        block = cuda.UnownedMemory(address + low, span, self)
        return self._cupy.ndarray(
            shape, dtype, memptr=cuda.MemoryPointer(block, -low), strides=steps
        )

    def address(self, array: Any) -> int:
        """Where an array begins."""
        return int(array.data.ptr)

    def in_order(self, array: Any) -> bool:
        """Whether the elements lie in row-major order."""
        return bool(array.flags.c_contiguous)

    #: how many references there are to an array; its views count, too
    references = staticmethod(getrefcount)

    def upload(self, array: Any, host: np.ndarray) -> None:
        """Write the host's numbers into an array; they may be written to when this returns."""
        if not array.size:
            return
        cuda, leaving = self._cupy.cuda, self._leaving
        while leaving and (len(leaving) == MOST_LEAVING or leaving[0][0].done):
            leaving.popleft()[0].synchronize()  # here the host is kept from running far ahead
        block = cuda.alloc_pinned_memory(array.nbytes)  # of memory that is not, CUDA may wait
        pinned = np.frombuffer(block, array.dtype, array.size).reshape(array.shape)
        pinned[...] = host
        stream = cuda.get_current_stream()
        array.set(pinned, stream)
        leaving.append((stream.record(), block))

    def copy(self, array: Any, source: Any) -> None:
        """Write another array into one."""
        if not array.size:
            return
        if source.dtype == array.dtype and source.flags.c_contiguous:
            array.data.copy_from_device_async(source.data, array.nbytes)
        else:
            array[...] = source

    # -- launches ----------------------------------------------------------------------------------

    def compiled(self, text: str, kernels: dict[str, int]) -> dict[str, Any]:
        """Kernels by name."""
        cuda = self._cupy.cuda
        module = cuda.Module()
        module.load(machine_code(self._cupy, text, cuda.Device().compute_capability))
        return {name: module.get_function(name) for name in kernels}

    def run(self, step: Step) -> None:
        """Launch one step on the current stream."""
        if isinstance(step, Launch):
            step.kernel((step.blocks,), (step.threads,), step.addresses)
        elif isinstance(step, Product):
            self._products().multiply(step.gemm, step.x, step.y, step.out)
        else:
            self._call(step)

    def _products(self) -> Cublas:
        """cuBLAS, on the current stream."""
        cuda = self._cupy.cuda
        if self._cublas is None:
            self._cublas = Cublas(load(cuda.runtime.runtimeGetVersion() // 1000))
        if self._workspace is None:
            self._workspace = self._cupy.empty(WORKSPACE, "uint8")
        where = cuda.get_current_stream().ptr, self._workspace.data.ptr
        if where != self._products_on:
            self._cublas.on(where[0], where[1], WORKSPACE)
            self._products_on = where
        return self._cublas

    def _call(self, step: Call) -> None:
        found = computed(self._backend.xp, step.op, step.inputs, step.attrs)
        if isinstance(step.out, Held):
            step.out.value = found
        else:
            step.out[...] = found

    def capture(self, steps: Sequence[Step]) -> Callable[[], None]:
        """A graph of all steps, for any stream."""
        if any(isinstance(step, Call) for step in steps):
            raise CaptureError("CuPy's functions allocate, and use cuBLAS, which is not recorded")
        stream = self._cupy.cuda.Stream(non_blocking=True)
        graph, problem, before = None, None, self._workspace
        self._workspace = None
        with stream:
            if any(isinstance(step, Product) for step in steps):
                self._products()  # told its stream, and made if need be, before that is recorded
            stream.begin_capture()
            try:
                for step in steps:
                    self.run(step)
            except Exception as error:  # the stream must stop recording, whatever it is
                problem = error
            try:
                graph = stream.end_capture()
            except Exception as error:
                problem = problem or error
        own, self._workspace, self._products_on = self._workspace, before, None
        if graph is None or problem is not None:
            raise CaptureError(f"the launches cannot be recorded ({problem})") from problem
        return Replay(graph, own)

    # -- failures ----------------------------------------------------------------------------------

    def failing(self) -> Failing:
        """A number on the device, and one in pinned memory that the device writes to by itself."""
        cupy = self._cupy
        seen = cupy.zeros(1, "int32")
        block = cupy.cuda.alloc_pinned_memory(ctypes.sizeof(ctypes.c_int32))
        told = np.frombuffer(block, np.int32, 1)
        told[0] = 0

        def clear() -> None:
            cupy.cuda.get_current_stream().synchronize()
            seen.fill(0)
            told[0] = 0

        return Failing(int(seen.data.ptr), int(block.ptr), lambda: int(told[0]), clear)

    def watch(self, look: Callable[[], None]) -> None:
        """Before the next value is read, wait, and look."""
        self._backend.checks.later(look)

    def synchronize(self) -> None:
        """Wait until all that was launched is done."""
        self._cupy.cuda.get_current_stream().synchronize()
