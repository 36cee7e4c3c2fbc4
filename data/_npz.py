"""Arrays from NumPy's .npz files: sizes are checked before memory is taken; no pickle is read."""

from __future__ import annotations

import math
import zipfile
import zlib
from os import PathLike
from typing import Any, overload

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

#: deflate cannot shrink anything more than this (zlib's technical notes)
MOST_DEFLATED = 1032
PIECE = 1 << 20  # bytes decompressed at a time
#: what a damaged or foreign file makes zipfile, zlib and NumPy raise
FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@overload
def from_npz(path: str | PathLike[str]) -> dict[str, NDArray[Any]]: ...
@overload
def from_npz(path: str | PathLike[str], *names: str) -> tuple[NDArray[Any], ...]: ...
def from_npz(
    path: str | PathLike[str], *names: str
) -> dict[str, NDArray[Any]] | tuple[NDArray[Any], ...]:
    """The arrays of these names in an .npz file, in this order; without names a dictionary of all.

    path: a file of `np.savez` or `np.savez_compressed`.

    Arrays of Python objects are refused: to read them would run code from the file. Raises
    ValueError for these, for a name that is not there, and for a file that is damaged or none of
    NumPy's; OSError where there is no file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/set.npz", x=np.zeros((2, 3)), y=np.array([0, 1]))
    ...     x, y = from_npz(f"{folder}/set.npz", "x", "y")
    ...     names = sorted(from_npz(f"{folder}/set.npz"))
    >>> x.shape, y.tolist(), names
    ((2, 3), [0, 1], ['x', 'y'])

    Source: NEP 1, "A simple file format for NumPy arrays".
    """
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except FAILURES as error:
            raise ValueError(f"{path} is not an .npz file: {error}") from None
        with archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if unknown := [name for name in names if name not in members]:
                held = ", ".join(map(repr, members)) or "nothing"
                raise ValueError(f"{path} has no array {unknown[0]!r}; it holds {held}")
            arrays = {
                name: _read(archive, members[name], f"{path}, array {name!r}")
                for name in (names or members)
            }
    return tuple(arrays[name] for name in names) if names else arrays


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str) -> NDArray[Any]:
    """One array, once its header, the archive's directory and the file's size agree."""
    if info.file_size > MOST_DEFLATED * info.compress_size + MOST_DEFLATED:
        raise ValueError(
            f"{what}: {info.compress_size:,} bytes cannot hold the {info.file_size:,} announced"
        )
    try:
        with archive.open(info) as member:
            version = npy.read_magic(member)
            if version == (1, 0):
                header = npy.read_array_header_1_0(member)
            elif version == (2, 0):
                header = npy.read_array_header_2_0(member)
            else:
                raise ValueError(f"version {version} of the format is not known")
            shape, in_columns, dtype = header
            if dtype.hasobject:
                raise ValueError("it holds Python objects, which are never loaded")
            announced, held = math.prod(shape) * dtype.itemsize, info.file_size - member.tell()
            if announced != held:
                raise ValueError(f"{shape} of {dtype} takes {announced:,} bytes, it has {held:,}")
            content, filled = bytearray(announced), 0
            while filled < announced and (piece := member.read(min(PIECE, announced - filled))):
                content[filled : filled + len(piece)] = piece
                filled += len(piece)
            if filled < announced or member.read(1):  # the last read checks the checksum
                raise ValueError(f"it ends after {filled:,} of {announced:,} bytes")
            return np.ndarray(shape, dtype, content, order="F" if in_columns else "C")
    except (*FAILURES, ValueError) as error:
        raise ValueError(f"{what}: {error}") from None
