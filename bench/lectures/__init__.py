"""`python -m bench lectures`: every model of the lectures trained to its number.

Real MNIST (`data.mnist` says where it is looked for), and the lectures' two synthetic sets. Each
row says what the lecture trains and what it must reach over some seeds; a row that falls short
makes the program end with status 1. Of two rows the seconds per epoch are taken apart, of `fit` as
users call it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import autodiff as ad
from autodiff._files import write_atomically
from bench._harness import BUSY
from bench._machine import Bystanders, describe
from bench._report import table
from bench._stats import summarise
from bench.lectures._row import Outcome, Row
from bench.lectures.rows import ROWS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rows, how many seeds, and where the figures go."""
    parser.add_argument(
        "--row",
        action="append",
        choices=[row.name for row in ROWS],
        help="only this row; may be given again",
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each row (default: 3)")
    parser.add_argument(
        "--epochs", type=int, default=10, help="epochs that are timed, 0 for none (default: 10)"
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the figures here; rows that the file has and that are not run stay",
    )


def main(args: argparse.Namespace) -> int:
    """Train, print a line per training and a table, write the figures; 1 if a row falls short."""
    if args.seeds < 1:
        raise SystemExit(f"--seeds {args.seeds}: expected at least 1")
    if args.epochs < 0:
        raise SystemExit(f"--epochs {args.epochs}: expected 0 or more")
    if args.json is not None and not args.json.absolute().parent.is_dir():
        raise SystemExit(f"--json {args.json}: there is no folder {args.json.parent}")
    rows = [row for row in ROWS if args.row is None or row.name in args.row]
    kept = _kept(args.json) if args.json is not None and args.json.exists() else {}
    found = {row.name: _trained(row, args) for row in rows}
    print("\n" + _report(rows, found))
    if args.json is not None:
        kept |= found
        figures = {
            "schema": 1,
            "benchmark": "lectures",
            "rows": [kept[row.name] for row in ROWS if row.name in kept],
        }
        text = json.dumps(figures, ensure_ascii=False, allow_nan=False)
        write_atomically(args.json, (text + "\n").encode())
    return int(not all(figures["reached"] for figures in found.values()))


def _kept(path: Path) -> dict[str, Any]:
    """The figures in a file that this program wrote, by row."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        if (figures["benchmark"], figures["schema"]) == ("lectures", 1):
            return {row["name"]: row for row in figures["rows"]}
    except (ValueError, LookupError, TypeError):
        pass
    raise SystemExit(f"--json {path}: this file holds no figures of bench lectures to add to")


def _trained(row: Row, args: argparse.Namespace) -> dict[str, Any]:
    """The figures of a row."""
    machine, others = describe(), Bystanders([])
    outcomes: list[Outcome] = []
    for seed in range(args.seeds):
        outcomes.append(row.run(seed))
        print(f"{row.name}, seed {seed}: {_text(outcomes[-1].numbers)}", flush=True)
    figures = {
        "name": row.name,
        "how": row.how,
        "least": dict(row.least),
        "each": row.each,
        "reached": row.reached(outcomes),
        "means": row.means(outcomes),
        "runs": [asdict(outcome) for outcome in outcomes],
        "machine": machine,
        "versions": {"autodiff": ad.__version__},
        "bystander_cores": others.cores(),
    }
    if row.epochs is not None and args.epochs:
        others = Bystanders([])
        seconds = row.epochs(args.epochs)
        figures["epoch_seconds"] = seconds
        figures["epoch_bystander_cores"] = others.cores()
        print(f"{row.name}: {min(seconds):.3g} s for an epoch of fit", flush=True)
    return figures


def _text(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in numbers.items())


def _report(rows: Sequence[Row], found: Mapping[str, dict[str, Any]]) -> str:
    """The table, and seconds per epoch."""
    machine = found[rows[0].name]["machine"]
    own = f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
    columns = ["at least", "mean", "seeds", "parameters", "epoch", ""]
    lines = [line for row in rows for line in _lines(row, found[row.name])]
    notes = [_note(figures) for figures in found.values() if "epoch_seconds" in figures]
    return "\n".join([table(f"{own}NumPy {machine['numpy']}", columns, lines), *notes])


def _lines(row: Row, figures: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """A line of the table for each number that is asked for."""
    runs = figures["runs"]
    seconds = min(min(run["seconds"]) for run in runs)
    for name, least in row.least.items():
        values = [run["numbers"][name] for run in runs]
        cells = [
            *(f"{least:g}", f"{figures['means'][name]:.4f}"),
            *(f"{min(values):.4f} to {max(values):.4f}", f"{runs[0]['parameters']:,}"),
            *(f"{seconds:.3g} s", "reached" if figures["reached"] else "NOT REACHED"),
        ]
        yield f"{row.name}: {name}", cells


def _note(figures: dict[str, Any]) -> str:
    """How long a whole epoch takes."""
    seconds, others = figures["epoch_seconds"], figures["epoch_bystander_cores"]
    busy = f"; others used {others:.1f} cores" if others is not None and others > BUSY else ""
    return (
        f"{figures['name']}: an epoch of fit takes {min(seconds):.3g} s at best, "
        f"{summarise(seconds).median:.3g} s in the middle of {len(seconds)}{busy}"
    )
