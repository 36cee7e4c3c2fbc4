"""FileRows: what indexing gives of the array is read from its file, and nothing more."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data import FileRows, batches
from nn import layers, models, utils

KINDS = st.sampled_from(["bool", "uint8", "float16", ">f4", "float64", "complex64"])
ARRAYS = KINDS.flatmap(
    lambda kind: arrays.arrays(kind, arrays.array_shapes(max_dims=3, min_side=0, max_side=9))
)
INDICES = st.lists(st.integers(-9, 8), max_size=12) | st.integers(-9, 8)


def stored(x: Any, folder: Path) -> FileRows:
    np.save(folder / "x.npy", x)
    return FileRows(folder / "x.npy")


def equal(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    expected = expected.astype(found.dtype)  # NumPy's scalars are little-endian
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@pytest.fixture(params=["preadv", "lseek"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without what some systems lack."""
    if request.param == "lseek":
        monkeypatch.delattr(os, "preadv", raising=False)


@given(x=ARRAYS, rows=INDICES, a=st.integers(-10, 10), b=st.none() | st.integers(-10, 10))
def test_rows_are_those_of_the_array(x: Any, rows: Any, a: int, b: Any, folder: Path) -> None:
    found = stored(x, folder)
    assert (len(found), found.shape, found.dtype, found.ndim) == (len(x), x.shape, x.dtype, x.ndim)
    equal(found, x)
    equal(found[a:b], x[a:b])
    equal(found[a:b][1:], x[a:b][1:])
    equal(found[a:b:2], x[a:b:2])
    try:
        expected = x.take(rows, 0)
    except IndexError:
        for read in (found.take, found.__getitem__):
            with pytest.raises(IndexError, match=f"there are {len(x)} rows; given"):
                read(rows)
    else:
        equal(found.take(rows), expected)
        equal(found[rows], expected)


@pytest.mark.usefixtures("by")
def test_rows_are_read_into_memory_that_is_there(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3, 5))
    rows, out = stored(x, tmp_path), np.empty((4, 3, 5))
    assert rows.take([7, 8, 9, 3], 0, out, "clip") is out
    equal(out, x[[7, 8, 9, 3]])
    for wrong in (np.empty((4, 3, 5), np.float32), np.empty((3, 3, 5))):
        with pytest.raises(ValueError, match=r"out is float\d+ of \d+ bytes; expected float64"):
            rows.take([7, 8, 9, 3], 0, wrong)


@pytest.mark.usefixtures("by")
def test_threads_read_at_once(tmp_path: Path) -> None:
    x = np.arange(4000.0).reshape(400, 10)
    rows = stored(x, tmp_path)
    order = np.random.default_rng(0).integers(0, 400, (200, 16))
    with ThreadPoolExecutor(8) as pool:
        for picked, found in zip(order, pool.map(rows.take, order), strict=True):
            equal(found, x[picked])


def test_nothing_is_read_before_its_turn(tmp_path: Path) -> None:
    x = stored(np.zeros((50_000, 100), np.float32), tmp_path)
    tracemalloc.start()
    try:
        part = x[10_000:][:30_000]
        steps = iter(batches({"a": part, "b": part}, batch_size=10))
        for _ in range(20):
            (batch,) = next(steps)
            assert batch["a"].shape == (10, 100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000 < 4 * part.shape[0] * part.shape[1]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("options", [{}, {"validation_split": 0.3}, {"steps_per_epoch": 3}])
def test_training_is_that_on_arrays(shuffle: bool, options: dict[str, Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 6)), rng.integers(0, 3, 40)
    np.save(tmp_path / "y.npy", y)
    found = []
    pairs: list[tuple[Any, Any]] = [(x, y), (stored(x, tmp_path), FileRows(tmp_path / "y.npy"))]
    for inputs, labels in pairs:
        utils.set_random_seed(0)
        model = models.Sequential([layers.Dense(3, "softmax", input_shape=(6,))])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(inputs, labels, 16, epochs=3, verbose=0, shuffle=shuffle, **options)
        predicted = model.predict(inputs, 7, verbose=0).tobytes()
        found.append((history.history, model.evaluate(inputs, labels, verbose=0), predicted))
    assert found[0] == found[1]


# -- files ---------------------------------------------------------------------------------------


def structured(path: Path) -> None:
    np.save(path, np.zeros(3, [("a", "f4")]))


def pickled(path: Path) -> None:
    np.save(path, np.array([{}, []], object), allow_pickle=True)


def by_columns(path: Path) -> None:
    np.save(path, np.asfortranarray(np.zeros((3, 4))))


def a_number(path: Path) -> None:
    np.save(path, np.float64(3))


def cut(path: Path) -> None:
    np.save(path, np.zeros((3, 4)))
    os.truncate(path, os.path.getsize(path) - 1)


def announcing(path: Path) -> None:
    np.save(path, np.zeros((3, 4)))
    path.write_bytes(path.read_bytes().replace(b"(3, 4), }        ", b"(3, 4000000000), }"))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def another(path: Path) -> None:
    path.write_bytes(b"\x80\x04\x95" + bytes(100))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (structured, "in row-major order; expected rows of numbers in row-major order"),
        (pickled, "holds object of shape"),
        (by_columns, r"holds float64 of shape \(3, 4\) in column-major order; expected rows"),
        (a_number, r"holds float64 of shape \(\)"),
        (cut, "ends after 223 of 224 bytes: it is truncated"),
        (announcing, "is truncated|is no .npy file"),
        (empty, "is no .npy file"),
        (another, "is no .npy file"),
    ],
)
def test_other_files_are_refused(
    write: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.npy"
    write(path)
    with pytest.raises(ValueError, match=message) as caught:
        FileRows(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_cut_while_it_is_open_is_an_error(tmp_path: Path) -> None:
    rows = stored(np.zeros((30, 4)), tmp_path)
    os.truncate(tmp_path / "x.npy", 500)
    with pytest.raises(ValueError, match=r"x\.npy was truncated while it was read"):
        rows.take([29])


def test_indices_that_are_none_are_refused(tmp_path: Path) -> None:
    rows = stored(np.zeros((3, 4)), tmp_path)
    with pytest.raises(TypeError, match=r"indexed along its first axis; given \(0, 1\)"):
        rows[0, 1]
    for wrong in ([True, False, True], [0.5]):
        with pytest.raises(TypeError, match="rows lie along axis 0, by numbers"):
            rows[wrong]
    with pytest.raises(ValueError, match="rows of a file are read"):
        np.asarray(rows, copy=False)
