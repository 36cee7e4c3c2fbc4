"""Items made ahead: the same ones, errors in their place, no thread left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data
import nn
from nn._batches import batches
from nn._prefetch import prefetch
from nn.layers import Dense, Input
from nn.models import Sequential


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not set(threading.enumerate()) - before


@given(st.integers(0, 20), st.integers(1, 5))
def test_items_come_in_order_every_time(count: int, ahead: int) -> None:
    items = prefetch(range(count), ahead)
    assert len(items) == count
    assert list(items) == list(items) == list(range(count))


def test_it_is_one_thing() -> None:
    assert data.prefetch is prefetch


def test_as_many_are_made_ahead_as_asked_for() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for k in range(100):
            made.append(k)
            yield k

    taken = iter(prefetch(source(), ahead=3))
    for k in range(5):
        assert next(taken) == k
        deadline = time.monotonic() + 5
        while len(made) < k + 1 + 3 + 1 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(made) == k + 1 + 3 + 1  # one in use, three held, one that waits for room
    taken.close()  # type: ignore[attr-defined]


def test_what_is_in_use_and_what_comes_next_are_made_at_the_same_time() -> None:
    busy = threading.Event()

    def source() -> Iterator[int]:
        yield 0
        busy.set()
        yield 1

    for k in prefetch(source()):
        if k == 0:
            assert busy.wait(5)


@pytest.mark.parametrize("error", [ValueError("row 3"), KeyboardInterrupt(), SystemExit(3)])
def test_errors_come_where_their_item_would(error: BaseException) -> None:
    def source() -> Iterator[int]:
        yield 0
        yield 1
        raise error

    items = iter(prefetch(source(), ahead=5))
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(type(error)) as caught:
        next(items)
    assert caught.value is error
    assert "source" in [entry.name for entry in caught.traceback]


def test_the_source_is_closed_in_its_thread_also_where_the_loop_is_left() -> None:
    closed: list[str] = []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(threading.current_thread().name)

    for k in prefetch(source()):
        if k == 3:
            break
    assert closed == ["batches made ahead"]
    list(prefetch(source()))
    assert len(closed) == 2


def test_an_error_on_closing_is_told() -> None:
    class Source:
        def __init__(self, last: int) -> None:
            self.last = last

        def __iter__(self) -> Iterator[int]:
            return self

        def __next__(self) -> int:
            self.last -= 1
            if self.last < 0:
                raise StopIteration
            return self.last

        def close(self) -> None:
            raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(prefetch(Source(3)))
    told: list[Any] = []
    before, threading.excepthook = threading.excepthook, told.append
    try:
        for _ in prefetch(Source(10**9)):
            break
    finally:
        threading.excepthook = before
    assert [type(one.exc_value) for one in told] == [OSError]


def test_what_was_left_open_does_not_hold_up_the_end_of_the_program() -> None:
    program = "from nn._prefetch import prefetch; it = iter(prefetch(range(9))); print(next(it))"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n", "")


@pytest.mark.parametrize(("ahead", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_the_number_ahead_is_checked(ahead: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        prefetch([], ahead)
    if ahead:
        with pytest.raises(error):
            batches([1], prefetch=ahead)


@given(
    rows=st.integers(1, 20), size=st.integers(1, 8), stop=st.integers(1, 9), ahead=st.integers(1, 3)
)
def test_batches_made_ahead_are_the_same_and_so_is_their_place(
    rows: int, size: int, stop: int, ahead: int
) -> None:
    x = np.arange(rows)
    here, there = batches(x, x, size, seed=1), batches(x, x, size, seed=1, prefetch=ahead)
    for _ in range(2):
        for (a, _), (b, _) in zip(here, there, strict=True):
            assert a.tolist() == b.tolist()
            assert str(here.state_dict()) == str(there.state_dict())
    rest, whole, state = batches(x, x, size, prefetch=ahead), [], {}
    for k, (b, _) in enumerate(there):
        whole.append(b.tolist())
        if k < stop:
            state = there.state_dict()
    rest.load_state_dict(state)
    assert [b.tolist() for b, _ in rest] == whole[stop:]
    assert [b.tolist() for b, _ in rest] == [b.tolist() for b, _ in there]


def test_fit_takes_them() -> None:
    x, y = data.synthetic.regression(64, seed=0)

    def trained(**options: Any) -> Any:
        nn.utils.set_random_seed(0)
        model = Sequential([Input((1,)), Dense(1)])
        model.compile("sgd", "mse")
        source = batches(x, y, 8, seed=0, **options)
        model.fit(source, epochs=3, verbose=0)
        model.fit(prefetch(source), epochs=3, verbose=0)
        return [w.tolist() for w in model.get_weights()]

    assert trained() == trained(prefetch=2)
