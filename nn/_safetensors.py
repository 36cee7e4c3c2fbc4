"""The safetensors format: names, dtypes, shapes and bytes of arrays, and nothing that runs.

    length of the header (uint64), header (JSON), data

all little-endian; the header gives every array its dtype, shape and place in the data, which they
fill without gaps, and text by name under "__metadata__". After the description at
github.com/huggingface/safetensors, "Format".

What a header says is checked against the size of the file before memory is taken for it. Files
written here carry a SHA-256 of all their bytes, those of the digest itself counted as zeros.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from autodiff._files import replacing

#: the dtypes that the format and NumPy both have, and the format's names of them
NAMES = {
    name: "BOOL" if name == "bool" else name[0].upper() + name.lstrip("abcdefghijklmnopqrstuvwxyz")
    for name in (
        *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
        *("float16", "float32", "float64", "complex64"),
    )
}
DTYPES = {code: name for name, code in NAMES.items()}
#: bytes of a header: tens of thousands of arrays have room; the worst header there is, one full of
#: empty dictionaries, makes 110 MB of Python's objects
MAX_HEADER = 1 << 22
MAX_AXES = 64
PIECE = 1 << 20
NO_DIGEST = "0" * 64


class FormatError(ValueError):
    """The bytes are not what the format says; the message says found and expected."""


class DigestError(FormatError):
    """The bytes are not those that were written."""


@dataclass(frozen=True)
class Entry:
    """An array in a file: its dtype, its shape, and where its bytes begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


def write(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    previous: Path | None = None,
) -> None:
    """A file of these arrays, with a digest of all of it; it is replaced whole or left as it was.

    previous: where what `path` held before is kept.

    Raises TypeError for a dtype that the format has not, ValueError for a header beyond 4 MiB.
    """
    header: dict[str, Any] = {"__metadata__": {**metadata, "sha256": NO_DIGEST}}
    end = 0
    # wide ones first, so that all of them are aligned in a mapped file
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    for name in order:
        array = arrays[name]
        code = NAMES.get(array.dtype.name)
        if code is None:
            raise TypeError(f"{name!r} is {array.dtype}, which safetensors files cannot hold")
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(f"{len(text):,} bytes of names and state; at most {MAX_HEADER:,} fit")
    start = struct.pack("<Q", len(text)) + text
    digest = hashlib.sha256(start)
    with replacing(path, previous) as file:
        file.write(start)
        for name in order:
            data = _bytes_of(arrays[name])
            digest.update(data)
            file.write(data)
        file.seek(start.index(_digest_text(NO_DIGEST)))
        file.write(_digest_text(digest.hexdigest()))


class Reader:
    """The header of a file, checked, and then its arrays by name.

    file: open for reading in binary mode, at its beginning, of the size that it has on disk.

    Raises FormatError for what is no safetensors file, or is truncated, or goes on after its end.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        if len(start) < 8:
            raise FormatError(f"it ends after {len(start)} bytes, within the header's length")
        (length,) = struct.unpack("<Q", start)
        if not 2 <= length <= min(size - 8, MAX_HEADER):
            raise FormatError(
                f"it announces a header of {length:,} bytes; expected 2 to {MAX_HEADER:,}, "
                f"within the file's {size:,}"
            )
        self._header = file.read(length)
        self._data = 8 + length
        self.metadata, self.entries = _parse(self._header, size - self._data)

    @property
    def digest(self) -> str | None:
        """The SHA-256 that the file says it has, in hexadecimal."""
        return self.metadata.get("sha256")

    def check_digest(self) -> None:
        """DigestError if the file has no digest, or its bytes have another one."""
        stated = self.digest
        if stated is None or not re.fullmatch("[0-9a-f]{64}", stated):
            raise DigestError("it has no digest")
        text = _digest_text(stated)
        if self._header.count(text) != 1:
            raise DigestError("its digest does not stand where it was written")
        digest = hashlib.sha256(struct.pack("<Q", len(self._header)))
        digest.update(self._header.replace(text, _digest_text(NO_DIGEST)))
        self._file.seek(self._data)
        while piece := self._file.read(PIECE):
            digest.update(piece)
        if digest.hexdigest() != stated:
            raise DigestError(f"its SHA-256 is {digest.hexdigest()}, and it says {stated}")

    def read(self, name: str) -> NDArray[Any]:
        """An array of its own: memory is taken here, as much as the array's bytes in the file."""
        entry = self.entries[name]
        array = np.empty(entry.shape, entry.dtype.newbyteorder("<"))
        self._file.seek(self._data + entry.start)
        if self._file.readinto(_bytes_of(array)) != entry.nbytes:  # type: ignore[attr-defined]
            raise FormatError(f"it ends within {name!r}")
        if entry.dtype.kind == "b" and (array.view(np.uint8) > 1).any():
            raise FormatError(f"{name!r} has booleans that are neither 0 nor 1")
        return array.astype(entry.dtype, copy=False)


