"""How the readable text of a program is laid out: sections, comments in columns, a docstring."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir._library import imports
from ..ir._value import Gate

if TYPE_CHECKING:
    from ._readable import Line, Readable

#: characters in a line
WIDTH = 100
#: comments of a section begin in one column, where its lines are no longer than this
COLUMN = 60

ARGUMENTS, VARIABLES, CONSTANTS, RESULTS = "Arguments", "Variables", "Constants", "Returns"
SECTIONS = {
    "": "the Variables, each a part of a vector",
    "backward": "backward: g is the gradient of a gate's output, dx that of its input x",
}


@dataclass(frozen=True)
class Entry:
    """A line that is executed once: a constant, or memory."""

    text: str
    shape: tuple[int, ...]
    note: str = ""


def layout(program: Readable) -> str:
    """The whole text of a program."""
    lines = [*imports(program.plan.order), ""]
    if program.fixed:
        lines += ["# constants", *_entries(program.fixed), ""]
    if program.memory:
        lines += ["# memory, made once: every call writes into it", *_entries(program.memory), ""]
    lines += ["", *_head(program.name, program.parameters()), *_about(program)]
    lines += [f"    {line}" if line else "" for line in _body(program.lines)]
    return "\n".join(lines) + "\n"


def _head(name: str, parameters: list[str]) -> list[str]:
    return _bracketed(f"def {name}(", ", ".join(parameters), "):", WIDTH)


def _bracketed(start: str, inside: str, end: str, width: int) -> list[str]:
    """What stands in brackets, on lines of its own where it is long."""
    if len(start + inside + end) <= width:
        return [start + inside + end]
    wrapped = textwrap.wrap(inside, width, initial_indent="    ", subsequent_indent="    ")
    return [start, *wrapped, end]


def _about(program: Readable) -> list[str]:
    """The docstring: what the parameters and results are."""
    names = [name for part in program.about.values() for name in part]
    width = max(map(len, names), default=0)
    lines = [f'    """{program.name}, written out: what one call of it computes.', ""]
    for title, entries in program.about.items():
        lines.append(f"    {title}:")
        for name, what in entries.items():
            line = f"        {name.ljust(width)}  {what}"
            lines += textwrap.wrap(line, WIDTH, subsequent_indent=" " * (width + 12))
    return [*lines, '    """', ""]


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    width = max((len(e.text) for e in entries if len(e.text) <= COLUMN), default=0)
    shapes = max(len(str(e.shape)) for e in entries)
    for e in entries:
        yield f"{e.text.ljust(width)}  # {str(e.shape).ljust(shapes)}  {e.note}".rstrip()


def _body(lines: Sequence[Line]) -> Iterator[str]:
    """The lines section by section, each gate named once."""
    for k, (section, block) in enumerate(groupby(lines, lambda line: line.section)):
        if k:
            yield ""
        yield f"# {SECTIONS.get(section, section)}"
        gate, rows = None, []
        for line in block:
            now = line.values[-1].gate if line.values and section else None
            rows.append((line.text, _shape(line), _gate(now) if now is not gate else ""))
            gate = now
        yield from _columns(rows)


def _columns(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Code, shapes and gates in columns; what does not fit beside its line stands above it."""
    lengths = [len(code.split("\n")[0]) for code, shape, _ in rows if shape]
    shapes = max((len(shape) for _, shape, _ in rows), default=0)
    told = max((len(gate) for _, _, gate in rows), default=0)
    width = max(lengths, default=0)
    if width + shapes + told + 10 > WIDTH:
        width = max((n for n in lengths if n <= COLUMN), default=0)
    for code, shape, gate in rows:
        if code.startswith("return ("):
            yield from _bracketed("return (", code[8:-1], ")", WIDTH - 4)
            continue
        comment = f"# {shape.ljust(shapes)}  {gate}".rstrip()
        for k, line in enumerate(code.split("\n")):
            if k:
                comment = f"# {shape}"
            elif gate and max(len(line), width) + len(comment) + 6 > WIDTH:
                yield from textwrap.wrap(
                    gate, WIDTH - 4, initial_indent="# ", subsequent_indent="#   "
                )
                comment = f"# {shape}"
            yield line if line.startswith(" ") else f"{line.ljust(width)}  {comment}"


def _shape(line: Line) -> str:
    value = line.values[-1] if line.values else line.copied
    return "" if value is None else str(value.shape)


def _gate(gate: Gate | None) -> str:
    """The gate that a line belongs to, and its rule where a gradient is pulled."""
    if gate is None:
        return ""
    rule = gate.rule.text() if gate.rule is not None else ""
    return f"{gate.op}: {rule}" if rule else gate.op


def constant(data: Any) -> tuple[str, str | None]:
    """What to call a constant array, and an expression for it; None where it would be long."""
    dtype, n = data.dtype, len(data) if data.ndim else 0
    if data.ndim == 1 and dtype == np.int64 and np.array_equal(data, np.arange(n)):
        return f"range{n}", f"np.arange({n})"
    if not data.size:
        return "empty", f"np.empty({data.shape}, np.{dtype})"
    if not np.isfinite(data).all():
        return "constant", None
    if data.ndim > 1 and data.size == n * n > 1 and (data.reshape(n, n) == np.eye(n)).all():
        rows = "" if data.ndim == 2 else f".reshape{data.shape}"
        return f"eye{n}", f"np.eye({n}, dtype=np.{dtype}){rows}"
    if data.ndim and data.tobytes() == data.flat[:1].tobytes() * data.size:
        return "full", f"np.full({data.shape}, {data.flat[0].item()!r}, np.{dtype})"
    short = data.size <= 16
    if not short and data.ndim > 1 and (units := _units(data)):
        return "units", units
    return "constant", f"np.array({data.tolist()!r}, np.{dtype})" if short else None


def _units(data: Any) -> str | None:
    """An expression for rows of a unit matrix, each for all of a batch, as Jacobians begin with."""
    m, batch = data.shape[:2]
    ones = np.count_nonzero(data)
    if ones == m:
        rows = data.reshape(m, -1)
    elif ones == m * batch and data.ndim > 2 and (data == data[:, :1]).all():
        rows = data[:, 0].reshape(m, -1)
    else:
        return None
    n, start = rows.shape[1], int(rows[0].argmax())
    if not (rows == np.eye(m, n, start)).all():
        return None
    text = f"np.eye({m}, {n}, {start}, np.{data.dtype})"
    if ones == m:
        return text if data.ndim == 2 else f"{text}.reshape{data.shape}"
    return f"{text}.reshape{(m, 1, *data.shape[2:])}.repeat({batch}, 1)"
