"""A device on the host: kernels compiled by g++, cuBLAS by NumPy, and everything counted.

Blocks run one after the other, the threads of a block as fibers that meet at barriers (`shim.h`).
Memory that nobody has written is rubbish. While steps are recorded nothing may be allocated, copied
to or from the host, or called but kernels and products of matrices.
"""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sys import getrefcount
from typing import Any

import numpy as np

from autodiff.arrays._backend import numpy_namespace
from autodiff.arrays._device import backend
from autodiff.flat.cuda import _machines
from autodiff.flat.cuda._calls import Held, computed
from autodiff.flat.cuda._cublas import Cublas
from autodiff.flat.cuda._machine import Call, CaptureError, Failing, Launch, Product, Step
from autodiff.flat.cuda._prelude import COMMON
from tests.guard.arrays import ndarray
from tests.guard.counters import counters
from tests.guard.cublas import FakeCublas

COMPILER = shutil.which("g++")
OPTIONS = ["-O0", "-std=c++17", "-shared", "-fPIC", "-w", "-ffp-contract=off", "-fwrapv"]
SHIM = Path(__file__).with_name("shim.h")
_folder: list[Any] = []
_libraries: dict[str, Any] = {}


class HostMachine:
    """Does on the host what a device would do."""

    #: of arrays on the device
    array_type = ndarray

    def __init__(self) -> None:
        #: what was done, by name
        self.counts: Counter[str] = Counter()
        #: names of kernels that were launched
        self.launched: list[str] = []
        self.recording = False
        #: what is to be called when a value is read
        self.looks: dict[Callable[[], None], None] = {}
        self._cublas = Cublas(FakeCublas())

    # -- memory ------------------------------------------------------------------------------------

    def empty(self, shape: tuple[int, ...], dtype: Any) -> ndarray:
        self._allowed("an allocation")
        self.counts["allocations"] += 1
        n = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        block = np.full(n + 256, 0xA5, np.uint8)
        start = -block.ctypes.data % 256
        return ndarray(np.ndarray(shape, dtype, block.data, start))

    def part(self, block: ndarray, offset: int, shape: Any, dtype: Any) -> ndarray:
        return ndarray(np.ndarray(shape, dtype, block._host.data, offset))

    def at(self, address: int, shape: Any, dtype: Any, strides: Any) -> ndarray:
        dtype = np.dtype(dtype)
        if not np.prod(shape, dtype=np.int64):
            return ndarray(np.empty(shape, dtype))
        steps = strides or np.empty(shape, dtype).strides
        reach = sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) + dtype.itemsize
        low = sum(min(0, (n - 1) * s) for n, s in zip(shape, steps, strict=True))
        span = reach - low if low else reach
        memory: Any = (ctypes.c_char * max(span, 1)).from_address(address + low)
        return ndarray(np.ndarray(shape, dtype, memory, -low, steps))

    def address(self, array: ndarray) -> int:
        return int(array._host.ctypes.data)

    def in_order(self, array: ndarray) -> bool:
        return bool(array._host.flags.c_contiguous)

    def references(self, array: ndarray) -> int:
        # CuPy's views hold the array itself, NumPy's the memory that all of a block share
        memory = array._host if array._host.base is None else array._host.base
        return getrefcount(array) + getrefcount(memory)

    def upload(self, array: ndarray, host: np.ndarray) -> None:
        self._allowed("a transfer")
        self.counts["transfers"] += 1
        array._host[...] = host

    def copy(self, array: ndarray, source: ndarray) -> None:
        self._allowed("a copy")
        self.counts["copies"] += 1
        array._host[...] = source._host

    # -- what tests do -----------------------------------------------------------------------------

    def array(self, host: Any) -> ndarray:
        """A host's array on the device."""
        found = self.empty(np.shape(host), np.asarray(host).dtype)
        found._host[...] = host
        return found

    def numpy(self, array: ndarray) -> np.ndarray:
        """The numbers of an array; waits for the device."""
        self._allowed("a reading")
        self.counts["synchronisations"] += 1
        return np.array(array._host)

    # -- launches ----------------------------------------------------------------------------------

    def compiled(self, text: str, kernels: dict[str, int]) -> dict[str, Any]:
        self._allowed("a compilation")
        library = compiled(text, kernels)
        return {name: (name, getattr(library, f"run_{name}")) for name in kernels}

    def follow(self) -> None:
        """There is one stream."""

    def run(self, step: Step) -> None:
        if isinstance(step, Call):
            self._allowed(f"a call of {step.op}")
        self.counts["launches"] += 1
        self._do(step)

    def _do(self, step: Step) -> None:
        if isinstance(step, Launch):
            name, function = step.kernel
            self.launched.append(name)
            pointers = (ctypes.c_void_p * len(step.addresses))(*step.addresses)
            failed = function(pointers, step.blocks, step.threads)
            assert not failed, f"{name}: threads wait for each other"
        elif isinstance(step, Product):
            self.launched.append("gemm")
            self._cublas.multiply(step.gemm, step.x, step.y, step.out)
        else:
            self.launched.append(step.op)
            inputs = [x._host if isinstance(x, ndarray) else x for x in step.inputs]
            with np.errstate(all="ignore"):
                found = computed(numpy_namespace, step.op, inputs, step.attrs)
            if isinstance(step.out, Held):
                step.out.value = found
            else:
                step.out._host[...] = found

    def capture(self, steps: Sequence[Step]) -> Callable[[], None]:
        if any(isinstance(step, Call) for step in steps):
            raise CaptureError("a call of the array library")
        recorded = list(steps)

        def replay() -> None:
            self.counts["replays"] += 1
            for step in recorded:
                self._do(step)

        return replay

    def failing(self) -> Failing:
        both = np.zeros(2, np.int32)

        def clear() -> None:
            both[...] = 0

        start = both.ctypes.data
        return Failing(start, start + 4, lambda: int(both[1]), clear)

    def watch(self, look: Callable[[], None]) -> None:
        self.looks[look] = None

    def synchronize(self) -> None:
        self._allowed("a synchronisation")
        self.counts["synchronisations"] += 1

    def _allowed(self, what: str) -> None:
        assert not self.recording, f"{what} while steps are recorded"


