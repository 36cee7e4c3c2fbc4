"""Mini-batches: every row once per epoch, in an order that the seed decides."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn._batches
from data import batches


def test_there_is_one_implementation() -> None:
    assert batches is nn._batches.batches


@given(
    rows=st.integers(1, 40),
    size=st.integers(1, 50),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_an_epoch_is_every_row_once(
    rows: int, size: int, shuffle: bool, drop_last: bool, seed: int
) -> None:
    x, y = np.arange(rows * 6.0).reshape(rows, 3, 2), np.arange(rows, dtype=np.int32)
    if drop_last and rows < size:
        with pytest.raises(ValueError, match=f"{rows} rows, batch_size {size}"):
            batches(x, y, size, shuffle, seed, drop_last)
        return
    steps = batches(x, y, size, shuffle, seed, drop_last)
    for _ in range(3):
        epoch = list(steps)
        assert len(epoch) == len(steps) == (rows // size if drop_last else -(-rows // size))
        assert [len(yb) for _, yb in epoch[:-1]] == [size] * (len(epoch) - 1)
        order = np.concatenate([yb for _, yb in epoch])
        assert len(order) == (rows // size * size if drop_last else rows)
        assert len(set(order.tolist())) == len(order)
        assert shuffle or order.tolist() == list(range(len(order)))
        for xb, yb in epoch:
            assert (xb.dtype, yb.dtype) == (x.dtype, y.dtype)
            np.testing.assert_array_equal(xb, x[yb])


def epochs(steps: batches, count: int = 3) -> list[list[int]]:
    return [[int(i) for (xb,) in steps for i in xb] for _ in range(count)]


def test_the_seed_decides_the_whole_sequence_and_epochs_differ() -> None:
    x = np.arange(50)
    first = epochs(batches(x, seed=1))
    assert first == epochs(batches(x, seed=1))
    assert first == epochs(batches(x, batch_size=7, seed=np.random.default_rng(1)))
    assert first != epochs(batches(x, seed=2))
    assert epochs(batches(x)) != epochs(batches(x))
    assert len({tuple(epoch) for epoch in first}) == 3


def test_the_generator_can_be_saved_and_restored() -> None:
    x = np.arange(50)
    steps = batches(x, seed=1)
    first = epochs(steps)
    state = steps.generator.bit_generator.state
    rest = epochs(steps)
    other = batches(x, seed=7)
    other.generator.bit_generator.state = state
    assert epochs(other) == rest != first


def test_two_loops_at_once_are_two_epochs() -> None:
    one_by_one = epochs(batches(np.arange(20), batch_size=4, seed=0), count=2)
    steps = batches(np.arange(20), batch_size=4, seed=0)
    first, second = iter(steps), iter(steps)
    at_once: list[list[int]] = [[], []]
    for (b,), (a,) in zip(second, first, strict=True):  # the later one is asked first
        at_once[0] += a.tolist()
        at_once[1] += b.tolist()
    assert at_once == one_by_one


def test_shuffles_are_fair() -> None:
    counts = np.zeros((4, 4))
    steps = batches(np.arange(4), batch_size=4, seed=0)
    for _ in range(4000):
        counts[np.arange(4), next(iter(steps))[0]] += 1
    np.testing.assert_allclose(counts / 4000, 0.25, atol=0.03)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    "layout", ["C", "F", "channels", "strided", "reversed", "list", "unaligned"]
)
def test_batches_are_new_contiguous_arrays(layout: str, shuffle: bool) -> None:
    base = np.arange(48.0).reshape(12, 4)
    raw = np.zeros(base.nbytes + 1, np.uint8)[1:]
    raw[:] = base.view(np.uint8).ravel()
    x: Any = {
        "C": base,
        "F": np.asfortranarray(base),
        "channels": base.reshape(12, 2, 2).transpose(0, 2, 1),
        "strided": base[:, ::2],
        "reversed": base[::-1],
        "list": base.tolist(),
        "unaligned": raw.view(np.float64).reshape(12, 4),
    }[layout]
    seen = []
    for (xb,) in batches(x, batch_size=5, shuffle=shuffle, seed=0):
        assert type(xb) is np.ndarray
        assert xb.flags.c_contiguous
        assert xb.flags.writeable
        assert not np.shares_memory(xb, x)
        seen += xb.tolist()
        xb[:] = -1  # the caller's own: the next epoch does not see it
    again = batches(x, batch_size=5, shuffle=shuffle, seed=0)
    assert seen == [row for (xb,) in again for row in xb.tolist()]
    assert sorted(seen) == sorted(np.asarray(x).tolist())


def test_nested_arrays_keep_their_nesting() -> None:
    a, b = np.arange(10), np.arange(10.0)[:, np.newaxis]
    x = {"left": a, "right": (b, {"deep": a})}
    for xb, yb in batches(x, (a, b), batch_size=3, seed=0):
        assert list(xb) == ["left", "right"]
        left, (right, deep) = xb["left"], xb["right"]
        np.testing.assert_array_equal(left, deep["deep"])
        np.testing.assert_array_equal(left, right[:, 0])
        assert isinstance(yb, tuple)
        np.testing.assert_array_equal(yb[0], left)
        np.testing.assert_array_equal(yb[1], right)


def test_a_memory_mapped_array_is_not_read_as_a_whole(tmp_path: Path) -> None:
    path, rows = tmp_path / "large", 1 << 16
    with open(path, "wb") as file:
        file.truncate(rows * 4096)  # 256 MiB , nearly all of it zeros that take no room
    x = np.memmap(path, np.uint8, "r+", shape=(rows, 4096))
    x[::64] = 7
    tracemalloc.start()
    steps = iter(batches(x, np.arange(rows), batch_size=16, seed=0))
    for _ in range(10):
        xb, yb = next(steps)
        assert type(xb) is np.ndarray
        np.testing.assert_array_equal(xb.min(axis=1), np.where(yb % 64, 0, 7))
        np.testing.assert_array_equal(xb.max(axis=1), np.where(yb % 64, 0, 7))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * rows * 8  # some orders of the rows


def test_a_step_costs_little_beside_its_gather() -> None:
    x, y = np.zeros((60_000, 1), np.float32), np.zeros(60_000, np.uint8)
    steps = batches(x, y, batch_size=10, seed=0)

    def epoch() -> float:
        start = time.perf_counter()
        for _ in steps:
            pass
        return time.perf_counter() - start

    assert min(epoch() for _ in range(5)) / len(steps) < 10e-6  # 1 µs where nothing else runs


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": np.zeros((3, 2)), "y": np.zeros(4)}, ValueError, r"x \(3, 2\), y \(4,\)"),
        ({"x": {"a": [1, 2], "b": ([1],)}}, ValueError, r"x\['a'\] \(2,\), x\['b'\]\[0\] \(1,\)"),
        ({"x": np.zeros((0, 2))}, ValueError, r"no rows .* x \(0, 2\)"),
        ({"x": 3.0}, ValueError, r"first axis counts the rows, got x \(\)"),
        ({"x": ()}, ValueError, "no arrays at all"),
        ({"x": [1], "batch_size": 0}, ValueError, "at least 1, got 0"),
        ({"x": [1], "batch_size": -2}, ValueError, "at least 1, got -2"),
        ({"x": [1], "batch_size": 2.0}, TypeError, "float"),
    ],
)
def test_errors_say_what_was_given(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        batches(**arguments)


@given(
    rows=st.integers(1, 20),
    size=st.integers(1, 8),
    shuffle=st.booleans(),
    stop=st.integers(1, 30),
)
def test_a_state_is_gone_on_from(rows: int, size: int, shuffle: bool, stop: int) -> None:
    def endless(steps: batches) -> Iterator[list[int]]:
        while True:
            for (xb,) in steps:
                yield xb.tolist()

    x = np.arange(rows)
    steps, other = batches(x, None, size, shuffle, seed=0), batches(x, None, size, shuffle, seed=1)
    given = endless(steps)
    for _ in range(stop):
        next(given)
    other.load_state_dict(steps.state_dict())
    rest = endless(other)
    for _ in range(3 * len(steps)):
        assert next(rest) == next(given)
        assert str(other.state_dict()) == str(steps.state_dict())


def test_a_loop_that_was_left_is_over() -> None:
    steps = batches(np.arange(6), batch_size=2, seed=0)
    for _ in steps:
        break
    assert steps.state_dict()["began"] is None
    other = batches(np.arange(6), batch_size=2)
    other.load_state_dict(steps.state_dict())
    assert epochs(other) == epochs(steps)
