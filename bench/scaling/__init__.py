"""`python -m bench scaling`: how cost grows, how long an import takes, how large an install is.

Time against the number of operations, uses of a value, layers, parameters, rows and Variables,
eager and as flat programs, and of compiling them: in logarithms the slope is to be at most 1.1.
Import and install beside NumPy's own and the peers'. Set OPENBLAS_NUM_THREADS=1 for slopes that no
thread pool disturbs.
"""

from __future__ import annotations

import argparse
from typing import Any

from bench._machine import Bystanders, describe
from bench._options import add_choosing_arguments, check_files, chosen
from bench._progress import progress
from bench._report import table
from bench.scaling import _imports, _sizes, _slopes
from bench.scaling.problems import SERIES
from bench.steps import write_json

ROUNDS, SECONDS, IMPORTS = 9, 0.004, 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which series, and how thoroughly."""
    add_choosing_arguments(parser)
    add = parser.add_argument
    add("--rounds", type=int, default=ROUNDS, help=f"samples of each size (default: {ROUNDS})")
    add("--no-imports", action="store_true", help="neither imports nor installs")


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if anything grows faster than it may."""
    check_files(args)
    wanted = chosen(SERIES, args.case)
    if args.rounds < 1:
        raise SystemExit(f"--rounds {args.rounds}: expected at least 1")
    report: dict[str, Any] = {"schema": 1, "benchmark": "scaling", "machine": describe()}
    bystanders = Bystanders([])
    report["settings"] = {"rounds": args.rounds}
    report["series"] = [
        _slopes.measure(wanted[k], args.rounds, SECONDS)
        for k in progress(range(len(wanted)), "series")
    ]
    report["bystander_cores"] = bystanders.cores()
    if not args.no_imports:
        rounds = max(2, min(IMPORTS, 2 * args.rounds))
        report["imports"] = _imports.measure(rounds, args.peer_python)
        report["sizes"] = _sizes.measure(args.peer_python)
    report["numbers"] = [
        {"name": "slope", "who": s["name"], "value": s["value"]} for s in report["series"]
    ]
    report["problems"] = too_much(report)
    print(render(report))
    write_json(args.json, report)
    return int(bool(report["problems"]))


def too_much(report: dict[str, Any]) -> list[str]:
    """What is above its limit."""
    found = [
        f"{s['name']}: slope {s['value']:.2f}, more than {s['limit']}"
        for s in report["series"]
        if not s["passed"]
    ]
    if "imports" in report:
        took, limit = (report["imports"]["beyond_numpy"]["least_ms"], report["imports"]["limit_ms"])
        if took > limit:
            found.append(f"import autodiff takes {took:.0f} ms beyond NumPy, more than {limit:.0f}")
        own = report["sizes"]["bytes"].get(_sizes.OWN)
        if own is not None and own > report["sizes"]["limit_bytes"]:
            found.append(f"the install takes {own:,} bytes beyond NumPy's")
    return found


def render(report: dict[str, Any]) -> str:
    """Tables of slopes, of imports and of installs."""
    rows = [
        (
            s["name"],
            [
                f"{s['sizes'][0]:,} to {s['sizes'][-1]:,} {s['grows']}",
                f"{s['least_us'][0]:.3g}",
                f"{s['least_us'][-1]:.4g}",
                f"{s['value']:.2f} [{s['low']:.2f}, {s['high']:.2f}]",
                "" if s["passed"] else "ABOVE",
            ],
        )
        for s in report["series"]
    ]
    blocks = [table("slopes of log(time) by log(size)", ["", "µs", "µs", "slope", ""], rows)]
    if "imports" in report:
        found = report["imports"]
        lines = [
            (
                name,
                [
                    f"{warm['least_ms']:.0f}",
                    f"{warm['median_ms']:.0f}",
                    f"{found['cold'][name]['least_ms']:.0f}" if name in found["cold"] else "–",
                ],
            )
            for name, warm in found["warm"].items()
        ]
        columns = ["least", "median", "without bytecode"]
        more = found["beyond_numpy"]
        blocks += [
            table("import, ms beyond an empty process", columns, lines),
            f"autodiff beyond NumPy: {more['least_ms']:.1f} ms at best, "
            f"{more['median_ms']:.1f} in the middle",
            table(
                "install, MB",
                ["files", "bytecode"],
                [
                    (n, [f"{b / 1e6:.1f}", f"{report['sizes']['bytecode_bytes'][n] / 1e6:.1f}"])
                    for n, b in report["sizes"]["bytes"].items()
                ],
            ),
        ]
    return "\n\n".join([*blocks, *(f"note: {line}" for line in report["problems"])])
