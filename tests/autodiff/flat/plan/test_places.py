"""Places in one block of memory: as low as can be, and never two at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autodiff.flat.plan._arena import LINE, _Block, _Taken

lives = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
whole = st.tuples(st.integers(1, 5 * LINE), lives).map(lambda p: [_Block(0, p[0], *p[1])])


@st.composite
def in_parts(draw: st.DrawFn) -> list[_Block]:
    """A slot whose bytes begin to live at several times."""
    ends = sorted(draw(st.sets(st.integers(1, 4 * LINE), min_size=2, max_size=4)))
    end = draw(st.integers(0, 12))
    starts = [draw(st.integers(0, end)) for _ in ends]
    return [
        _Block(low, high, start, end)
        for low, high, start in zip([0, *ends], ends, starts, strict=False)
    ]


def meet(x: _Block, offset: int, y: _Block) -> bool:
    together = x.low + offset < y.high and y.low < x.high + offset
    return together and x.start <= y.end and y.start <= x.end


def up(n: int) -> int:
    return -(-n // LINE) * LINE


@given(st.lists(st.one_of(whole, in_parts()), max_size=12))
def test_every_slot_lies_at_the_lowest_place_that_is_free_while_it_lives(
    slots: list[list[_Block]],
) -> None:
    taken, placed = _Taken(), list[_Block]()
    for pieces in slots:
        offset = taken.lowest(pieces)
        free = (
            o
            for o in range(0, 1_000_000, LINE)
            if not any(meet(piece, o, block) for piece in pieces for block in placed)
        )
        assert offset == next(free)
        for p in pieces:
            block = _Block(p.low + offset, up(p.high + offset), p.start, p.end)
            placed.append(block)
            taken.add(block.low, block.high, block.start, block.end)


def test_there_is_room_for_many() -> None:
    taken = _Taken()
    for k in range(200):
        block = _Block(0, LINE, k, k + 1)
        assert taken.lowest([block]) == LINE * (k % 2)
        taken.add(LINE * (k % 2), LINE * (k % 2 + 1), k, k + 1)
    assert taken.lowest([_Block(0, 1, 0, 300)]) == 2 * LINE
