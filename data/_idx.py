"""The IDX format of MNIST: a header that says type and shape, then the bytes of the array.

    two zero bytes, type code (08 is uint8), number of axes d, d sizes (uint32, big-endian), data

after Y. LeCun's description beside the data set. Files may be gzip-compressed (RFC 1952); what
they are is read from their first bytes, not from their name.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

GZIP_MAGIC = b"\x1f\x8b"
PIECE = 1 << 16  # bytes read or decompressed at a time


class IdxError(ValueError):
    """The bytes are not the IDX array that was expected; the message says found and expected."""


def parse(file: BinaryIO, shape: tuple[int, ...], md5: str | None = None) -> NDArray[np.uint8]:
    """The uint8 array of this `shape` that an IDX file, plain or gzip-compressed, holds.

    file: seekable, open for reading in binary mode; read from its current position to its end.
    md5: of the uncompressed bytes, header included, in hexadecimal; None leaves it unchecked.

    Nothing is allocated before the header is known to announce `shape`, and at most one byte more
    than that is ever decompressed. Raises IdxError for anything else than this one array.

    >>> import io
    >>> parse(io.BytesIO(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])), shape=(3,))
    array([5, 0, 4], dtype=uint8)
    >>> parse(io.BytesIO(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 0])), shape=(3,))
    Traceback (most recent call last):
    data._idx.IdxError: header announces shape (2,), expected (3,)
    """
    read = _reader(file)
    header = _read_header(read, shape)
    flat = np.empty(math.prod(shape), np.uint8)
    digest = hashlib.md5(header, usedforsecurity=False)
    into, filled = flat.data, 0
    while filled < flat.size:
        piece = read(min(PIECE, flat.size - filled))
        if not piece:
            raise IdxError(f"ends after {filled:,} bytes of data, expected {flat.size:,}")
        into[filled : filled + len(piece)] = piece
        digest.update(piece)
        filled += len(piece)
    if read(1):
        raise IdxError(f"goes on after the {flat.size:,} bytes of data that were expected")
    if md5 is not None and digest.hexdigest() != md5:
        raise IdxError(f"MD5 of the uncompressed bytes is {digest.hexdigest()}, expected {md5}")
    return flat.reshape(shape)


def _read_header(read: Callable[[int], bytes], shape: tuple[int, ...]) -> bytes:
    """The header, once it says uint8 and `shape`."""
    expected = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    header = b""
    while len(header) < len(expected) and (piece := read(len(expected) - len(header))):
        header += piece
    magic, sizes = header[:4], header[4:]
    if magic != expected[:4]:
        raise IdxError(
            f"starts with {magic!r}, expected {expected[:4]!r} (IDX, uint8, axes: {len(shape)})"
        )
    if len(header) < len(expected):
        raise IdxError(f"ends within the header, after {len(header)} of {len(expected)} bytes")
    if header != expected:
        found = struct.unpack(f">{len(shape)}I", sizes)
        raise IdxError(f"header announces shape {found}, expected {shape}")
    return header


def _reader(file: BinaryIO) -> Callable[[int], bytes]:
    """read(n): from 1 to n further uncompressed bytes, none at the end; n is at least 1."""
    start = file.tell()
    compressed = file.read(2) == GZIP_MAGIC
    file.seek(start)
    return _gunzip(file) if compressed else file.read


def _gunzip(file: BinaryIO) -> Callable[[int], bytes]:
    """The reader of one gzip member: zlib checks its CRC and length when it comes to its end."""
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def read(size: int) -> bytes:
        piece = b""
        while not piece and not inflate.eof:
            stored = inflate.unconsumed_tail or file.read(PIECE)
            if not stored:
                raise IdxError("the gzip stream breaks off: the file is truncated")
            try:
                piece = inflate.decompress(stored, size)
            except zlib.error as error:
                raise IdxError(f"the gzip stream is corrupt ({error})") from None
        if not piece and (inflate.unused_data or file.read(1)):
            raise IdxError("goes on after the end of the gzip stream")
        return piece

    return read
