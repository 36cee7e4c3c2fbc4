"""The safetensors format: read and written as the format's own library does, all else an error."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nn import _safetensors
from nn._safetensors import DTYPES, MAX_HEADER, FormatError, Reader, reading

#: those that all supported versions of the library have
COMMON = sorted(set(DTYPES.values()) - {"complex64"})
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter("__metadata__".__ne__)
ARRAYS = st.dictionaries(
    NAMES, st.sampled_from(COMMON).flatmap(lambda d: arrays.arrays(d, SHAPES)), max_size=5
)


def read(path: Path) -> dict[str, np.ndarray]:
    with reading(path, "arrays") as reader:
        return {name: reader.read(name) for name in reader.entries}


def assert_same(given: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(given) == set(expected)
    for name, array in expected.items():
        assert (given[name].dtype, given[name].shape) == (array.dtype, array.shape)
        assert given[name].tobytes() == array.tobytes()


@given(some=ARRAYS, metadata=st.dictionaries(st.sampled_from("abc"), st.text(max_size=5)))
def test_the_library_reads_what_is_written_here(
    tmp_path_factory: pytest.TempPathFactory, some: dict[str, Any], metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("files") / "f"
    _safetensors.write(path, some, metadata)
    assert_same(safetensors.numpy.load_file(path), some)
    with safetensors.safe_open(path, "np") as file:
        found = dict(file.metadata())
    assert re.fullmatch("[0-9a-f]{64}", found.pop("sha256"))
    assert found == metadata
    with reading(path, "arrays") as reader:
        reader.check_digest()
        assert reader.metadata == {**metadata, "sha256": reader.digest}
    assert_same(read(path), some)


#: not empty: of that the library's version 0.8 makes what is no JSON
METADATA = st.dictionaries(st.text(max_size=3), st.text(max_size=3), min_size=1)


@given(some=ARRAYS, metadata=st.none() | METADATA)
def test_what_the_library_writes_is_read_here(
    tmp_path_factory: pytest.TempPathFactory, some: dict[str, Any], metadata: Any
) -> None:
    path = tmp_path_factory.mktemp("files") / "f"
    safetensors.numpy.save_file(some, path, metadata)
    assert_same(read(path), some)


def test_arrays_are_written_in_row_major_order_and_little_endian(tmp_path: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    _safetensors.write(tmp_path / "f", {"T": x.T, "big": x.astype(">f4"), "n": np.array(2.0)}, {})
    found = safetensors.numpy.load_file(tmp_path / "f")
    np.testing.assert_array_equal(found["T"], x.T)
    np.testing.assert_array_equal(found["big"], x)
    assert found["n"].shape == ()


def test_numbers_begin_at_multiples_of_their_size(tmp_path: Path) -> None:
    kinds = {"a": "int8", "b": "float64", "c": "float16", "d": "float32"}
    many = {name: np.zeros(3, kind) for name, kind in kinds.items()}
    _safetensors.write(tmp_path / "f", many, {"odd": "?"})
    with reading(tmp_path / "f", "arrays") as reader:
        for entry in reader.entries.values():
            assert (reader._data + entry.start) % entry.dtype.itemsize == 0


def test_what_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'z' is complex128, which safetensors files cannot hold"):
        _safetensors.write(tmp_path / "f", {"z": np.zeros(2, complex)}, {})
    with pytest.raises(ValueError, match=f"at most {MAX_HEADER:,} fit"):
        _safetensors.write(tmp_path / "f", {}, {"state": "x" * MAX_HEADER})
    assert list(tmp_path.iterdir()) == []


# -- the digest ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file written here."""
    path = tmp_path_factory.mktemp("files") / "f"
    many = {"w": np.arange(3, dtype=np.float32), "b": np.array([True, False])}
    _safetensors.write(path, many, {"autodiff": "test"})
    return path.read_bytes()


def check(raw: bytes, path: Path) -> None:
    """FormatError unless the file is as it was written."""
    path.write_bytes(raw)
    with reading(path, "arrays") as reader:
        reader.check_digest()


def test_the_digest_is_of_the_file_with_zeros_in_its_place(content: bytes) -> None:
    (length,) = struct.unpack("<Q", content[:8])
    digest = json.loads(content[8 : 8 + length])["__metadata__"]["sha256"]
    plain = content.replace(digest.encode(), b"0" * 64)
    assert hashlib.sha256(plain).hexdigest() == digest


