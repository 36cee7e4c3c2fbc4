"""The section of a benchmark that timed competitors side by side: times, then ratios."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench._harness import DOUBTFUL, USELESS
from bench._page._model import Block, Section, Table, Text
from bench._page._results import UNITS, Result, number, percent, unit_for

TITLES = {
    "steps": "Training steps of perceptrons",
    "lenet": "Training steps of LeNet-5",
    "fit": "Epochs of fit on MNIST",
    "ops": "Single operations, and a small step by hand",
    "jacobian": "Jacobians and Hessians",
    "blas": "BLAS",
}


def section(result: Result) -> Section:
    """Times with half the quartile distance, and ours ÷ other with its interval."""
    data = result.data
    title = TITLES.get(result.benchmark, result.benchmark)
    more = result.name.removeprefix(result.benchmark).strip("-")
    title += f": {more}" if more else ""
    where = (data.get("on") or {}).get("device")
    blocks: list[Block] = [
        Text(machine(data) + (f" On {where}." if where else "")),
        times(data),
        *ratios(data),
    ]
    doubts = [line for line in data["problems"] if "do not trust" not in line]
    if doubts:
        blocks.append(Text("Noted: " + "; ".join(doubts) + "."))
    return Section(title + (f" ({where})" if where else ""), blocks)


def machine(data: dict[str, Any]) -> str:
    """Where and when it was measured, and with which versions."""
    m = data["machine"]
    versions = {
        name: version
        for c in data.get("competitors", ())
        for name, version in c.get("versions", {}).items()
        if name not in ("numpy", "autodiff")
    }
    named = [f"Python {m['python']}", f"NumPy {m['numpy']}"]
    named += [f"{name} {version}" for name, version in sorted(versions.items())]
    threads = m["environment"].get("OPENBLAS_NUM_THREADS")
    limit = f"{threads} thread{'s' if threads != '1' else ''} each; " if threads else ""
    rounds = data.get("settings", {}).get("rounds")
    how = f"{rounds} rounds in turn; " if rounds else ""
    return f"{m['date'][:10]}, {m['cpu']}, {m['cores']} cores; {limit}{how}{', '.join(named)}."


def times(data: dict[str, Any]) -> Table:
    """A row for each competitor that was there, a column for each case."""
    found = {(m["competitor"], m["case"]): m for m in data["measurements"]}
    columns, scales = ["median ± half the quartile distance"], {}
    for case in data["cases"]:
        medians = [m["median"] for (_, c), m in found.items() if c == case["name"] and timed(m)]
        unit = unit_for(min(medians)) if medians else "µs"
        scales[case["name"]] = UNITS[unit]
        columns.append(f"{case['name']}, {unit} per {case['unit']}")
    rows = []
    for c in data["competitors"]:
        cells = [cell(found.get((c["name"], case)), scale) for case, scale in scales.items()]
        if set(cells) != {"–"}:
            rows.append([c["label"], *cells])
    return Table(columns, rows)


def timed(m: dict[str, Any] | None) -> bool:
    return m is not None and m["status"] == "timed"


def cell(m: dict[str, Any] | None, scale: float) -> str:
    if m is None or m["status"] == "missing":
        return "–"
    if m["status"] != "timed":
        return str(m["status"])
    spread = (m["q3"] - m["q1"]) / (2 * m["median"])
    return f"{number(m['median'] / scale)} ±{percent(spread)}{'!' if spread > DOUBTFUL else ''}"


def ratios(data: dict[str, Any]) -> Iterator[Table]:
    """A table for each of ours: its time ÷ the others', with the 95 % interval."""
    found = {(r["ours"], r["other"], r["case"]): r for r in data["ratios"]}
    cases = [case["name"] for case in data["cases"]]
    for ours in data["competitors"]:
        rows = []
        for other in data["competitors"]:
            met = [found.get((ours["name"], other["name"], case)) for case in cases]
            if any(met):
                rows.append([other["label"], *map(interval, met)])
        if rows:
            yield Table([f"{ours['label']} ÷ other, 95 % interval", *cases], rows)


def interval(ratio: dict[str, Any] | None) -> str:
    if ratio is None:
        return "–"
    if ratio["high"] - ratio["low"] > 2 * USELESS * ratio["value"]:
        return "too noisy"
    return f"{ratio['value']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]"
