"""Where others are ahead of us: found by comparing results, explained by `behind.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bench._harness import USELESS
from bench._page._model import Block, Section, Table, Text
from bench._page._results import RESULTS, Result

TEXTS = RESULTS / "behind.toml"
LEVEL = 1.02  # up to here nobody is behind


@dataclass(frozen=True)
class Comparison:
    """Ours ÷ other's, of what should be small; `low` and `high` are its interval's ends."""

    benchmark: str
    case: str
    other: str  # its name; `label` is for people
    label: str
    ours: str  # the label of the fastest of ours that needs NumPy alone
    value: float
    low: float
    high: float
    fused: float | None = None  # the ratio with an optional package, where that is smaller

    @property
    def key(self) -> str:
        """What `behind.toml` knows it by."""
        return f"{self.benchmark}/{self.case}/{self.other}"


@dataclass(frozen=True)
class Reason:
    """Why we are behind in the rows that `rows` matches (`*` is anything), and what next."""

    rows: str
    why: str
    next: str


def comparisons(results: Iterable[Result]) -> Iterator[Comparison]:
    """Of every case and other competitor, the best of ours; from the first file that has both."""
    seen: set[str] = set()
    for result in results:
        rows = list(timed(result)) if result.timed else []
        rows += [Comparison(result.benchmark, **row) for row in result.data.get("comparisons", ())]
        yield from (row for row in rows if row.key not in seen)
        seen |= {row.key for row in rows}


def timed(result: Result) -> Iterator[Comparison]:
    """Of a benchmark that timed competitors side by side."""
    known = {c["name"]: c for c in result.data["competitors"]}
    where = (result.data.get("on") or {}).get("device")
    benchmark = result.benchmark + (f" on {where}" if where else "")
    for case in result.data["cases"]:
        for other, about in known.items():
            if "autodiff" in about.get("versions", {}):
                continue  # another manner of ours, for comparison
            met = [
                r
                for r in result.data["ratios"]
                if (r["case"], r["other"]) == (case["name"], other)
                and r["high"] - r["low"] <= 2 * USELESS * r["value"]
            ]
            plain = [r for r in met if not known[r["ours"]].get("optional", r["ours"] == "fused")]
            if plain:
                best = min(plain, key=lambda r: r["value"])
                first = min(met, key=lambda r: r["value"])["value"]
                yield Comparison(
                    *(benchmark, case["name"], other, about["label"]),
                    *(known[best["ours"]]["label"], best["value"], best["low"], best["high"]),
                    fused=first if first < best["value"] else None,
                )


def behind(results: Iterable[Result]) -> list[Comparison]:
    """Where ours is more than level and the interval lies above 1, the furthest behind first."""
    found = (c for c in comparisons(results) if c.low > 1.0 and c.value > LEVEL)
    return sorted(found, key=lambda c: (-c.value, c.key))


def reasons(file: Path = TEXTS) -> list[Reason]:
    """The texts."""
    return [Reason(**text) for text in tomllib.loads(file.read_text(encoding="utf-8"))["behind"]]


def explained(rows: Sequence[Comparison], texts: Sequence[Reason]) -> Mapping[str, Reason | None]:
    """The first text that fits each row."""
    return {row.key: next((t for t in texts if fnmatchcase(row.key, t.rows)), None) for row in rows}


def section(results: Sequence[Result], texts: Sequence[Reason] | None = None) -> Section:
    """A table of the rows, and below it a paragraph for each reason."""
    rows = behind(results)
    why = explained(rows, reasons() if texts is None else texts)
    if not rows:
        return Section("Where we are behind", [Text("Nowhere, as far as was measured.")])
    used = list(dict.fromkeys(text for text in why.values() if text is not None))
    lines = [
        [
            *(f"{row.benchmark}, {row.case}", row.label, row.ours),
            f"{row.value:.2f}"
            + ("" if row.low == row.high else f" [{row.low:.2f}, {row.high:.2f}]"),
            "–" if row.fused is None else f"{row.fused:.2f}",
            "?" if (text := why[row.key]) is None else f"{used.index(text) + 1}",
        ]
        for row in rows
    ]
    blocks: list[Block] = [
        Text(
            "Every case in which another library, or NumPy by hand, is faster (or smaller), by "
            f"more than {100 * (LEVEL - 1):.0f} %, than the best of ours that needs NumPy alone: "
            "ours ÷ other with its 95 % interval, and the same with Numba where that is less."
        ),
        Table(
            ["case", "other", "ours", "ours ÷ other", "with Numba", "why"],
            lines,
            ("other", "ours"),
        ),
    ]
    for number, text in enumerate(used, 1):
        blocks.append(Text(f"{number}. {text.why} Next: {text.next}"))
    return Section("Where we are behind", blocks)
