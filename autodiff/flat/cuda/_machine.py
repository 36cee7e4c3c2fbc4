"""What a device program asks of a device.

A machine is all that is known of a device here: it allocates, copies, compiles CUDA C, launches
kernels and products of matrices, and records what was launched to do it all again. `_cupy_machine`
does it on a GPU; the tests have one that does it on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ._gemm import Gemm


class CaptureError(RuntimeError):
    """What was to be recorded cannot be: the reason."""


@dataclass(frozen=True)
class Failing:
    """Two numbers that kernels set when something is wrong, by their addresses.

    `seen` lies on the device, `told` where the host reads it without waiting.
    """

    seen: int
    told: int
    #: the host's reading of the second
    code: Callable[[], int]
    #: sets both to 0
    clear: Callable[[], None]


@dataclass(frozen=True)
class Launch:
    """A kernel with its arguments, all of them addresses."""

    kernel: Any
    blocks: int
    threads: int
    addresses: tuple[int, ...]


@dataclass(frozen=True)
class Product:
    """A product of matrices at addresses."""

    gemm: Gemm
    x: int
    y: int
    out: int


@dataclass(frozen=True)
class Call:
    """What no kernel does: the machine's array library does it."""

    op: str
    inputs: tuple[Any, ...]
    attrs: dict[str, Any]
    out: Any


Step = Launch | Product | Call


class Machine(Protocol):
    """A device."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array of the device's kind, in row-major order."""

    def part(self, block: Any, offset: int, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array inside of an array of bytes."""

    def at(
        self, address: int, shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...] | None
    ) -> Any:
        """An array at an address; None: in row-major order."""

    def address(self, array: Any) -> int:
        """Where an array begins."""

    def in_order(self, array: Any) -> bool:
        """Whether the elements lie in row-major order, without gaps."""

    def references(self, array: Any) -> int:
        """How many references there are to an array, or views of it; to be compared only."""

    def upload(self, array: Any, host: np.ndarray) -> None:
        """Write the host's numbers into an array, after what was launched before."""

    def copy(self, array: Any, source: Any) -> None:
        """Write another array of the device into one, after what was launched before."""

    def compiled(self, text: str, kernels: dict[str, int]) -> dict[str, Any]:
        """Kernels by name, from CUDA C with the prelude; how many arguments each takes."""

    def follow(self) -> None:
        """What is launched from here on comes after what was launched before."""

    def run(self, step: Step) -> None:
        """Launch one step, after what was launched before."""

    def capture(self, steps: Sequence[Step]) -> Callable[[], None]:
        """What launches all steps at once; raises CaptureError where that cannot be."""

    def failing(self) -> Failing:
        """A place for failures, set to 0."""

    def watch(self, look: Callable[[], None]) -> None:
        """Call `look` when a value is next read, which raises if something failed."""

    def synchronize(self) -> None:
        """Wait until all that was launched is done."""
