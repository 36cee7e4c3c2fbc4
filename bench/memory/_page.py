"""The section of the page that shows memory, and its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench._page._model import Section, Table, Text
from bench._page._timed import machine
from bench.memory import cell_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {
    "bytes": "arrays at the peak, kB",
    "resident_bytes": "process at the peak above the library's import, kB",
}


def section(data: dict[str, Any]) -> Section:
    """A table for each account."""
    cases = [case["name"] for case in data["cases"]]
    cells = {(cell["competitor"], cell["case"]): cell for cell in data["cells"]}
    tables = []
    for kind, title in KINDS.items():
        rows = [
            [c["label"], *(cell_text(cells.get((c["name"], case)), kind) for case in cases)]
            for c in data["competitors"]
        ]
        tables.append(Table([title, *cases], [row for row in rows if set(row[1:]) != {"–"}]))
    words = (
        f"{machine(data)} One warm repetition, in a process of its own. What arrays take is "
        "counted by tracemalloc for NumPy and ours, by PyTorch's profiler, by XLA's plan; what the "
        "process takes is Linux' count of resident memory (1 kB is 1000 bytes)."
    )
    return Section("Memory", [Text(words), *tables])


def figure(data: dict[str, Any]) -> Figure:
    """A panel for each case: bytes of arrays, of each that can tell."""
    from bench._page._plots import OTHERS, OURS, blank, plain_ticks

    cells = {(cell["competitor"], cell["case"]): cell for cell in data["cells"]}
    there = [
        c
        for c in data["competitors"]
        if any("bytes" in cell for (who, _), cell in cells.items() if who == c["name"])
    ][::-1]
    cases = data["cases"]
    columns = 4
    lines = -(-len(cases) // columns)
    drawn = blank(2.0 + 2.0 * columns, lines * (0.8 + 0.22 * len(there)))
    axes: Any = drawn.subplots(lines, columns, sharey=True, squeeze=False)
    for panel in axes.flat[len(cases) :]:
        panel.set_visible(False)
    for panel, case in zip(axes.flat, cases, strict=False):
        for k, c in enumerate(there):
            size = cells.get((c["name"], case["name"]), {}).get("bytes")
            if size:
                panel.plot([size / 1e6], [k], "o", color=OURS if c["ours"] else OTHERS)
        panel.set(xscale="log", title=case["name"], xlabel="MB")
        panel.set_yticks(range(len(there)), [c["label"] for c in there])
        plain_ticks(panel)
    return drawn
