"""The command: which cases and competitors, what is printed, written and drawn."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench._harness import CaseInfo, Competitor, measure
from bench._options import add_measuring_arguments, choose_competitors, settings_from
from bench._report import machine_line
from bench._report import table as as_text
from bench.blas._probe import probe
from bench.blas._rates import about, table
from bench.blas.problems import KNOWN, ROUTINES, Problem, problem, problems
from bench.steps import thread_limits, write_json

#: `most`: the largest N of a product, of those whose rates do not change any more
COMPETITORS = (
    Competitor("flat", "autodiff, flat", "bench.blas.ours", {"mode": "flat"}, ours=True),
    Competitor(
        *("eager", "autodiff, eager", "bench.blas.ours"),
        {"mode": "eager", "most": "2000"},
        ours=True,
    ),
    Competitor("raw", "NumPy", "bench.blas.raw"),
    Competitor("blas", "SciPy's BLAS", "bench.blas.scipy_blas", {"most": "2000"}, optional=True),
    Competitor("torch", "PyTorch", "bench.blas.pytorch", {"most": "4000"}, peer=True),
    Competitor("jax", "JAX jit", "bench.blas.jax_jit", {"most": "2000"}, peer=True),
)
#: what is measured by default
DTYPES = {"cpu": "float64,float32", "cuda": "float64,float32,tf32,float16,bfloat16"}

#: copies of a problem's arrays that all processes hold together, at most
COPIES = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for measuring, and what else this one knows."""
    add_measuring_arguments(parser)
    add = parser.add_argument
    add("--threads", type=int, metavar="N", help="threads of each competitor (default: its own)")
    add("--routine", action="append", choices=[*ROUTINES], help="only this; may be given again")
    add("--dtypes", metavar="NAMES", help=f"separated by commas (on a CPU: {DTYPES['cpu']})")
    add(
        "--limit",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="of a case, after which it has no more than two rounds (default: 2)",
    )
    add("--add", action="store_true", help="to what lies in the file of --json")
    add("--plot", type=Path, metavar="FILE", help="draw GFLOP/s against N, and the roofline")
    add(
        "--beside",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="results of another device, drawn in the same figure; may be given again",
    )


def main(args: argparse.Namespace) -> int:
    """Measure, print, write, draw; 1 if our own engine was missing, wrong or failed."""
    settings = replace(settings_from(args), limit=args.limit)
    before = _read(args.json) if args.add else None
    beside = [_read(file) for file in args.beside]
    chosen = choose_competitors(COMPETITORS, args.peers)
    if args.threads is not None:
        os.environ.update(thread_limits(args.threads))
    dtypes = _dtypes(args.dtypes or DTYPES[args.device.partition(":")[0]])
    wanted, large = fitting(_chosen(problems(dtypes, args.quick), args))
    peaks = probe(dtypes, args.quick)
    names = ",".join(its.name for its in wanted)
    competitors = [replace(c, options={**c.options, "names": names}) for c in chosen]
    cases = [CaseInfo(its.name, "call", 1) for its in wanted]
    report = measure("blas", competitors, cases, settings, args.peer_python)
    data = report.to_json() | {"peaks": peaks.to_json()}
    data["problems"] += [f"{its.name}: there is not enough memory" for its in large]
    if before is not None:
        data = added(before, data)
    write_json(args.json, data)
    columns, rows = table(data)
    print(machine_line(report), about(data), sep="\n", end="\n\n")
    print(as_text(columns[0], columns[1:], [(row[0], row[1:]) for row in rows]))
    if data["problems"]:
        print("", *(f"note: {line}" for line in data["problems"]), sep="\n")
    if args.plot is not None:
        from bench.blas.plots import draw

        draw([data, *beside]).savefig(args.plot, dpi=150)
    return report.exit_status


def _dtypes(names: str) -> list[str]:
    """The dtypes that an option names."""
    found = [name.strip() for name in names.split(",")]
    if unknown := set(found) - set(KNOWN):
        raise SystemExit(
            f"--dtypes: unknown {', '.join(sorted(map(repr, unknown)))}; "
            f"expected some of {', '.join(KNOWN)}"
        )
    return found


def _chosen(found: Sequence[Problem], args: argparse.Namespace) -> list[Problem]:
    """Those that --routine and --case name; cases may be of any N and dtype."""
    if args.case:
        try:
            return [problem(name) for name in args.case]
        except (KeyError, ValueError):
            raise SystemExit(
                f"--case: expected a routine, N and a dtype, as in 'gemm 2000 float64', "
                f"got {', '.join(map(repr, args.case))}"
            ) from None
    return [its for its in found if args.routine is None or its.routine.name in args.routine]


def fitting(wanted: Sequence[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Those whose arrays find room in memory that is free, and those that do not."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return list(wanted), []
    fits = [its for its in wanted if COPIES * its.bytes <= free]
    return fits, [its for its in wanted if its not in fits]


def added(before: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Results of some cases, and of others that were measured in the same way."""
    for what in ("cpu", "cores", "numpy", "environment"):
        there, here = before["machine"][what], data["machine"][what]
        if there != here:
            raise SystemExit(f"--add: the file has {what} {there}, this is {here}")
    new = {case["name"] for case in data["cases"]}
    key = {"cases": "name", "measurements": "case", "ratios": "case"}
    merged = {
        name: [row for row in before[name] if row[of] not in new] + data[name]
        for name, of in key.items()
    }
    order = [its.name for its in problems(KNOWN)]
    merged["cases"].sort(
        key=lambda case: order.index(case["name"]) if case["name"] in order else len(order)
    )
    peaks = [before["peaks"], data["peaks"]]
    best = {name: max(p[name] or 0.0 for p in peaks) or None for name in ("bandwidth", "cache")}
    flops = {d: max(p["flops"].get(d, 0.0) for p in peaks) for p in peaks for d in p["flops"]}
    here = {c["name"] for c in data["competitors"]}
    elsewhere = [c for c in before["competitors"] if c["name"] not in here]
    known = [c.name for c in COMPETITORS]
    competitors = sorted(data["competitors"] + elsewhere, key=lambda c: known.index(c["name"]))
    notes = [line for line in before["problems"] if line.split(":")[0] not in new]
    return data | {
        **merged,
        "competitors": competitors,
        "peaks": data["peaks"] | best | {"flops": flops},
        "bystander_cores": before["bystander_cores"] | data["bystander_cores"],
        "problems": list(dict.fromkeys([*notes, *data["problems"]])),
    }


def _read(file: Path | None) -> dict[str, Any]:
    """Results of this benchmark."""
    if file is None:
        raise SystemExit("--add: expected a file, by --json FILE")
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file}: {error}") from None
    if data.get("benchmark") != "blas":
        raise SystemExit(f"{file}: these are no results of bench blas")
    return data