def test_every_changed_byte_and_every_cut_is_found(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f"
    check(content, path)
    for position in range(len(content)):
        with pytest.raises(FormatError):
            check(content[:position], path)
        byte = bytes([content[position] ^ 1 << position % 8])
        with pytest.raises(FormatError):
            check(content[:position] + byte + content[position + 1 :], path)
    for more in (b"\0", b" ", content):
        with pytest.raises(FormatError):
            check(content + more, path)


# -- headers -------------------------------------------------------------------------------------


def file_of(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}


DATA = bytes(8)
FLAWED = {
    "nothing": (b"", "ends after 0 bytes, within the header's length"),
    "a beginning": (b"\1\2\3", "ends after 3 bytes"),
    "no header": (bytes(8), "announces a header of 0 bytes; expected 2 to"),
    "a header beyond the file": (file_of({}, length=3), r"a header of 3 bytes; .* the file's 10"),
    "an absurd header": (file_of({}, length=2**63), "announces a header of 9,223,372,036,854,775"),
    "a pickle": (b"\x80\x04\x95" + bytes(40), "announces a header of"),
    "no JSON": (file_of(b"{nope}"), "header is no JSON: Expecting property name"),
    "no UTF-8": (file_of(b'{"\xff": 1}'), "header is no JSON: 'utf-8' codec"),
    "UTF-16": (file_of('{"a": 1}'.encode("utf-16")), "header is no JSON"),
    "nesting": (file_of(b"[" * 100_000), "header is no JSON: maximum recursion"),
    "digits": (file_of(b'{"a": ' + b"9" * 10_000 + b"}"), "header is no JSON: Exceeds the limit"),
    "a list": (file_of([]), "header is no JSON object"),
    "a name twice": (file_of(b'{"a": 1, "a": 1}'), "a name that comes twice"),
    "a key twice": (file_of(b'{"a": {"shape": 1, "shape": 1}}'), "a name that comes twice"),
    "metadata": (file_of({"__metadata__": {"a": 1}}), "metadata are not text by name"),
    "metadata of text": (file_of({"__metadata__": "a"}), "metadata are not text by name"),
    "a number": (file_of({"a": 1}), "'a' is not described by dtype, shape and data_offsets"),
    "no shape": (file_of({"a": {"dtype": "F32"}}), "'a' is not described by"),
    "more": (file_of({"a": entry(x=1)}, DATA), "'a' is not described by"),
    "a dtype": (file_of({"a": entry(dtype="object")}, DATA), "has dtype 'object'; expected one of"),
    "bfloat16": (file_of({"a": entry(dtype="BF16", shape=[4])}, DATA), "has dtype 'BF16'"),
    "a dtype of lists": (file_of({"a": entry(dtype=["F32"])}, DATA), "has dtype"),
    "a shape": (file_of({"a": entry(shape=2)}, DATA), "has shape 2; expected up to 64 lengths"),
    "a float": (file_of({"a": entry(shape=[2.0])}, DATA), r"has shape \[2.0\]"),
    "a truth value": (file_of({"a": entry(shape=[2, True])}, DATA), r"has shape \[2, True\]"),
    "negative": (file_of({"a": entry(shape=[-1, -2])}, DATA), r"has shape \[-1, -2\]"),
    "many axes": (file_of({"a": entry(shape=[1] * 65)}, DATA), "expected up to 64 lengths"),
    "a long axis": (file_of({"a": entry(shape=[2**64])}, DATA), "has shape"),
    "no array": (file_of({"a": entry(shape=[0, 2**61, 2**61])}, DATA), "which no array can have"),
    "large": (file_of({"a": entry(shape=[2**40])}, DATA), r"float32\[1099511627776\] in bytes 0"),
    "an offset": (file_of({"a": entry(data_offsets=[0])}, DATA), r"has data_offsets \[0\]"),
    "offsets of text": (file_of({"a": entry(data_offsets="08")}, DATA), "has data_offsets '08'"),
    "turned": (file_of({"a": entry(data_offsets=[8, 0])}, DATA), "in bytes 8 to 0 of 8"),
    "beyond": (file_of({"a": entry(data_offsets=[8, 16])}, DATA), "in bytes 8 to 16 of 8"),
    "too few": (file_of({"a": entry(shape=[3])}, DATA), "expected 12 bytes within these"),
    "a gap": (
        file_of({"a": entry(data_offsets=[4, 12])}, bytes(12)),
        "'a' begins at byte 4 of the data, expected 0",
    ),
    "an overlap": (
        file_of({"a": entry(), "b": entry(data_offsets=[4, 12])}, bytes(12)),
        "'b' begins at byte 4 of the data, expected 8",
    ),
    "the same twice": (file_of({"a": entry(), "b": entry()}, DATA), "'b' begins at byte 0"),
    "a rest": (file_of({"a": entry()}, bytes(9)), "arrays take 8 bytes, and 9 follow the header"),
}


@pytest.mark.parametrize(("raw", "message"), FLAWED.values(), ids=FLAWED)
def test_the_message_says_found_and_expected(raw: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(raw)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=message) as caught, reading(path, "arrays"):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(raw) + 500_000
    assert str(caught.value).startswith(f"{path} is truncated or no safetensors file of arrays: ")


def test_booleans_are_0_or_1(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(file_of({"a": entry(dtype="BOOL", shape=[8])}, b"\1\0\1\0\1\0\1\2"))
    with pytest.raises(FormatError, match="'a' has booleans that are neither 0 nor 1"):
        read(path)


@given(start=st.integers(0, 300), removed=st.integers(0, 50), inserted=st.binary(max_size=20))
def test_the_library_agrees_on_mutated_files(
    tmp_path_factory: pytest.TempPathFactory, start: int, removed: int, inserted: bytes
) -> None:
    whole = safetensors.numpy.save({"a": np.arange(4, dtype=np.float32), "b": np.zeros((2, 0))})
    raw = whole[:start] + inserted + whole[start + removed :]
    path = tmp_path_factory.mktemp("files") / "f"
    path.write_bytes(raw)
    try:
        ours = read(path)
    except FormatError:
        return  # stricter: duplicate names, dtypes that NumPy has not
    assert_same(ours, safetensors.numpy.load(raw))


def test_a_file_like_object_without_a_size_on_disk_is_no_file() -> None:
    with pytest.raises(io.UnsupportedOperation):
        Reader(io.BytesIO(b""))