def compiled(text: str, kernels: dict[str, int]) -> Any:
    """The library of a program's kernels, compiled once."""
    assert COMPILER is not None
    if text not in _libraries:
        if not _folder:
            _folder.append(tempfile.TemporaryDirectory(prefix="kernels"))
        whole = [f'#include "{SHIM}"', COMMON, text.replace('extern "C" ', "")]
        for name, n in kernels.items():
            given = ", ".join(f"a[{k}]" for k in range(n))
            start = text.index(f" {name}(")
            end = text.index(") {", start)
            kinds = [
                p.strip().rsplit(" ", 1)[0] for p in text[start + len(name) + 2 : end].split(",")
            ]
            given = ", ".join(f"({kind})a[{k}]" for k, kind in enumerate(kinds))
            assert len(kinds) == n, name
            body = text[end : text.find('\nextern "C"', end)]
            waits = any(word in body for word in ("__sync", "over_", "last_block"))
            whole.append(f"static void body_{name}(void** a) {{ {name}({given}); }}")
            whole.append(
                f'extern "C" int run_{name}(void** a, int blocks, int threads) '
                f"{{ return run_kernel(body_{name}, a, blocks, threads, {int(waits)}); }}"
            )
        stem = hashlib.sha256("\n".join(whole).encode()).hexdigest()[:16]
        source = Path(_folder[0].name, f"{stem}.cpp")
        source.write_text("\n".join(whole), encoding="utf-8")
        target = source.with_suffix(".so")
        done = subprocess.run(
            [COMPILER, *OPTIONS, "-o", target, source], capture_output=True, text=True, check=False
        )
        assert not done.returncode, done.stderr + text
        _libraries[text] = ctypes.CDLL(str(target))
    return _libraries[text]


@contextmanager
def machines() -> Iterator[dict[int, HostMachine]]:
    """The device "guard" runs programs of kernels meanwhile; the machines that did, by number."""
    made: dict[int, HostMachine] = {}

    def make(index: int) -> HostMachine:
        made[index] = GuardMachine(index)
        return made[index]

    def forget() -> None:
        for device in [d for d in _machines._machines if d.kind == "guard"]:
            del _machines._machines[device]

    forget()
    _machines.register("guard", make)
    try:
        yield made
    finally:
        del _machines._makers["guard"]
        forget()


class GuardMachine(HostMachine):
    """The machine of a guard's device: what it does is counted there, too."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index

    def empty(self, shape: tuple[int, ...], dtype: Any) -> ndarray:
        counters.note(allocations=1)
        return super().empty(shape, dtype)

    def upload(self, array: ndarray, host: np.ndarray) -> None:
        counters.note(uploads=1)
        super().upload(array, host)

    def run(self, step: Step) -> None:
        counters.note(launches=1)
        super().run(step)

    def watch(self, look: Callable[[], None]) -> None:
        its: Any = backend("guard")
        its.checks.later(look)

    def synchronize(self) -> None:
        counters.note(waits=1)
        super().synchronize()
