"""`python -m bench all`: every benchmark in short settings, and the page of what was found.

`make bench` calls it with an interpreter of its own for the peers and has them installed there; one
that cannot be is left out, with its reason. Each benchmark is a process with a limit of its own:
what fails or takes too long is told, and the next one begins. Results, and the page `report.html`,
lie in the folder `--out`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from autodiff._files import write_atomically
from bench._machine import describe
from bench._page import compose, load
from bench.all._parts import PARTS, command
from bench.all._peers import install, requirements
from bench.report._parts import Part, run_part
from bench.steps import thread_limits

OUT = Path("build/bench")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The peers' interpreter, what to run, and where to."""
    add = parser.add_argument
    add("--peer-python", metavar="PATH", help="interpreter that has the peers, or is to have them")
    add("--install", action="store_true", help="install the peers for that interpreter first")
    add("--part", action="append", choices=list(PARTS), help="only this; may be given again")
    add("--out", type=Path, default=OUT, metavar="FOLDER", help=f"default: {OUT}")


def main(args: argparse.Namespace) -> int:
    """Install, run, write; 1 if a part did not come through."""
    if args.install and args.peer_python is None:
        raise SystemExit("--install: into what? name an interpreter with --peer-python")
    started = monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    for old in args.out.glob("*.json"):
        old.unlink()
    report: dict[str, Any] = {"schema": 1, "benchmark": "all", "machine": describe()}
    report["peers"] = {}
    if args.install:
        for requirement in requirements():
            print(f"installing {requirement} ...", flush=True)
            reason = install(args.peer_python, requirement)
            report["peers"][requirement] = reason
            if reason:
                print(f"  left out: {reason}", flush=True)
    report["parts"] = {}
    wanted = [name for name in PARTS if args.part is None or name in args.part]
    for number, name in enumerate(wanted, 1):
        print(
            f"\n== {number} of {len(wanted)}: {name}, at most {PARTS[name].seconds} s; "
            f"{monotonic() - started:.0f} s until now",
            flush=True,
        )
        report["parts"][name] = run(name, args.peer_python, args.out)
    file = args.out / "all.json"
    report["seconds"] = monotonic() - started
    write_atomically(file, json.dumps(report, ensure_ascii=False).encode())
    write_page(args.out)
    print(f"\n{args.out / 'report.html'}, after {report['seconds']:.0f} s")
    return int(any(part["status"] != "done" for part in report["parts"].values()))


def run(name: str, python: str | None, out: Path) -> dict[str, Any]:
    """Run a part, keep what it found, print what it said last."""
    peers = [] if python is None else ["--peer-python", python]
    part = Part(name, PARTS[name].seconds, lambda _, file, quick: command(name, file, peers))
    with threads(1 if PARTS[name].one_thread else None):
        outcome = run_part(part, "cpu", part.seconds)
    if isinstance(outcome.found, dict):
        text = json.dumps(outcome.found, ensure_ascii=False)
        write_atomically(out / f"{name}.json", (text + "\n").encode())
    status = outcome.status
    if status == "failed" and outcome.found is not None:
        status = "done"  # whoever fails in it is in the table
    print(outcome.tail)
    print(f"   {status} in {outcome.seconds:.0f} s {outcome.message}".rstrip(), flush=True)
    return {"status": status, "seconds": outcome.seconds, "message": outcome.message}


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """The environment says so to processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update({} if count is None else thread_limits(count))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def write_page(out: Path) -> None:
    """The page, with figures where matplotlib is there to draw them."""
    results = load(out)
    try:
        text = compose(results).html()
    except ImportError:
        text = compose(results, pictures=False).html()
    write_atomically(out / "report.html", text.encode())
    write_atomically(out / "report.md", compose(results, pictures=False).markdown().encode())
