"""IDX files: what is written is read, and everything else is an IdxError."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data._idx import IdxError, parse

SHAPE = (3, 4, 5)
HEADER = struct.pack(">HBBIII", 0, 8, 3, *SHAPE)
DATA = bytes(range(60))
PLAIN = HEADER + DATA
PACKED = gzip.compress(PLAIN, mtime=0)


def read(raw: bytes, shape: tuple[int, ...] = SHAPE, md5: str | None = None) -> np.ndarray:
    return parse(io.BytesIO(raw), shape, md5)


@given(shape=st.lists(st.integers(0, 6), min_size=1, max_size=5).map(tuple), data=st.data())
def test_round_trip(shape: tuple[int, ...], data: st.DataObject) -> None:
    size = int(np.prod(shape))
    content = data.draw(st.binary(min_size=size, max_size=size))
    raw = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + content
    for stored in (raw, gzip.compress(raw)):
        array = read(stored, shape, hashlib.md5(raw).hexdigest())
        assert array.dtype == np.uint8
        assert array.shape == shape
        assert array.tobytes() == content
        assert array.flags.writeable
        assert array.flags.c_contiguous


@given(
    packed=st.booleans(),
    start=st.integers(0, 120),
    removed=st.integers(0, 120),
    inserted=st.binary(max_size=20),
)
def test_a_mutated_file_is_an_error_or_the_array_it_holds(
    packed: bool, start: int, removed: int, inserted: bytes
) -> None:
    raw = PACKED if packed else PLAIN
    mutated = raw[:start] + inserted + raw[start + removed :]
    try:
        array = read(mutated)
    except IdxError:
        assert mutated != raw
    else:
        # gzip has a checksum of its own; of a plain file only the header can be wrong
        assert array.tobytes() == (DATA if packed else mutated[len(HEADER) :])
        assert array.shape == SHAPE


@pytest.mark.parametrize("raw", [PLAIN, PACKED], ids=["plain", "gzip"])
def test_every_changed_byte_and_every_cut_is_found(raw: bytes) -> None:
    md5 = hashlib.md5(PLAIN).hexdigest()
    for position in range(len(raw)):
        with pytest.raises(IdxError):
            read(raw[:position], md5=md5)
        changed = raw[:position] + bytes([raw[position] ^ 0x10]) + raw[position + 1 :]
        try:
            array = read(changed, md5=md5)
        except IdxError:
            continue
        assert raw is PACKED  # which has a time, an operating system and bits of padding
        assert array.tobytes() == DATA


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", r"starts with b'', expected b'\\x00\\x00\\x08\\x03' \(IDX, uint8, axes: 3\)"),
        (b"<html>", r"starts with b'<htm', expected"),
        (b"\0\0\x0d\3" + PLAIN[4:], r"starts with b'\\x00\\x00\\r\\x03'"),
        (PLAIN[:9], "ends within the header, after 9 of 16 bytes"),
        (PLAIN[:4] + struct.pack(">3I", 3, 5, 4) + DATA, r"\(3, 5, 4\), expected \(3, 4, 5\)"),
        (PLAIN[:-1], "ends after 59 bytes of data, expected 60"),
        (PLAIN + b"\0", "goes on after the 60 bytes"),
        (gzip.compress(PLAIN + b"\0", mtime=0), "goes on after the 60 bytes"),
        (gzip.compress(PLAIN[:-1], mtime=0), "ends after 59 bytes"),
        (PACKED[:-1], "breaks off"),
        (PACKED + b"\0", "goes on after the end of the gzip stream"),
        (PACKED[:-8] + bytes(8), "corrupt"),
    ],
)
def test_the_message_says_found_and_expected(raw: bytes, message: str) -> None:
    with pytest.raises(IdxError, match=message):
        read(raw)


def test_checksum_is_of_the_uncompressed_file() -> None:
    assert read(PACKED, md5=hashlib.md5(PLAIN).hexdigest()).shape == SHAPE
    with pytest.raises(IdxError, match=f"{hashlib.md5(PLAIN).hexdigest()}, expected {'0' * 32}"):
        read(PACKED, md5="0" * 32)


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack(">HBBIII", 0, 8, 3, *[2**32 - 1] * 3) + DATA,
        struct.pack(">HBBIII", 0, 8, 3, 10**5, 28, 28) + DATA,
        gzip.compress(PLAIN + bytes(1 << 26)),
        b"\0\0\x08\xff" + b"\xff" * 4096,
    ],
    ids=["absurd", "large", "bomb", "many axes"],
)
def test_what_a_file_announces_or_inflates_to_is_not_allocated(raw: bytes) -> None:
    file = io.BytesIO(raw)
    tracemalloc.start()
    try:
        with pytest.raises(IdxError):
            parse(file, SHAPE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000
