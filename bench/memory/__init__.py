"""`python -m bench memory`: what one warm repetition takes at its peak, beside other libraries.

The training steps of `bench steps` and `bench lenet`, a chain of 10,000 operations on a tape, and
24 layers whose values are kept or computed again (`recompute_grad`). Each competitor in each case
has a process of its own, with one thread; `_peak` says what is counted.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import lenet, steps
from bench._harness import Competitor
from bench._machine import describe
from bench._options import add_choosing_arguments, check_files, choose_competitors, chosen
from bench._process import Worker, WorkerError
from bench._progress import progress
from bench._report import table
from bench.memory import _peak
from bench.memory.problems import AGAIN, CHAIN, KEPT
from bench.steps import thread_limits, write_json

OURS = "bench.memory.ours"
CHAINED = (
    Competitor("eager", "autodiff, eager", OURS, {"mode": "eager"}, ours=True),
    Competitor("flat", "autodiff, flat", OURS, {"mode": "flat"}, ours=True),
    Competitor("numpy", "NumPy by hand", "bench.memory.plain_numpy"),
    Competitor("jax", "JAX jit", "bench.memory.jax_jit", peer=True),
    Competitor("torch", "PyTorch eager", "bench.memory.pytorch", peer=True),
    Competitor("autograd", "HIPS autograd", "bench.memory.hips", peer=True),
    Competitor("mygrad", "MyGrad", "bench.memory.mygrad_engine", peer=True),
)
#: what is left out, as it takes what another manner of the same library takes
LEFT_OUT = {
    *("jax-inline", "torch-fused", "torch-last", "torch-compile", "torch-graphs"),
    "tensorflow-xla",
}


@dataclass(frozen=True)
class Workload:
    """A case and those who take part in it."""

    name: str
    case: str
    competitors: Sequence[Competitor]


def of(benchmark: Any, prefix: str = "") -> list[Workload]:
    """The cases of a benchmark of training steps."""
    there = [c for c in benchmark.COMPETITORS if c.name not in LEFT_OUT]
    return [Workload(f"{prefix}{case.name}", case.name, there) for case in benchmark.CASES]


WORKLOADS = (
    *of(steps),
    *of(lenet, "LeNet-5, "),
    *(Workload(case, case, CHAINED) for case in (CHAIN, KEPT, AGAIN)),
)
#: of a case in which graphs are most of what is kept, the account that counts them for everybody
BY_PROCESS = {CHAIN}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for choosing, and no others."""
    add_choosing_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if our own engine failed anywhere."""
    check_files(args)
    workloads = chosen(WORKLOADS, args.case)
    everybody = list({c.name: c for w in WORKLOADS for c in w.competitors}.values())
    wanted = {c.name for c in choose_competitors(everybody, args.peers)}
    os.environ.update(thread_limits(1))  # each thread has a stack, and work space of BLAS
    report = measure(workloads, wanted, args.peer_python, lambda r: write_json(args.json, r))
    print(render(report))
    return int(bool(report["problems"]))


def measure(
    workloads: Sequence[Workload],
    wanted: set[str],
    python: str | None = None,
    keep: Callable[[dict[str, Any]], object] = lambda report: None,
) -> dict[str, Any]:
    """What --json writes: a cell for each competitor in each case, and ours ÷ the others'.

    `keep` is given it after every cell: what is stopped has that.
    """
    there = [[c for c in w.competitors if c.name in wanted] for w in workloads]
    pairs = [(w, c) for w, cs in zip(workloads, there, strict=True) for c in cs]
    cells: list[dict[str, Any]] = []
    versions: dict[str, dict[str, str]] = {}
    for k in progress(range(len(pairs)), "memory"):
        workload, c = pairs[k]
        cell, told = measure_one(workload, c, python if c.peer else None)
        cells.append(cell)
        versions.setdefault(c.name, told)
        keep(_report(workloads, {c.name: c for _, c in pairs[: k + 1]}, cells, versions))
    return _report(workloads, {c.name: c for _, c in pairs}, cells, versions)


def _report(
    workloads: Sequence[Workload],
    known: dict[str, Competitor],
    cells: Sequence[dict[str, Any]],
    versions: dict[str, dict[str, str]],
) -> dict[str, Any]:
    return {
        "schema": 1,
        "benchmark": "memory",
        "machine": describe(),
        "competitors": [
            {
                "name": c.name,
                "label": c.label,
                "ours": c.ours,
                "peer": c.peer,
                "versions": versions[c.name],
            }
            for c in known.values()
        ],
        "cases": [{"name": w.name} for w in workloads],
        "cells": cells,
        "comparisons": comparisons(cells, known),
        "numbers": [
            {"name": cell["case"], "who": cell["competitor"], "value": cell["bytes"]}
            for cell in cells
            if known[cell["competitor"]].ours and "bytes" in cell
        ],
        "problems": [
            f"{cell['case']}, {known[cell['competitor']].label}: {cell['message']}"
            for cell in cells
            if cell["status"] == "failed" and known[cell["competitor"]].ours
        ],
    }


def measure_one(
    workload: Workload, c: Competitor, python: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """A cell, and the versions of a competitor."""
    cell: dict[str, Any] = {"case": workload.name, "competitor": c.name}
    options = {"module": c.module, "case": workload.case, **c.options}
    with Worker(python) as worker:
        try:
            said = worker.ask("load", module=_peak.__name__, options=options)
        except WorkerError as error:
            status = "missing" if error.missing else "failed"
            return {**cell, "status": status, "message": str(error)}, {}
    notes = {kind: int(size) for kind, size in said["notes"].items()}
    return {**cell, "status": "measured" if notes else "none", **notes}, said["versions"]


def comparisons(cells: Sequence[Any], known: dict[str, Competitor]) -> list[dict[str, Any]]:
    """The least of ours that needs NumPy alone ÷ each other's, for "Where we are behind"."""
    found = []
    for case in dict.fromkeys(cell["case"] for cell in cells):
        kind = "resident_bytes" if case in BY_PROCESS else "bytes"
        sizes = {
            cell["competitor"]: cell[kind]
            for cell in cells
            if cell["case"] == case and cell.get(kind, 0) > 0
        }
        ours = [(sizes[n], c) for n, c in known.items() if c.ours and n in sizes]
        plain = [pair for pair in ours if not pair[1].optional]
        if not plain:
            continue
        least, mine = min(plain, key=lambda pair: pair[0])
        for name, size in sizes.items():
            if not known[name].ours:
                ratio = least / size
                fused = min(ours, key=lambda pair: pair[0])[0] / size
                found.append(
                    {
                        "case": case,
                        "other": name,
                        "label": known[name].label,
                        "ours": mine.label,
                        "value": ratio,
                        "low": ratio,
                        "high": ratio,
                        "fused": fused if fused < ratio else None,
                    }
                )
    return found


def render(report: dict[str, Any]) -> str:
    """Two tables: what arrays take, and what processes do."""
    cases = [case["name"] for case in report["cases"]]
    cells = {(cell["competitor"], cell["case"]): cell for cell in report["cells"]}
    titles = {
        "bytes": "arrays of a warm repetition at its peak, kB (1000 bytes)",
        "resident_bytes": "process at its peak above its library's import, kB",
    }
    blocks = []
    for kind, title in titles.items():
        rows = [
            (c["label"], [cell_text(cells.get((c["name"], case)), kind) for case in cases])
            for c in report["competitors"]
        ]
        blocks.append(table(title, cases, rows))
    return "\n\n".join([*blocks, *(f"note: {line}" for line in report["problems"])])


def cell_text(cell: dict[str, Any] | None, kind: str) -> str:
    """kB, or a word where there is no number."""
    if cell is None or cell["status"] == "none":
        return "–"
    if cell["status"] != "measured":
        return str(cell["status"])
    return f"{cell[kind] / 1000:,.0f}" if kind in cell else "–"
