"""What was reached in each case, from a file of results: operations and bytes in a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench._harness import USELESS
from bench.blas.machine import Machine
from bench.blas.problems import Problem, problem


@dataclass(frozen=True)
class Rate:
    """One competitor in one case.

    `bytes` are those that it really reads and writes, if it told, as flat programs do; else the
    least that the routine needs.
    """

    competitor: str
    problem: Problem
    seconds: float
    bytes: int

    @property
    def gflops(self) -> float:
        """GFLOP/s, by the routine's own count."""
        return self.problem.flops / self.seconds / 1e9

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return self.bytes / self.seconds / 1e9

    @property
    def intensity(self) -> float:
        """FLOPs per byte."""
        return self.problem.flops / self.bytes


def rates(data: Mapping[str, Any]) -> Iterator[Rate]:
    """Of everything that was timed."""
    for m in data["measurements"]:
        if m["status"] == "timed":
            its = problem(m["case"])
            moved = int(m["about"].get("bytes", its.bytes))
            yield Rate(m["competitor"], its, m["median"] / 1e6, moved)


def table(data: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Columns, and a row for each case: GFLOP/s of all, and what the flat program makes of it."""
    machine = Machine.from_json(data["peaks"])
    found = {(r.competitor, r.problem.name): r for r in rates(data)}
    shown = [
        c
        for c in data["competitors"]
        if any((c["name"], case["name"]) in found for case in data["cases"])
    ]
    ratios = {r["case"]: r for r in data["ratios"] if (r["ours"], r["other"]) == ("flat", "raw")}
    columns = ["GFLOP/s", *(c["label"] for c in shown)]
    columns += ["FLOPs/byte", "GB/s", "of peak", "of bandwidth", "time ÷ raw"]
    rows = []
    for case in data["cases"]:
        met = [found.get((c["name"], case["name"])) for c in shown]
        flat = found.get(("flat", case["name"]))
        cells = ["–" if r is None else _number(r.gflops) for r in met]
        if flat is None:
            rows.append([case["name"], *cells, *["–"] * 5])
            continue
        ratio = ratios.get(case["name"])
        rows.append(
            [
                *(case["name"], *cells, _number(flat.intensity), _number(flat.bandwidth)),
                f"{100 * flat.gflops / machine.peak(flat.problem.dtype):.0f} %",
                f"{100 * flat.bandwidth / machine.bandwidth:.0f} %",
                "–" if ratio is None else _ratio(**ratio),
            ]
        )
    return columns, rows


def _ratio(value: float, low: float, high: float, **_: Any) -> str:
    """A ratio, unless its interval says nothing."""
    return "too noisy" if high - low > 2 * USELESS * value else f"{value:.2f}"


def about(data: Mapping[str, Any]) -> str:
    """The machine's peaks, in a line."""
    machine = Machine.from_json(data["peaks"])
    peaks = ", ".join(f"{dtype} {_number(x)} GFLOP/s" for dtype, x in machine.flops.items())
    cache = "" if machine.cache is None else f", {machine.cache:.0f} GB/s in caches"
    threads = "" if not machine.threads else f", {machine.threads} threads"
    return f"{machine.name}{threads}: {peaks}, {machine.bandwidth:.1f} GB/s of memory{cache}"


def _number(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"
