"""Rows held out: every row once, all arrays alike, classes in their shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import FileRows, train_test_split


@given(rows=st.integers(2, 60), size=st.floats(0.01, 0.99), shuffle=st.booleans())
def test_every_row_is_in_one_part(rows: int, size: float, shuffle: bool) -> None:
    x, y = np.arange(rows * 2).reshape(rows, 2), np.arange(rows)
    if not 0 < round(size * rows) < rows:
        with pytest.raises(ValueError, match=f"of {rows} rows leaves nothing on one side"):
            train_test_split(x, y, test_size=size, shuffle=shuffle)
        return
    split = train_test_split(x, y, test_size=size, shuffle=shuffle, seed=0)
    x_train, x_test, y_train, y_test = split
    np.testing.assert_array_equal(x_train, x[y_train])
    np.testing.assert_array_equal(x_test, x[y_test])
    assert len(y_test) == round(size * rows)
    assert sorted([*y_train, *y_test]) == list(range(rows))
    assert shuffle or [*y_train, *y_test] == list(range(rows))


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=2, max_size=60),
    size=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
)
def test_classes_keep_their_shares(labels: list[str], size: float, seed: int) -> None:
    y = np.array(labels)
    counts = {label: round(size * labels.count(label)) for label in set(labels)}
    if not 0 < sum(counts.values()) < len(labels):
        return
    _, y_test = train_test_split(y, test_size=size, stratify=y, seed=seed)
    assert {label: (y_test == label).sum() for label in counts} == counts


def test_the_seed_decides_and_the_order_is_random() -> None:
    def parts(**options: Any) -> list[list[int]]:
        return [part.tolist() for part in train_test_split(np.arange(100), **options)]

    assert parts(seed=3) == parts(seed=np.random.default_rng(3)) != parts(seed=4)
    assert parts() != parts()
    assert [len(part) for part in parts()] == [75, 25]
    assert [len(part) for part in parts(test_size=10)] == [90, 10]
    for part in parts(seed=0, stratify=np.arange(100) % 2):
        assert part != sorted(part)
        assert np.count_nonzero(np.diff(np.array(part) % 2)) > len(part) // 4


def test_classes_are_mixed_from_the_first_row_to_the_last() -> None:
    """Ten rows of ten classes show 6.6 of them on average, at both ends of both parts."""
    y = np.arange(200) % 10
    splits = [train_test_split(y, test_size=0.5, stratify=y, seed=seed) for seed in range(100)]
    for part in range(2):
        for rows in (slice(10), slice(-10, None)):
            found = np.mean([len({*split[part][rows].tolist()}) for split in splits])
            assert found == pytest.approx(6.6, abs=0.4)


def test_the_last_rows_of_a_memory_mapped_array_stay_on_disk(tmp_path: Path) -> None:
    x = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(10, 3))
    train, test = train_test_split(x, test_size=4, shuffle=False)
    assert np.shares_memory(train, x)
    assert np.shares_memory(test, x)
    assert (len(train), len(test)) == (6, 4)


def test_rows_of_a_file_stay_in_it_or_are_drawn(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(20).reshape(10, 2))
    x = FileRows(tmp_path / "x.npy")
    train, test, y_train, y_test = train_test_split(x, np.arange(10), shuffle=False)
    assert isinstance(train, FileRows)
    assert isinstance(test, FileRows)
    assert np.asarray(test)[:, 0].tolist() == [2 * k for k in y_test]
    train, test, y_train, y_test = train_test_split(x, np.arange(10), seed=0)
    assert train[:, 0].tolist() == [2 * k for k in y_train]
    assert test[:, 0].tolist() == [2 * k for k in y_test]


@pytest.mark.parametrize(
    ("arrays", "options", "error", "message"),
    [
        ([[1, 2], [1]], {}, ValueError, r"array 0 \(2,\), array 1 \(1,\)"),
        ([], {}, ValueError, "no arrays at all"),
        ([[1, 2]], {"test_size": 1.0}, ValueError, "between 0 and 1, or count rows, got 1.0"),
        ([[1, 2]], {"test_size": 2}, ValueError, "rows on both sides, got 2 of 2"),
        ([[1, 2]], {"test_size": "half"}, TypeError, "str"),
        ([[1, 2]], {"stratify": [1]}, ValueError, r"labels of shape \(2,\), got \(1,\)"),
        ([[1, 2]], {"stratify": [1, 1], "shuffle": False}, ValueError, "needs shuffle=True"),
    ],
)
def test_errors_say_what_was_given(
    arrays: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train_test_split(*arrays, **options)
