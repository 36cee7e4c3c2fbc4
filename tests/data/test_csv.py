"""CSV files: what is written is read; everything else is an error that says where."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import from_csv

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(file: Path, text: str, **options: Any) -> Any:
    file.write_bytes(text.encode())
    return from_csv(file, **options)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(FLOATS, FLOATS, st.text(min_size=1)), min_size=1, max_size=9),
    header=st.booleans(),
    delimiter=st.sampled_from(",;\t"),
)
def test_round_trip(file: Path, rows: list[Any], header: bool, delimiter: str) -> None:
    rows = [(a, b, label) for a, b, label in rows if label.strip() and "\0" not in label]
    if not rows:
        return
    with open(file, "w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([("a", 'b "1", of two', "label\n"), *rows] if header else rows)
    x, y = from_csv(file, label=-1, header=header, delimiter=delimiter)
    np.testing.assert_array_equal(x, np.array([row[:2] for row in rows], np.float32))
    assert x.dtype == np.float32
    assert x.flags.writeable
    if y.dtype.kind == "U":
        written = [label.encode(errors="replace").decode().strip() for _, _, label in rows]
        assert y.tolist() == written
    if header:
        again = from_csv(file, 'b "1", of two', ["a"], True, delimiter)
        np.testing.assert_array_equal(again[0], x[:, :1])
        np.testing.assert_array_equal(again[1].astype(np.float32), x[:, 1])


def test_columns_come_as_asked_for(file: Path) -> None:
    text = "id,height,species, width \nA1,1,x,2\n\nB7,3,y,4\n"
    x, y = read(file, text, label="species", columns=["width", 1])
    assert x.tolist() == [[2, 1], [4, 3]]
    assert y.tolist() == ["x", "y"]
    assert read(file, text, columns=["height"]).tolist() == [[1], [3]]


@pytest.mark.parametrize(
    ("labels", "dtype", "values"),
    [
        ("1 -2 3", "int64", [1, -2, 3]),
        ("1 2.5 3", "float32", [1, 2.5, 3]),
        ("1 2 x", "<U1", ["1", "2", "x"]),
        ("1_2 12 3", "<U3", ["1_2", "12", "3"]),
        ("1 nan 3", "<U3", ["1", "nan", "3"]),
        ("1 2 36893488147419103232", "float32", [1, 2, 2.0**65]),
    ],
)
def test_labels_are_what_all_of_them_are(
    file: Path, labels: str, dtype: str, values: list[Any]
) -> None:
    text = "".join(f"{label},0.5\n" for label in labels.split())
    _, y = read(file, text, label=0, header=False)
    assert (y.dtype, y.tolist()) == (dtype, values)


def test_a_header_is_told_from_data(file: Path) -> None:
    assert read(file, "1,2\n3,4\n").tolist() == [[1, 2], [3, 4]]
    assert read(file, "a,b\n3,4\n").tolist() == [[3, 4]]
    assert read(file, "\ufeffa,b\r\n3,4", columns=["a"]).tolist() == [[3]]
    assert read(file, "0,1\n3,4\n", header=True, columns=["1"]).tolist() == [[4]]
    iris = "5.1,3.5,setosa\n7.0,3.2,virginica\n"
    with pytest.raises(ValueError, match=r"line 1: names or data\? '5.1', '3.5', 'setosa'; say"):
        read(file, iris, label=2)
    assert len(read(file, iris, label=2, header=False)[0]) == 2


def test_empty_fields_become_what_is_said(file: Path) -> None:
    text = "a,b\n1,\n ,4\n"
    with pytest.raises(ValueError, match=r"line 2, column 'b': an empty field; missing= says"):
        read(file, text)
    assert read(file, text, missing=-1).tolist() == [[1, -1], [-1, 4]]
    assert np.isnan(read(file, text, missing=np.nan)).sum() == 2


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "holds no row at all"),
        ("\n\n", {}, "holds no row at all"),
        ("a,b\n", {}, "holds no row below its header"),
        ("a,b\n1,2\n1\n", {}, r"table.csv, line 3: 1 fields, expected 2"),
        ("a,b\n1,2\n1,2,3\n", {}, r"line 3: 3 fields, expected 2"),
        ("a,b\n1,2\n1,two\n", {}, r"line 3, column 'b': 'two' is not a finite number"),
        ("1,2\n1,inf\n", {}, r"line 2, column 1: 'inf' is not a finite number"),
        ("1,2\nnan,1\n", {}, r"line 2, column 0: 'nan' is not"),
        ("1,2\n1,nan\n", {}, r"line 2, column 1: 'nan' is not"),
        ("1,2\n1,1e39\n", {}, r"line 2, column 1: '1e39' is not a finite number of float32"),
        ("1,2\n1,1_0\n", {}, r"line 2, column 1: '1_0' is not"),
        ("a,b\n1,\n", {"label": "b"}, r"line 2, column 'b': an empty label"),
        ("a,b\n1,2\n", {"label": "c"}, r"has no column 'c', only 'a', 'b'"),
        ("a,b\n1,2\n", {"columns": ["c"]}, r"has no column 'c'"),
        ("a,b\n1,2\n", {"label": 2}, r"has 2 columns, no column 2"),
        ("1,2\n1,2\n", {"label": "b"}, r"no header: 'b' must be a number"),
        ("a\n1\n", {"label": "a"}, r"no column is left for x"),
        ("a,a\n1,2\n", {}, r"line 1: two columns are named 'a'"),
        ('a,b\n1,"2\n', {}, r"line 2: not CSV in UTF-8: unexpected end of data"),
        ("a,b\n1,\0\n", {}, r"line 2.*: "),
        ("a,b\n1," + "2" * 200_000, {}, r"line 2: not CSV in UTF-8: field larger"),
    ],
)
def test_errors_say_where_and_what(
    file: Path, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(file, text, **options)


def test_other_files_are_refused(file: Path) -> None:
    file.write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not CSV in UTF-8: 'utf-8' codec can't decode"):
        from_csv(file)
    with pytest.raises(TypeError, match="a list of names or numbers, got 'ab'"):
        read(file, "a,b\n1,2\n", columns="ab")
    with pytest.raises(FileNotFoundError):
        from_csv(file.with_name("none.csv"))
