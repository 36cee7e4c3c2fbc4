"""How texts are laid out: columns, sections, docstrings, and constants as expressions."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as ad
from autodiff.flat.text._layout import WIDTH, _columns, constant

from ..regenerate import PROGRAMS, text


@given(
    hnp.arrays(
        st.sampled_from(["float16", "float32", "float64", "int64", "bool"]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=3),
        elements=st.sampled_from([0, 1]),
    )
    | st.sampled_from([np.eye(3), np.arange(7), np.eye(9, dtype="f4").reshape(9, 3, 3)])
    | st.sampled_from([np.zeros((0, 2)), np.full((40, 40), 0.1, "f4"), np.array(-0.0)])
)
def test_constants_are_what_their_expressions_give(data: Any) -> None:
    name, expression = constant(data)
    assert name.isidentifier()
    if expression is None:
        assert data.size > 16
        return
    found = eval(expression, {"np": np})
    assert (found.shape, found.dtype) == (data.shape, data.dtype)
    assert found.tobytes() == np.ascontiguousarray(data).tobytes()


@pytest.mark.parametrize("start", [0, 5, 7])
@pytest.mark.parametrize("inner", [(12,), (3, 4), (12, 1)])
@pytest.mark.parametrize("batch", [None, 2, 3])
def test_rows_of_unit_matrices_are_short(
    start: int, inner: tuple[int, ...], batch: int | None
) -> None:
    data = np.eye(5, 12, start, np.float32)
    data = data.reshape(5, *inner) if batch is None else data.reshape(5, 1, *inner)
    data = np.repeat(data, batch or 1, axis=1) if batch else data
    expression = constant(data)[1]
    assert expression is not None
    assert len(expression) < 80
    np.testing.assert_array_equal(eval(expression, {"np": np}), data)
    data[3, 0] += 1
    assert constant(data)[1] is None


@pytest.mark.parametrize("data", [np.linspace(0, 1, 17), np.array([np.nan]), np.array(np.inf)])
def test_other_constants_are_given(data: Any) -> None:
    assert constant(data)[1] is None


def test_columns() -> None:
    rows = [("a = 1", "()", "add"), ("long_name = 2", "(2, 3)", ""), ("return (a)", "", "")]
    assert list(_columns(rows)) == [
        "a = 1          # ()      add",
        "long_name = 2  # (2, 3)",
        "return (a)",
    ]


def test_a_gate_that_does_not_fit_stands_above() -> None:
    told = "op: dx = " + " + ".join(["g * x"] * 10)
    first, second = _columns([("np.add(x, y, out=z)", "(2, 3)", told)])
    assert first == f"# {told}"
    assert second == "np.add(x, y, out=z)  # (2, 3)"


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_are_short_and_comments_aligned(name: str) -> None:
    lines = text(name).split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip()]
    body = "\n".join(lines)
    for block in re.split(r"\n *\n|\n *# .*\n", body[body.index('    """\n\n') :]):
        columns = {line.index("  # ") for line in block.split("\n") if "  # (" in line}
        assert len(columns) <= 1, block


def test_what_a_text_says_of_itself() -> None:
    w = ad.Variable(np.ones(3, np.float32), name="w")
    rng = ad.random.default_rng(0)
    table = np.linspace(0.0, 1.0, 20, dtype=np.float32)

    @ad.function
    def f(x: Any) -> Any:
        w.assign_add(x)
        noise = rng.normal(size=3)
        total = ad.sum(table) + ad.sum(x * table[:3])
        return total * noise

    said = " ".join(f.source(np.ones(3, np.float32)).split())
    for words in (
        "f, written out: what one call of it computes. Arguments: x float32 (3,) Variables: w",
        "w float32 (3,) written Constants:",
        "rng np.random.Generator",
        "Returns: m",
    ):
        assert words in said


def test_sections_are_said_as_they_come() -> None:
    v = ad.Variable(1.0)

    def f(x: Any) -> Any:
        found = []
        for _ in range(2):
            with ad.GradientTape() as tape:
                y = v * x * x
            found.append(tape.gradient(y, v))
        return found, y

    source = ad.function(f).source(np.float32(2))
    headings = re.findall(r"^    # (forward|backward|update)", source, re.MULTILINE)
    assert headings[0] == "forward"
