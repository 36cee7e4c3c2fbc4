"""What a call of a flat program costs: operations on floats, and bytes that pass to and fro."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .ir._strides import is_view
from .ir._value import REDUCTIONS, UFUNCS, Value
from .text._lines import by_arrays

if TYPE_CHECKING:
    from .text._readable import Line, Readable


@dataclass(frozen=True)
class LineCost:
    """The cost of one line of a program's text."""

    text: str
    #: what it computes
    name: str
    #: "forward", "backward" or "update"
    section: str
    #: the op that it is a part of, or whose gradient it pulls
    gate: str
    flops: int
    bytes: int

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.flops / self.bytes if self.bytes else 0.0


@dataclass(frozen=True, repr=False)
class Cost:
    """The cost of one call of a program; prints as a table.

    `flops` counts each addition, multiplication, comparison or function of a float as one, a matrix
    product (n, k) · (k, m) as 2nkm. `bytes` are those that the lines read and write, each operand
    once: what passes between memory and processor if nothing stays in a cache. `intensity` is
    flops / bytes. `memory` is what all buffers of the program take together, at any time;
    `constants` what it holds besides. A kernel of a fused program is one line: all operations of
    what it computes, the bytes of its arguments and results.
    """

    name: str
    lines: tuple[LineCost, ...]
    memory: int
    constants: int

    @property
    def flops(self) -> int:
        """Operations of all lines."""
        return sum(line.flops for line in self.lines)

    @property
    def bytes(self) -> int:
        """Bytes of all lines."""
        return sum(line.bytes for line in self.lines)

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.flops / self.bytes if self.bytes else 0.0

    @property
    def sections(self) -> dict[str, Cost]:
        """The cost of forward, backward and update, each apart."""
        names = dict.fromkeys(line.section for line in self.lines)
        return {
            name: Cost(name, tuple(x for x in self.lines if x.section == name), 0, 0)
            for name in names
        }

    def __repr__(self) -> str:
        rows = list(_rows(self))
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        lines = [
            "  ".join(
                (
                    row[0].ljust(widths[0]),
                    *(x.rjust(w) for x, w in zip(row[1:], widths[1:], strict=True)),
                )
            ).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        head, *rows = _rows(self)
        cells = "".join(f"<th>{html.escape(x.strip())}</th>" for x in head)
        table = [f"<table><tr>{cells}</tr>"]
        for text, *numbers in rows:
            tag = "td" if text.startswith("  ") else "th"
            code = f"<code>{html.escape(text.strip())}</code>" if tag == "td" else html.escape(text)
            right = "".join(f'<{tag} style="text-align:right">{x}</{tag}>' for x in numbers)
            table.append(f'<tr><{tag} style="text-align:left">{code}</{tag}>{right}</tr>')
        return "".join([*table, "</table>"])


def _rows(cost: Cost) -> Iterator[tuple[str, str, str, str]]:
    """The table, with a sum for each section and one for all."""
    yield "", "flops", "bytes", "flops/byte"
    for name, part in cost.sections.items():
        yield (name, *_numbers(part))
        for line in part.lines:
            yield (f"  {line.text}", *_numbers(line))
    yield (cost.name, *_numbers(cost))
    yield f"{cost.memory:,} bytes of memory, {cost.constants:,} of constants", "", "", ""


def _numbers(cost: Cost | LineCost) -> tuple[str, str, str]:
    return f"{cost.flops:,}", f"{cost.bytes:,}", f"{cost.intensity:.2f}"


def cost_of(text: Readable, memory: int) -> Cost:
    """The cost of a program by its text; `memory` is what its buffers take."""
    lines = tuple(
        LineCost(
            text=line.text.split("\n")[0],
            name=_name(text, line),
            section=line.section,
            gate=line.values[-1].gate.op if line.values else "copy",
            flops=sum(map(flops, line.values)),
            bytes=moved(line.values, () if line.copied is None else (line.copied,)),
        )
        for line in text.lines
        if line.section and (line.values or line.copied is not None)
    )
    held = {x for v in text.plan.order for x in v.operands if x.op == "constant"}
    ones = sum(n * np.dtype(kind).itemsize for n, kind in text.ones)
    return Cost(text.name, lines, memory, sum(x.nbytes for x in held) + ones)


def _name(text: Readable, line: Line) -> str:
    value = line.values[-1] if line.values else line.copied
    assert value is not None
    return text.names.get(text.plan.over.get(value, value), "")


def flops(value: Value) -> int:
    """Operations on floats that a value takes; what only moves elements takes none.

    Every function of one element counts as one: a square root or an exponential, too.
    """
    op, inputs = value.op, value.operands
    if op == "call":
        return int(value.attrs["flops"])
    if op == "fused":  # by one of the kernel's outputs; it makes the others on the way
        members = value.attrs["cluster"].nest.members
        return 0 if value.attrs["output"] else sum(map(flops, members))
    if not any(x.dtype.kind in "fc" for x in inputs):
        return 0
    if op == "matmul":
        return int(2 * value.size * inputs[0].shape[-1])
    if op in UFUNCS or op == "where":
        return int(value.size)
    if op in REDUCTIONS or op in ("argmax", "argmin"):
        return int(inputs[0].size)
    if op == "overlap_add":  # the first are put there, not added
        return sum(x.size for x in inputs[value.attrs["stride"] == 1 :])
    if op == "routed":
        return int(2 * (len(inputs) - 1) * inputs[0].size)
    if op == "scatter" and by_arrays(value.attrs["index"]):
        return int(inputs[0].size)  # elements may be named twice, and are added up
    return 0


def moved(values: Sequence[Value], copied: Sequence[Value] = ()) -> int:
    """Bytes that a line reads and writes, which computes values and copies others.

    Numbers that it computes on the way to the last value stay in registers.
    """
    total: int = sum(2 * x.nbytes for x in copied)
    if not values:
        return total
    inside = set(values)
    *_, last = values
    total += sum(map(touched, {x for v in values for x in v.operands if x not in inside}))
    return total + _besides(last)


def _besides(value: Value) -> int:
    """Bytes that an operation writes, and those that it reads of what it wrote, or once more."""
    op, inputs, nbytes = value.op, value.operands, int(value.nbytes)
    if op == "within":
        return 0
    if op in ("put", "scatter"):  # all is copied or filled first
        return 2 * nbytes
    if op in ("take", "rows"):  # only what is taken is read of the first
        return 2 * nbytes - touched(inputs[0])
    if op == "framed":  # what lies around is filled, along one axis after the other
        sides = zip(value.attrs["index"], value.shape, strict=True)
        around = sum(nbytes // n * (n - len(range(n)[inside])) for inside, n in sides)
        return int(inputs[0].nbytes) + around
    if op == "overlap_add":
        first = inputs[0].nbytes if value.attrs["stride"] == 1 else 0  # put there, not added
        return nbytes + 2 * int(sum(x.nbytes for x in inputs) - first)
    if op == "routed":
        filled = 0 if value.attrs["along"].covering else nbytes
        each = int(inputs[0].nbytes)
        return filled + (5 * each * (len(inputs) - 1) - each if len(inputs) > 1 else each)
    return nbytes


def touched(value: Value) -> int:
    """Bytes of memory that are read where a value is read once: of what is repeated, one copy."""
    size, dtype = value.size, value.dtype
    while is_view(value):
        (value,) = value.inputs
        size = min(size, value.size)
    return int(size * dtype.itemsize)
