"""`python -m bench counts`: what can be counted instead of timed, and so compared on any machine.

Of a flat program its lines, operations, bytes and memory; of an eager step its records; of both,
and of `fit`, the bytecodes that Python runs; of recording and compiling, the calls. A test compares
with `bench/results/counts.json`. What Python does differs between its versions: bytecodes and calls
are compared with those of the same one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench._machine import describe
from bench._report import table
from bench.counts._count import Counts, counts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the counts go."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts here")


def main(args: argparse.Namespace) -> int:
    """Count, print, write."""
    found = counts()
    print(render(found))
    if args.json is not None:  # a line for each count, so that changes of two people merge
        text = json.dumps(to_json(found), ensure_ascii=False, indent=1)
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def to_json(found: Counts) -> dict[str, object]:
    """What --json writes."""
    return {"schema": 1, "benchmark": "counts", "machine": describe(), "counts": found}


def render(found: Counts) -> str:
    """A row for each thing, a column for each kind of count."""
    kinds = list(dict.fromkeys(kind for row in found.values() for kind in row))
    rows = [
        (name, [f"{row.get(k, '–'):,}" if k in row else "–" for k in kinds])
        for name, row in found.items()
    ]
    return table("counts, the same at every run", kinds, rows)