@contextmanager
def reading(path: str | PathLike[str], what: str) -> Iterator[Reader]:
    """A Reader of a file of `what`, with the path in the messages of its errors."""
    with open(path, "rb") as file:
        try:
            yield Reader(file)
        except DigestError as error:
            raise DigestError(f"{path} was changed after it was written: {error}") from None
        except FormatError as error:
            raise FormatError(
                f"{path} is truncated or no safetensors file of {what}: {error}"
            ) from None


def _parse(header: bytes, data: int) -> tuple[dict[str, str], dict[str, Entry]]:
    """Metadata and arrays of a header over so many bytes of data."""
    try:
        found = json.loads(header.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"its header is no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise FormatError("its header is no JSON object")
    metadata = found.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(type(x) is str for x in metadata.values()):
        raise FormatError("its metadata are not text by name")
    entries: dict[str, Entry] = {}
    end = 0
    for name, stated in sorted(found.items(), key=_begin):
        entries[name], begin = _entry(name, stated, data)
        if begin != end:
            raise FormatError(f"{name!r} begins at byte {begin:,} of the data, expected {end:,}")
        end = begin + entries[name].nbytes
    if end != data:
        raise FormatError(f"its arrays take {end:,} bytes, and {data:,} follow the header")
    return metadata, entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name that comes twice")
    return found


def _begin(item: tuple[str, Any]) -> tuple[Any, ...]:
    """Arrays in the order of their bytes, what is no array first; empty ones before full ones."""
    offsets = item[1].get("data_offsets") if isinstance(item[1], dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and all(map(_is_count, offsets)):
        return tuple(offsets)
    return -1, -1


def _entry(name: str, stated: Any, data: int) -> tuple[Entry, int]:
    """What a header says of an array, and where it begins, once that lies within the data."""
    if not isinstance(stated, dict) or set(stated) != {"dtype", "shape", "data_offsets"}:
        raise FormatError(f"{name!r} is not described by dtype, shape and data_offsets")
    code, shape, offsets = stated["dtype"], stated["shape"], stated["data_offsets"]
    if not isinstance(code, str) or code not in DTYPES:
        raise FormatError(f"{name!r} has dtype {code!r:.40}; expected one of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or len(shape) > MAX_AXES or not all(map(_is_count, shape)):
        raise FormatError(f"{name!r} has shape {shape!r:.80}; expected up to {MAX_AXES} lengths")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise FormatError(f"{name!r} has data_offsets {offsets!r:.80}; expected two positions")
    dtype = np.dtype(DTYPES[code])
    begin, end = offsets
    nbytes = math.prod(shape) * dtype.itemsize
    if math.prod(n or 1 for n in shape) >= 2**62:  # no array, even if one of the lengths is 0
        raise FormatError(f"{name!r} has shape {shape!r:.200}, which no array can have")
    if not begin <= end <= data or nbytes != end - begin:
        raise FormatError(
            f"{name!r} is {dtype}{shape!r:.200} in bytes {begin} to {end} of {data}; "
            f"expected {nbytes} bytes within these"
        )
    return Entry(dtype, tuple(shape), begin), begin


def _is_count(n: Any) -> bool:
    """Whether it is an integer from 0 up that a file could be long enough for."""
    return type(n) is int and 0 <= n < 2**62


def _bytes_of(array: NDArray[Any]) -> memoryview:
    """The bytes of an array, little-endian and in row-major order, without a copy if they are."""
    ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return ordered.reshape(-1).view(np.uint8).data


def _digest_text(digest: str) -> bytes:
    """How a digest stands in a header: quotes within names and text would be escaped."""
    return f'"sha256":"{digest}"'.encode()
