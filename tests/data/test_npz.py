"""Archives of arrays: what NumPy writes is read, anything else is a ValueError."""

from __future__ import annotations

import io
import pickle
import random
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import from_npz

ARRAYS: dict[str, Any] = {
    "x": np.arange(600, dtype=np.float32).reshape(20, 30),
    "y": np.arange(20) % 3,
    "columns": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "none": np.zeros((0, 3)),
    "one": np.float64(3.5),
    "names": np.array(["a", "bc"]),
    "pairs": np.array([(1, 2.0)], [("k", "i4"), ("v", "f8")]),
    "big": np.arange(5, dtype=">i2"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "set.npz"


def same(read: dict[str, Any]) -> bool:
    return list(read) == list(ARRAYS) and all(
        read[name].dtype == array.dtype and np.array_equal(read[name], array)
        for name, array in ARRAYS.items()
    )


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_round_trip(file: Path, save: Any) -> None:
    save(file, **ARRAYS)
    assert same(from_npz(file))
    y, x = from_npz(file, "y", "x")
    assert np.array_equal(x, ARRAYS["x"])
    assert np.array_equal(y, ARRAYS["y"])
    assert x.flags.writeable
    assert from_npz(file)["columns"].flags.f_contiguous


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mutated_files_are_refused_or_hold_the_same(file: Path, save: Any) -> None:
    stored = io.BytesIO()
    save(stored, **ARRAYS)
    raw, rng = stored.getvalue(), random.Random(0)
    refused = 0
    for _ in range(150):
        changed = bytearray(raw)
        if rng.random() < 0.3:
            changed = changed[: rng.randrange(len(raw))]
        else:
            changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        try:
            read = from_npz(file)
        except ValueError:
            refused += 1
        else:  # times and permissions mean nothing here; a cut directory names fewer
            assert all(np.array_equal(array, ARRAYS[name]) for name, array in read.items())
    assert refused > 100


def test_objects_are_never_unpickled(file: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return pytest.fail, ("was unpickled",)

    np.savez(file, x=np.zeros(3), trap=np.array([Trap()], object), allow_pickle=True)
    with pytest.raises(ValueError, match="'trap': it holds Python objects, which are never"):
        from_npz(file)
    assert from_npz(file, "x")[0].tolist() == [0, 0, 0]
    file.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"set.npz is not an \.npz file"):
        from_npz(file, "x")


def member(shape: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (member("(10**6, 10**6)"), "'x': malformed"),
        (member("(1000000, 1000000)"), r"takes 8,000,000,000,000 bytes, it has 0"),
        (member("(-1,)", bytes(8)), r"takes -8 bytes, it has 8"),
        (member("(-1, -1)", bytes(8)), r"'x': negative dimensions"),
        (member("(2,)", bytes(8)), r"\(2,\) of float64 takes 16 bytes, it has 8"),
        (member("(1,)", bytes(8), b"\x09\0"), r"version \(9, 0\) of the format is not known"),
        (b"some text", "'x': the magic string is not correct"),
        (b"", "'x': EOF"),
    ],
)
def test_what_a_member_announces_is_not_allocated(file: Path, content: bytes, message: str) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            from_npz(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_an_archive_that_announces_more_than_it_holds(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", member("(100000000,)"))
        archive.getinfo("x.npy").file_size = 800_000_000
    with pytest.raises(ValueError, match=r"[\d]+ bytes cannot hold the 800,000,000 announced"):
        from_npz(file, "x")


def test_a_name_that_is_not_there(file: Path) -> None:
    np.savez(file, x=[1], y=[2])
    with pytest.raises(ValueError, match="has no array 'z'; it holds 'x', 'y'"):
        from_npz(file, "x", "z")
    with pytest.raises(FileNotFoundError):
        from_npz(file.with_name("none.npz"))
