"""How the threads of a kernel share the elements, rows and columns of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..fuse._loops import shrinks
from ..ir._value import Value
from ._clusters import DeviceNest
from ._kernel import MANY_BLOCKS, THREADS, smallest_power, up

#: rows and columns up to which one block makes all sums
SMALL = 16384
#: blocks that share sums, which the last of them then adds up
SHARING = 264
#: bytes of shared memory that rows of a block may have
SHARED = 40960


@dataclass(frozen=True)
class Schedule:
    """Threads of a block, and what each of them does.

    Threads go through elements one grid after the other (`flat`), or stand in `groups` of `lanes`:
    the lanes of a group share a row and go through its columns, or have one of them each
    (`single`). Blocks stand `across` columns and `along` rows.
    """

    flat: bool
    threads: int
    lanes: int = 1
    groups: int = 1
    across: int = 1
    along: int = 1
    single: bool = True

    @property
    def blocks(self) -> int:
        """How many there are."""
        return self.across * self.along


def schedule(nest: DeviceNest, columns: list[Value], totals: list[Value]) -> Schedule:
    """The schedule of a cluster with these sums of columns and totals."""
    by_row = any(shrinks(v) and nest.place[v] == "i" for v in nest.members)
    rows, width = nest.space.rows, nest.space.columns
    if not by_row and not columns:
        return _elements(rows * width, bool(totals))
    if not by_row:
        return _by_column(rows, width)
    return _by_row(rows, width, nest, columns, bool(columns or totals))


def _elements(n: int, totals: bool) -> Schedule:
    whole = n <= SMALL and totals
    threads = min(up(n, 32), 1024 if whole else THREADS)
    blocks = 1 if whole else min(-(-n // threads), SHARING if totals else MANY_BLOCKS)
    return Schedule(True, threads, along=blocks)


def _by_column(rows: int, width: int) -> Schedule:
    lanes = min(32, smallest_power(width))
    across = -(-width // lanes)
    groups = min(1024 // lanes, max(1, -(-rows // 4)))
    along = max(1, min(-(-rows // (groups * 16)), SHARING // across))
    groups = up(lanes * groups, 32) // lanes
    return Schedule(False, lanes * groups, lanes, groups, across, along)


def _by_row(rows: int, width: int, nest: DeviceNest, columns: list[Value], ends: bool) -> Schedule:
    long = width > 2048 or (width >= 512 and rows <= 1024)
    lanes = THREADS if long else min(32, smallest_power(width))
    small = ends and rows * width <= SMALL
    groups = min(rows, 1 if long else (1024 if small else THREADS) // lanes)
    single = width <= lanes
    row = sum(map(size_of, nest.kept)) * width
    if not single:
        row += sum(map(size_of, columns)) * width
    while groups > 1 and groups * row > SHARED:
        groups //= 2
    along = 1 if small else min(-(-rows // groups), SHARING if ends else MANY_BLOCKS)
    groups = up(lanes * groups, 32) // lanes
    return Schedule(False, lanes * groups, lanes, groups, 1, along, single)


def size_of(v: Any) -> int:
    """Bytes of a number in the type that it is computed in."""
    return 4 if v.dtype.char in "bBhHe" else int(v.dtype.itemsize)
