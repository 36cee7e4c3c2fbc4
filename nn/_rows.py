"""Rows of a file that is larger than memory, or than the address space that a process may have."""

from __future__ import annotations

import os
import threading
import weakref
from os import PathLike
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class FileRows:
    """The array in a `.npy` file, whose rows are read when their turn comes.

    It stands where an array does whose rows are batched: in `fit`, `evaluate`, `predict` and
    `batches`. `np.load(path, mmap_mode="r")` does too, but takes as much address space as the file
    is long, which `ulimit -v` may not grant.

    path: a file that `np.save` wrote, of numbers, in row-major order.

    `x[3:7]` is FileRows too and reads nothing; `x[[3, 0]]` and `np.asarray(x[3:7])` are arrays.

    Raises ValueError for another kind of file, and for one that is truncated; OSError where there
    is none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.arange(12.0).reshape(4, 3))
    ...     x = FileRows(f"{folder}/x.npy")
    ...     x.shape, x.take([2, 0]).tolist(), np.asarray(x[1:2]).tolist()
    ((4, 3), [[6.0, 7.0, 8.0], [0.0, 1.0, 2.0]], [[3.0, 4.0, 5.0]])
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._file = _File(path)
        self._start = 0
        self.shape, self.dtype = self._file.shape, self._file.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"FileRows({self._file.path!r}, shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, key: Any) -> Any:
        """Some rows: of a slice without a step again FileRows, else an array."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                return self.take(np.arange(start, stop, step))
            part = object.__new__(FileRows)
            part._file, part._start, part.dtype = self._file, self._start + start, self.dtype
            part.shape = (max(stop - start, 0), *self.shape[1:])
            return part
        if isinstance(key, tuple):
            raise TypeError(f"{self!r} is indexed along its first axis; given {key!r:.80}")
        return self.take(key)

    def take(
        self, rows: Any, axis: int = 0, out: NDArray[Any] | None = None, mode: str = "raise"
    ) -> NDArray[Any]:
        """The array of these rows, as `np.take` gives it along the first axis.

        out: a C-contiguous array to read into.
        """
        rows = np.asarray(rows)
        if axis != 0 or (rows.size and rows.dtype.kind not in "iu"):
            raise TypeError(f"rows lie along axis 0, by numbers; given axis {axis}, {rows.dtype}")
        rows = rows.astype(np.intp, copy=False)
        if ((rows < -len(self)) | (rows >= len(self))).any():
            raise IndexError(f"there are {len(self)} rows; given {rows.min()} to {rows.max()}")
        if out is None:
            out = np.empty((*rows.shape, *self.shape[1:]), self.dtype)
        places = np.where(rows < 0, rows + len(self), rows).reshape(-1) + self._start
        self._file.read(places, out)
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All rows, read."""
        if copy is False:
            raise ValueError("rows of a file are read: there is no array of them yet")
        return self.take(np.arange(len(self))).astype(dtype or self.dtype, copy=False)


class _File:
    """An open `.npy` file of rows."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = os.fspath(path)
        with open(path, "rb") as file:
            self.shape, self.dtype = _header(file, self.path)
            self._offset = file.tell()
            size = os.fstat(file.fileno()).st_size
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._row = self.dtype.itemsize
        for length in self.shape[1:]:
            self._row *= length
        stated = self._offset + self.shape[0] * self._row
        if size < stated:
            raise ValueError(f"{path} ends after {size:,} of {stated:,} bytes: it is truncated")
        self._lock = threading.Lock()

    def read(self, rows: NDArray[np.intp], out: NDArray[Any]) -> None:
        """Read these rows into `out`, rows that lie one after the other at once."""
        if not out.size:
            return
        if out.dtype != self.dtype or out.nbytes != len(rows) * self._row:
            raise ValueError(f"out is {out.dtype} of {out.nbytes} bytes; expected {self.dtype}")
        flat: Any = memoryview(out.reshape(len(rows), -1).view(np.uint8))  # type: ignore[arg-type]
        begins = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist()]
        ends = [*begins[1:], len(rows)]
        for first, begin, end in zip(rows[begins].tolist(), begins, ends, strict=True):
            self._fill(flat[begin:end].cast("B"), self._offset + first * self._row)

    def _fill(self, buffer: memoryview, position: int) -> None:
        while len(buffer):
            done = self._read(buffer, position)
            if not done:
                raise ValueError(f"{self.path} was truncated while it was read")
            buffer, position = buffer[done:], position + done

    def _read(self, buffer: memoryview, position: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._descriptor, [buffer], position)
        with self._lock:  # one place in the file for all
            os.lseek(self._descriptor, position, os.SEEK_SET)
            piece = os.read(self._descriptor, min(len(buffer), 1 << 24))
        buffer[: len(piece)] = piece
        return len(piece)


def _header(file: Any, path: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype that a `.npy` file states; ValueError where they are of no use here."""
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no .npy file: {error}") from None
    if dtype.kind not in "biufc" or not shape or (fortran and len(shape) > 1):
        order = "column" if fortran else "row"
        raise ValueError(
            f"{path} holds {dtype} of shape {shape} in {order}-major order; "
            "expected rows of numbers in row-major order"
        )
    return shape, dtype
