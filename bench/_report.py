"""The report for people: a table of times, a table of ratios, and what to doubt."""

from __future__ import annotations

from collections.abc import Sequence

from bench._harness import DOUBTFUL, USELESS, Report
from bench._stats import Ratio, Summary

Rows = Sequence[tuple[str, Sequence[str]]]


def render(report: Report) -> str:
    """Rows are competitors, columns are cases; ± is half the middle half or the interval."""
    cases = [case.name for case in report.cases]
    units = ", ".join(dict.fromkeys(f"µs per {case.unit}" for case in report.cases))
    blocks = [
        machine_line(report),
        table(f"{units}; median ± half the quartile distance", cases, time_rows(report)),
    ]
    for entrant in report.entrants:
        ours = entrant.competitor
        rows = ratio_rows(report, ours.name) if ours.ours else []
        if rows:
            blocks.append(table(f"{ours.label} ÷ other; ± is a 95 % interval", cases, rows))
    if problems := report.problems():
        blocks.append("\n".join(f"note: {line}" for line in problems))
    return "\n\n".join(blocks)


def machine_line(report: Report) -> str:
    """Where this was measured, in a line or two."""
    machine = report.machine
    versions = [
        f"{e.competitor.label} {version}"
        for e in report.entrants
        if e.competitor.peer
        for name, version in e.info.get("versions", {}).items()
        if name != "numpy"
    ]
    own = f"Python {machine['python']}, NumPy {machine['numpy']}"
    return f"{machine['cpu']}, {machine['cores']} cores, {', '.join([own, *versions])}"


def time_rows(report: Report) -> Rows:
    """A row of times for each competitor; words where there is no time."""
    rows = []
    for entrant in report.entrants:
        cells = []
        for case in report.cases:
            measurement = report.measurements.get((entrant.competitor.name, case.name))
            if measurement is None:
                cells.append("skipped")
            elif measurement.status == "timed":
                cells.append(cell(measurement.summary.median, measurement.summary))
            else:
                cells.append("–" if measurement.status == "missing" else measurement.status)
        rows.append((entrant.competitor.label, cells))
    return rows


def ratio_rows(report: Report, ours: str) -> Rows:
    """A row of ratios for each competitor that ours met anywhere."""
    ratios = {(other, case): ratio for case, who, other, ratio in report.ratios() if who == ours}
    rows = []
    for entrant in report.entrants:
        other = entrant.competitor.name
        met = [ratios.get((other, case.name)) for case in report.cases]
        if any(met):
            cells = ["–" if ratio is None else cell(ratio.value, ratio) for ratio in met]
            rows.append((entrant.competitor.label, cells))
    return rows


def cell(value: float, scatter: Summary | Ratio) -> str:
    """`5.57 ±3%`; marked `!` where the spread is doubtful, a ratio withheld where it is useless."""
    if isinstance(scatter, Ratio) and scatter.spread > USELESS:
        return "too noisy"
    text = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    mark = "!" if scatter.spread > DOUBTFUL else ""
    return f"{text} ±{scatter.spread:.0%}{mark}"


def table(title: str, columns: Sequence[str], rows: Rows) -> str:
    """Plain text: the first column to the left, the others to the right."""
    lines = [(title, list(columns)), *rows]
    first = max(len(label) for label, _ in rows)
    widths = [max(len(cells[i]) for _, cells in lines) for i in range(len(columns))]
    body = [
        label.ljust(first) + "".join(c.rjust(w + 2) for c, w in zip(cells, widths, strict=True))
        for label, cells in [("", list(columns)), *rows]
    ]
    return "\n".join([title, *body])
