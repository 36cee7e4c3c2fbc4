"""The section of the page that shows counts."""

from __future__ import annotations

from typing import Any

from bench._page._model import Section, Table, Text

FLAT = ("lines", "flops", "bytes", "memory", "bytecodes", "calls to compile")


def section(data: dict[str, Any]) -> Section:
    """Flat programs as a table, everything else as another."""
    counts = data["counts"]
    flat = [(name, row) for name, row in counts.items() if "lines" in row]
    rest = [(name, kind, n) for name, row in counts.items() for kind, n in row.items()]
    machine = data["machine"]
    words = (
        "Counted, not timed, and so compared by the tests on any machine: lines, operations on "
        "floats, bytes read and written, bytes of all buffers, bytecodes of a warm call, function "
        f"calls while a program is made. Python {machine['python']}, NumPy {machine['numpy']}."
    )
    return Section(
        "Counts",
        [
            Text(words),
            Table(
                ["flat program", *FLAT],
                [[n.removesuffix("/flat"), *(_cell(r.get(k)) for k in FLAT)] for n, r in flat],
            ),
            Table(
                ["", "what", "count"],
                [[n, kind, _cell(c)] for n, kind, c in rest if "lines" not in counts[n]],
                ("what",),
            ),
        ],
    )


def _cell(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"
