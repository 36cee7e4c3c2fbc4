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

    def meets(self, low: int, high: int, start: int, end: int) -> bool:
        return low < self.high and self.low < high and start <= self.end and self.start <= end


def arrange(plan: Plan) -> int:
    """Give every slot of a plan its offset; the bytes that they take together."""
    parts: dict[Slot, list[Value]] = {}
    for value, (vector, _) in plan.part.items():
        parts.setdefault(plan.slot[vector], []).append(value)
    taken: list[_Block] = []
    slots = dict.fromkeys([*plan.slot.values(), *([plan.tile] if plan.tile else [])])
    for slot in sorted(slots, key=lambda s: (-s.nbytes, s.start)):
        pieces = list(_lives(plan, slot, parts.get(slot, [])))
        slot.offset = _lowest(pieces, taken)
        taken += [_moved(piece, slot.offset) for piece in pieces]
    return max((block.high for block in taken), default=0)


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


def _lowest(pieces: list[_Block], taken: list[_Block]) -> int:
    """The lowest offset at which no piece meets what is taken."""
    alive = [b for b in taken if any(p.start <= b.end and b.start <= p.end for p in pieces)]
    offset, moved = 0, True
    while moved:
        moved = False
        for piece in pieces:
            for block in alive:
                low, high = piece.low + offset, piece.high + offset
                if block.meets(low, high, piece.start, piece.end):
                    offset = _up(block.high - piece.low)
                    moved = True
    return offset


def _moved(piece: _Block, offset: int) -> _Block:
    return _Block(piece.low + offset, _up(piece.high + offset), piece.start, piece.end)


def _up(n: int) -> int:
    return -(-n // LINE) * LINE
