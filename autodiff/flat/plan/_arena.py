"""One block of memory for all slots of a plan: lives that do not overlap share bytes.

Offsets are given greedily, the largest slot first, each at the lowest place that is free while the
slot lives. The parts of a vector of gradients begin to live one by one, as they are computed: until
then, other values may lie where they will be.

Source: Y. Pisarchyk, J. Lee, "Efficient memory management for deep neural net inference" (2020),
section 5.2, greedy by size for offset calculation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir._value import Value
from ._buffers import Plan, Slot

#: offsets are multiples of a cache line
LINE = 64


@dataclass(frozen=True)
class _Block:
    """Bytes that are taken between two positions of the program."""

    low: int
    high: int
    start: int
    end: int


class _Taken:
    """Blocks that have their place, in the order of their first bytes: a column for each."""

    def __init__(self) -> None:
        self.columns = np.empty((4, 64), np.int64)
        self.count = 0

    def add(self, low: int, high: int, start: int, end: int) -> None:
        if self.count == self.columns.shape[1]:
            self.columns = np.concatenate([self.columns, np.empty_like(self.columns)], axis=1)
        place = int(self.columns[0, : self.count].searchsorted(low))
        self.columns[:, place + 1 : self.count + 1] = self.columns[:, place : self.count]
        self.columns[:, place] = low, high, start, end
        self.count += 1

    def during(self, piece: _Block) -> tuple[Any, Any]:
        """First bytes, and those behind the last, of what lives while a piece does."""
        low, high, start, end = self.columns[:, : self.count]
        alive = (start <= piece.end) & (piece.start <= end)
        return low[alive], high[alive]

    def lowest(self, pieces: list[_Block]) -> int:
        """The lowest offset at which no piece meets what is taken."""
        if len(pieces) == 1:
            low, high = self.during(pieces[0])
            free = np.concatenate([[0], np.maximum.accumulate(high)])  # below it all may be taken
            gaps = np.flatnonzero(low - free[:-1] >= pieces[0].high)
            return int(free[gaps[0] if len(gaps) else -1])
        alive = [(piece, *self.during(piece)) for piece in pieces]
        offset, moved = 0, True
        while moved:
            moved = False
            for piece, low, high in alive:
                met = (piece.low + offset < high) & (low < piece.high + offset)
                if met.any():
                    offset, moved = _up(int(high[met].max()) - piece.low), True
        return offset


def arrange(plan: Plan) -> int:
    """Give every slot of a plan its offset; the bytes that they take together."""
    parts: dict[Slot, list[Value]] = {}
    for value, (vector, _) in plan.part.items():
        parts.setdefault(plan.slot[vector], []).append(value)
    taken, size = _Taken(), 0
    slots = dict.fromkeys([*plan.slot.values(), *([plan.tile] if plan.tile else [])])
    for slot in sorted(slots, key=lambda s: (-s.nbytes, s.start)):
        pieces = list(_lives(plan, slot, parts.get(slot, [])))
        slot.offset = taken.lowest(pieces)
        for piece in pieces:
            high = _up(piece.high + slot.offset)
            taken.add(piece.low + slot.offset, high, piece.start, piece.end)
            size = max(size, high)
    return size


def _lives(plan: Plan, slot: Slot, parts: list[Value]) -> Iterator[_Block]:
    """When which bytes of a slot are in use."""
    begun = 0
    for value in sorted(parts, key=lambda v: plan.part[v][1]):
        low = plan.part[value][1] * value.dtype.itemsize
        if low > begun:
            yield _Block(begun, low, slot.start, slot.end)
        begun = low + value.nbytes
        yield _Block(low, begun, plan.position[value], slot.end)
    if begun < slot.nbytes:
        yield _Block(begun, slot.nbytes, slot.start, slot.end)


def _up(n: int) -> int:
    return -(-n // LINE) * LINE
