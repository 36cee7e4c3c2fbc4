"""A kernel: its text, how many threads run it, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir._value import Value

#: the function that reads and writes a failure is given these two
FAILURE = "int* seen, int* told"


@dataclass(frozen=True, eq=False)
class Scratch:
    """Memory of a kernel's own; `kept` holds zeros at first, and what the kernel leaves there."""

    nbytes: int
    kept: bool = False


@dataclass(frozen=True)
class Table:
    """Integers that a kernel looks up, made once."""

    data: Any

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and other.data is self.data


@dataclass(frozen=True, eq=False)
class Kernel:
    """A function in CUDA C, and its launch.

    `text` has the name `NAME` in place of the function's; `arguments` are Values, whose memory is
    read or written, scratch, and tables. `outputs` are among them.
    """

    text: str
    blocks: int
    threads: int
    arguments: tuple[Value | Scratch | Table, ...]
    #: whether pointers to the failure are given, behind the rest
    fails: bool = False


def smallest_power(n: int) -> int:
    """The smallest power of two that is not less than n."""
    return 1 << max(0, n - 1).bit_length()


def up(n: int, to: int) -> int:
    """n rounded up to a multiple."""
    return -(-n // to) * to


#: integers from here on need 64 bits
WIDE = 2**31
#: parameters that a kernel may have: pointers in the 4 KiB that all devices have for them
MOST_PARAMETERS = 500


def wide(n: int) -> bool:
    """Whether an index that goes up to n has more than 32 bits."""
    return n >= WIDE


def index_type(n: int, step: int = 0) -> str:
    """The type of an index that goes up to n in steps."""
    return "long long" if wide(n + step) else "int"


#: threads of a block, where nothing asks for more
THREADS = 256
#: blocks that fill the largest devices several times over
MANY_BLOCKS = 2112


def head(parameters: list[str], threads: int, fails: bool) -> str:
    """The first line of a kernel."""
    given = [*parameters, FAILURE] if fails else parameters
    return f'extern "C" __global__ void __launch_bounds__({threads}) NAME({", ".join(given)}) {{'
