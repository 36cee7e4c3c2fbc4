"""One block of memory: what lives at the same time does not meet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autodiff.flat.ir._builder import Builder
from autodiff.flat.plan._arena import LINE, arrange
from autodiff.flat.plan._buffers import Plan, Slot

lives = st.tuples(st.integers(1, 500), st.integers(0, 20), st.integers(0, 8))


def planned(slots: list[tuple[int, int, int]]) -> tuple[Plan, list[Slot]]:
    """A plan of slots: bytes, first and last position."""
    b, plan = Builder(), Plan([])
    made = []
    for k, (nbytes, start, length) in enumerate(slots):
        value = b.make("argument", (), {"place": k}, (nbytes,), "int8")
        made.append(Slot(nbytes, start, start + length))
        plan.slot[value] = made[-1]
    return plan, made


@given(st.lists(lives, max_size=30))
def test_what_lives_together_lies_apart(slots: list[tuple[int, int, int]]) -> None:
    plan, made = planned(slots)
    total = arrange(plan)
    for k, one in enumerate(made):
        assert one.offset % LINE == 0
        assert one.offset + one.nbytes <= total
        for other in made[:k]:
            together = one.start <= other.end and other.start <= one.end
            apart = (
                one.offset + one.nbytes <= other.offset or other.offset + other.nbytes <= one.offset
            )
            assert apart or not together


@given(st.lists(lives, min_size=1, max_size=30))
def test_it_is_no_larger_than_all_and_no_smaller_than_what_lives_at_once(
    slots: list[tuple[int, int, int]],
) -> None:
    plan, made = planned(slots)
    total = arrange(plan)

    def room(slot: Slot) -> int:
        return -(-slot.nbytes // LINE) * LINE

    assert total <= sum(map(room, made))
    for k in range(30):
        assert total >= sum(slot.nbytes for slot in made if slot.start <= k <= slot.end)


def test_lives_that_follow_each_other_share() -> None:
    plan, made = planned([(100, 0, 1), (100, 2, 1), (100, 4, 1)])
    assert arrange(plan) == 2 * LINE
    assert {slot.offset for slot in made} == {0}


def test_nothing_takes_no_room() -> None:
    assert arrange(Plan([])) == 0
