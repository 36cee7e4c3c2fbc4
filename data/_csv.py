"""Tables of numbers from CSV files (RFC 4180), with errors that name line and column."""

from __future__ import annotations

import csv
import math
import operator
from array import array
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Column = str | int
Floats = NDArray[np.float32]
LARGEST = float(np.finfo(np.float32).max)


@overload
def from_csv(
    path: str | PathLike[str],
    label: None = None,
    columns: Sequence[Column] | None = None,
    header: bool | None = None,
    delimiter: str = ",",
    missing: float | None = None,
) -> Floats: ...
@overload
def from_csv(
    path: str | PathLike[str],
    label: Column,
    columns: Sequence[Column] | None = None,
    header: bool | None = None,
    delimiter: str = ",",
    missing: float | None = None,
) -> tuple[Floats, NDArray[Any]]: ...
def from_csv(
    path: str | PathLike[str],
    label: Column | None = None,
    columns: Sequence[Column] | None = None,
    header: bool | None = None,
    delimiter: str = ",",
    missing: float | None = None,
) -> Floats | tuple[Floats, NDArray[Any]]:
    """The numbers of a CSV file as x: float32, (N, columns); with a `label`, (x, y).

    path: UTF-8 text; fields may be quoted, empty lines are passed over.
    label: the column, by name or number (from 0, negative from the end), that y (N,) is made of:
        int64 where all labels are integers, float32 where they are numbers, else strings, which
        `classes, y = np.unique(y, return_inverse=True)` turns into numbers.
    columns: those that x is made of, by name or number, in this order; all but the label if not
        given.
    header: whether the first row holds the names. If not given: it does where none of its fields
        is a number, and does not where all are.
    missing: what an empty field of x becomes; without it an empty field is an error.

    Raises ValueError, with file, line and column, for a field that is not a finite number, a row
    of another length, a file without rows, or text that is not CSV; for a column that is not
    there; and where `header` has to be said. OSError where there is no such file.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "iris.csv")
    ...     _ = path.write_text("length,width,species\\n5.1,3.5,setosa\\n7,3.2,virginica\\n")
    ...     x, y = from_csv(path, label="species")
    >>> x, y.tolist()
    (array([[5.1, 3.5], [7. , 3.2]], dtype=float32), ['setosa', 'virginica'])
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = _Lines(str(path), csv.reader(file, delimiter=delimiter, strict=True))
        first = lines.next()
        if first is None:
            raise ValueError(f"{path} holds no row at all")
        named = _is_header(first, header, lines.place)
        names = _names(first, lines.place) if named else None
        chosen = _Chosen(str(path), names, len(first), columns, label)
        rows = lines.rest(len(first), first=None if named else first)
        numbers, labels = _read(rows, lines, chosen, missing)
    if not labels and not numbers:
        raise ValueError(f"{path} holds no row below its header")
    x = np.frombuffer(numbers, np.float32).reshape(-1, len(chosen.features))
    return x if chosen.label is None else (x, _labels(labels))


class _Lines:
    """The rows of a file that have fields, and where the one read last stands."""

    def __init__(self, path: str, reader: Any) -> None:
        self._path, self._reader = path, reader

    @property
    def place(self) -> str:
        return f"{self._path}, line {self._reader.line_num}"

    def next(self) -> list[str] | None:
        """The next row, None at the end."""
        try:
            return next((row for row in self._reader if row), None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{self.place}: not CSV in UTF-8: {error}") from None

    def rest(self, width: int, first: list[str] | None) -> Iterator[list[str]]:
        """`first`, if there is one, and the rows from here on, each of this width."""
        if first is not None:
            yield first
        while (row := self.next()) is not None:
            if len(row) != width:
                raise ValueError(f"{self.place}: {len(row)} fields, expected {width}")
            yield row


class _Chosen:
    """Which columns are asked for, by number."""

    def __init__(
        self,
        path: str,
        names: list[str] | None,
        width: int,
        columns: Sequence[Column] | None,
        label: Column | None,
    ) -> None:
        self._path, self._names, self._width = path, names, width
        self.label = None if label is None else self._number(label)
        if isinstance(columns, str):
            raise TypeError(f"columns must be a list of names or numbers, got {columns!r}")
        if columns is None:
            self.features = [k for k in range(width) if k != self.label]
        else:
            self.features = [self._number(column) for column in columns]
        if not self.features:
            raise ValueError(f"{path}: no column is left for x")

    def _number(self, column: Column) -> int:
        if isinstance(column, str):
            if self._names is None:
                raise ValueError(f"{self._path} has no header: {column!r} must be a number")
            if column not in self._names:
                known = ", ".join(map(repr, self._names[:20]))
                more = ", ..." if len(self._names) > 20 else ""
                raise ValueError(f"{self._path} has no column {column!r}, only {known}{more}")
            return self._names.index(column)
        number = operator.index(column)
        if not -self._width <= number < self._width:
            raise ValueError(f"{self._path} has {self._width} columns, no column {number}")
        return number % self._width

    def called(self, number: int) -> str:
        return f"column {number if self._names is None else self._names[number]!r}"


def _read(
    rows: Iterator[list[str]], lines: _Lines, chosen: _Chosen, missing: float | None
) -> tuple[array[float], list[str]]:
    """The numbers of x, row by row, and the labels as they stand."""
    numbers, labels = array("f"), list[str]()
    features, label = chosen.features, chosen.label
    for row in rows:
        if label is not None:
            labels.append(row[label].strip())
            if not labels[-1]:
                raise ValueError(f"{lines.place}, {chosen.called(label)}: an empty label")
        fields = [row[k] for k in features]
        values = _all_numbers(fields)
        if values is None:  # which one is it?
            values = [
                _number(field, missing, lines.place, chosen.called(k))
                for k, field in zip(features, fields, strict=True)
            ]
        numbers.extend(values)
    return numbers, labels


def _number(field: str, missing: float | None, place: str, column: str) -> float:
    if missing is not None and not field.strip():
        return missing
    value = _float(field)
    if value is None:
        if not field.strip():
            raise ValueError(f"{place}, {column}: an empty field; missing= says what it becomes")
        raise ValueError(f"{place}, {column}: {field!r} is not a finite number of float32")
    return value


def _float(field: str) -> float | None:
    """The number that a field is; None if it is none, or none that float32 holds."""
    values = _all_numbers([field])
    return None if values is None else values[0]


def _all_numbers(fields: list[str]) -> list[float] | None:
    """The numbers that the fields are, if all of them are."""
    try:
        values = list(map(float, fields))
    except ValueError:
        return None
    small = min(values) >= -LARGEST and max(values) <= LARGEST
    finite = small and not math.isnan(sum(values))
    # Python's own 1_000 is no number in a table
    return values if finite and "_" not in "".join(fields) else None


def _is_header(first: list[str], said: bool | None, place: str) -> bool:
    """Whether the first row holds names."""
    if said is not None:
        return said
    numbers = [_float(field) is not None for field in first]
    if any(numbers) and not all(numbers):
        start = ", ".join(map(repr, first[:6]))
        raise ValueError(
            f"{place}: names or data? {start}{', ...' if len(first) > 6 else ''}; "
            "say header=True or header=False"
        )
    return not any(numbers)


def _names(first: list[str], place: str) -> list[str]:
    names = [name.strip() for name in first]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise ValueError(
            f"{place}: two columns are named {twice!r}; header=False if this row is data"
        )
    return names


def _labels(labels: list[str]) -> NDArray[Any]:
    """Integers, else numbers, else strings."""
    try:
        if not any("_" in label for label in labels):
            return np.array(list(map(int, labels)), np.int64)
    except (ValueError, OverflowError):
        pass
    values = _all_numbers(labels)
    return np.array(labels if values is None else np.array(values, np.float32))
