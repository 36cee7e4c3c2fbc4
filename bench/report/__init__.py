"""`python -m bench report`: the page of results; on a device, tests and measurements in one go.

Without a device it writes what lies in `bench/results` as one page (`bench._page`). With `--device
cuda`, or where a `--part` or a file for `--json` is named, it measures, for a machine that is at
hand for minutes: everything together ends within `--minutes`. Each part is a process with a limit
of its own; what fails or takes too long is written down, and the next one begins. What was found
lies in the file after every part, so that nothing is lost if the machine is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import monotonic
from typing import Any

from autodiff._files import write_atomically
from bench._machine import describe
from bench._page import _files as page
from bench.report._device import describe_device
from bench.report._parts import PARTS, Outcome, Part, run_part

MINUTES = 7.5
#: what a part needs to be worth beginning, in seconds
LEAST = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For the page: of what, and where to. On a device: which parts, in how much time."""
    page.add_arguments(parser)
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="write here (default: NAME of device.json)")
    add("--part", action="append", choices=[p.name for p in PARTS], help="only this; may be again")
    add("--minutes", type=float, default=MINUTES, help=f"for everything (default: {MINUTES})")
    add("--quick", action="store_true", help="of everything the least: does it run at all?")
    add("--scale", type=float, default=1.0, help="of every part's limit (default: 1)")


def main(args: argparse.Namespace) -> int:
    """Write the page; or run the parts, 1 if one did not come through."""
    if args.device == "cpu" and not (args.part or args.json or args.quick):
        return page.main(args)
    return measure(args)


def measure(args: argparse.Namespace) -> int:
    """Run the parts, print what came of each, write the figures; 1 if one did not come through."""
    file = args.json or Path(f"report-{args.device.replace(':', '-')}.json")
    if not file.absolute().parent.is_dir():
        raise SystemExit(f"--json {file}: there is no folder {file.parent}")
    deadline = monotonic() + 60 * args.minutes
    report: dict[str, Any] = {
        "schema": 1,
        "benchmark": "report",
        "machine": describe(),
        "device": describe_device(args.device),
        "parts": {},
    }
    print(heading(report), flush=True)
    wanted = [part for part in PARTS if args.part is None or part.name in args.part]
    for part in wanted:
        outcome = run(part, args.device, deadline, args.scale, args.quick)
        report["parts"][part.name] = outcome.to_json()
        text = json.dumps(report, ensure_ascii=False, allow_nan=False)
        write_atomically(file, (text + "\n").encode())
        print(line(part, outcome), flush=True)
    print(f"written to {file}")
    return int(any(found["status"] != "done" for found in report["parts"].values()))


def run(
    part: Part, device: str, deadline: float, scale: float = 1.0, quick: bool = False
) -> Outcome:
    """A part, in what is left of the time."""
    left = deadline - monotonic()
    if left < LEAST:
        return Outcome("skipped", message="no time was left")
    return run_part(part, device, min(part.seconds * scale, left), quick)


def heading(report: dict[str, Any]) -> str:
    """What this is about, in a line."""
    device = ", ".join(f"{name} {value}" for name, value in report["device"].items() if value)
    return f"{report['machine']['date']} {report['machine']['cpu']}; {device}"


def line(part: Part, outcome: Outcome) -> str:
    """What came of a part: a line, and what it printed last where that tells something."""
    first = f"\n== {part.name}: {outcome.status} in {outcome.seconds:.0f} s"
    said = [first + (f" ({outcome.message})" if outcome.message else "")]
    return "\n".join([*said, outcome.tail]) if outcome.tail else said[0]
