"""`python -m bench compare A.json B.json`: what got slower or faster from A to B.

Times are compared as ratios beside a reference that was timed in the same rounds, NumPy by hand
where it was, so that A and B may come from different hours or machines: B's ratio ÷ A's, with a
bootstrap interval. Counts and bytes are compared as they are. Exit status 1 if anything is slower,
or larger, beyond noise.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench._report import table
from bench._stats import RESAMPLES

#: what two runs of the same code differ by, as the layout of memory differs from process to process
MARGIN = 0.05
#: in this order, if both files have one
REFERENCES = ("numpy-flat", "numpy")
#: counts that another version of Python or NumPy changes, and how much of a growth is let pass
TOLERANCES = {"bytecodes": 0.02, "calls": 0.02, "modules": 0.0}


@dataclass(frozen=True)
class Change:
    """B ÷ A of what should be small; `low` and `high` are its interval's ends."""

    name: str
    value: float
    low: float
    high: float
    margin: float

    @property
    def verdict(self) -> str:
        """Slower or faster beyond noise, or nothing."""
        if self.low > 1 + self.margin:
            return "slower"
        return "faster" if self.high < 1 / (1 + self.margin) else ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two files, and what counts as noise."""
    add = parser.add_argument
    add("before", type=Path, metavar="A.json")
    add("after", type=Path, metavar="B.json")
    add("--reference", metavar="NAME", help="the competitor beside which times are compared")
    add("--margin", type=float, default=MARGIN, help=f"of a time (default: {MARGIN})")


def main(args: argparse.Namespace) -> int:
    """Compare and print; 1 if anything got slower."""
    a, b = (_read(path) for path in (args.before, args.after))
    if a["benchmark"] != b["benchmark"]:
        raise SystemExit(f"{args.before} is of {a['benchmark']}, {args.after} of {b['benchmark']}")
    changes = list(compare(a, b, args.reference, args.margin))
    if not changes:
        raise SystemExit("the two files have nothing in common")
    rows = [
        (c.name, [f"{c.value:.3f}", f"[{c.low:.3f}, {c.high:.3f}]", c.verdict]) for c in changes
    ]
    print(table("B ÷ A", ["", "95 %", ""], rows))
    slower = sum(c.verdict == "slower" for c in changes)
    print(
        f"{slower} slower, {sum(c.verdict == 'faster' for c in changes)} faster of {len(changes)}"
    )
    return int(slower > 0)


def compare(
    a: dict[str, Any], b: dict[str, Any], reference: str | None = None, margin: float = MARGIN
) -> Iterator[Change]:
    """All that two results of one benchmark have in common."""
    if "measurements" in a:
        yield from _times(a, b, reference, margin)
    elif "counts" in a:
        yield from _counts(a, b)
    else:
        yield from _numbers(a, b, margin)


def _times(
    a: dict[str, Any], b: dict[str, Any], reference: str | None, margin: float
) -> Iterator[Change]:
    """Of each case, ours beside the reference."""
    before, after = _samples(a), _samples(b)
    both = before.keys() & after.keys()
    ours = [c["name"] for c in b["competitors"] if c["ours"]]
    names = dict.fromkeys(c["name"] for c in b["competitors"] if not c["ours"])
    wanted = [reference] if reference is not None else [*REFERENCES, *names]
    rng = np.random.default_rng(0)
    for case in (case["name"] for case in b["cases"]):
        beside = next((name for name in wanted if (name, case) in both), None)
        if beside is None:
            if any((name, case) in both for name in ours):
                raise SystemExit(f"{case}: the two files have no reference in common: {wanted}")
            continue
        for name in ours:
            if (name, case) in both:
                pairs = [np.divide(s[name, case], s[beside, case]) for s in (before, after)]
                value = float(np.median(pairs[1]) / np.median(pairs[0]))
                medians = [
                    np.median(r[rng.integers(0, len(r), (RESAMPLES, len(r)))], axis=1)
                    for r in pairs
                ]
                low, high = np.quantile(medians[1] / medians[0], (0.025, 0.975))
                what = f"{case}: {name} beside {beside}"
                yield Change(what, value, float(low), float(high), margin)


def _samples(data: dict[str, Any]) -> dict[tuple[str, str], list[float]]:
    return {
        (m["competitor"], m["case"]): m["samples_us"]
        for m in data["measurements"]
        if m["status"] == "timed"
    }


def _counts(a: dict[str, Any], b: dict[str, Any]) -> Iterator[Change]:
    """Of all counts, those of bytecodes and calls only if the same Python and NumPy made them."""
    same = all(_minor(a, name) == _minor(b, name) for name in ("python", "numpy"))
    for name in (name for name in b["counts"] if name in a["counts"]):
        for kind, before in a["counts"][name].items():
            tolerance = next((t for k, t in TOLERANCES.items() if kind.startswith(k)), None)
            after = b["counts"][name].get(kind)
            if after is not None and before and (same or tolerance is None):
                ratio = after / before
                yield Change(f"{name}: {kind}", ratio, ratio, ratio, tolerance or 0.0)


def _minor(data: dict[str, Any], name: str) -> list[str]:
    version: str = data["machine"][name]
    return version.split(".")[:2]


def _numbers(a: dict[str, Any], b: dict[str, Any], margin: float) -> Iterator[Change]:
    """Of results that list what they compare: (name, ours, value)."""
    before = {(n["name"], n["who"]): n["value"] for n in a.get("numbers", ())}
    for n in b.get("numbers", ()):
        old = before.get((n["name"], n["who"]))
        if old:
            ratio = n["value"] / old
            yield Change(f"{n['name']}: {n['who']}", ratio, ratio, ratio, margin)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and "benchmark" in data:
            return data
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None
    raise SystemExit(f"{path}: these are no results of python -m bench")
