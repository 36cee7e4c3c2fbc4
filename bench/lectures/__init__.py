"""`python -m bench lectures`: every model of the lectures trained to its number.

Real MNIST (`data.mnist` says where it is looked for), and the lectures' two synthetic sets. Each
row says what the lecture trains and what it must reach on average over some seeds; a row that
falls short makes the program end with status 1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from autodiff._files import write_atomically
from bench._machine import Bystanders, describe
from bench.lectures.rows import ROWS, Outcome, Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rows, how many seeds, and where the figures go."""
    parser.add_argument(
        "--row",
        action="append",
        choices=[row.name for row in ROWS],
        help="only this row; may be given again",
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each row (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")


def main(args: argparse.Namespace) -> int:
    """Train, print a line per row, write the figures; 1 if a row falls short."""
    if args.seeds < 1:
        raise SystemExit(f"--seeds {args.seeds}: expected at least 1")
    found: dict[str, list[Outcome]] = {}
    others = Bystanders([])
    for row in ROWS:
        if args.row is None or row.name in args.row:
            found[row.name] = outcomes = []
            for seed in range(args.seeds):
                outcomes.append(row.run(seed))
                print(f"  {row.name}, seed {seed}: {_text(row, outcomes[-1:])}", flush=True)
            print(f"{row.name} ({row.how}): {_text(row, outcomes)}; {_verdict(row, outcomes)}\n")
    if args.json is not None:
        figures = {
            "machine": describe(),
            "cores that others used": others.cores(),
            "rows": [_figures(row, found[row.name]) for row in ROWS if row.name in found],
        }
        write_atomically(args.json, (json.dumps(figures, indent=1) + "\n").encode())
    return int(not all(_reaches(row, found[row.name]) for row in ROWS if row.name in found))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _reaches(row: Row, outcomes: Sequence[Outcome]) -> bool:
    """Whether the mean over the seeds is what it should be, for every number of the row."""
    return all(
        _mean([outcome.numbers[name] for outcome in outcomes]) >= least
        for name, least in row.least.items()
    )


def _text(row: Row, outcomes: Sequence[Outcome]) -> str:
    numbers = [
        f"{name} {_mean([outcome.numbers[name] for outcome in outcomes]):.4f}" for name in row.least
    ]
    seconds = min(outcome.seconds_per_epoch for outcome in outcomes)
    return f"{', '.join(numbers)}, {1e3 * seconds:.3g} ms per epoch at best"


def _verdict(row: Row, outcomes: Sequence[Outcome]) -> str:
    wanted = ", ".join(f"{name} {least:g}" for name, least in row.least.items())
    return f"wanted: {wanted}: {'reached' if _reaches(row, outcomes) else 'NOT REACHED'}"


def _figures(row: Row, outcomes: Sequence[Outcome]) -> dict[str, object]:
    return {
        "name": row.name,
        "how": row.how,
        "least": row.least,
        "reached": _reaches(row, outcomes),
        "runs": [asdict(outcome) for outcome in outcomes],
    }
