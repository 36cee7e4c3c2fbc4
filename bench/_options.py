"""The command-line options of a benchmark that compares competitors."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from bench._harness import CaseInfo, Competitor, Settings


class Named(Protocol):
    """Something that --case may name."""

    @property
    def name(self) -> str: ...


C = TypeVar("C", bound=Named)
PYTHON_VARIABLE = "AUTODIFF_BENCH_PYTHON"


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --peers, --peer-python, --case, --json, --quick and --rounds."""
    add_choosing_arguments(parser)
    parser.add_argument("--quick", action="store_true", help="a smoke test: too few samples")
    parser.add_argument("--rounds", type=int, help="samples of each competitor in each case")


def add_choosing_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --peers, --peer-python, --case and --json."""
    parser.add_argument(
        "--peers",
        default="auto",
        metavar="WHICH",
        help="other libraries: auto (those installed), none, or names separated by commas",
    )
    parser.add_argument(
        "--peer-python",
        metavar="PATH",
        default=os.environ.get(PYTHON_VARIABLE),
        help=f"interpreter that has the peers installed (default: ${PYTHON_VARIABLE}, else this)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument(
        "--case", action="append", metavar="NAME", help="only this case; may be given again"
    )


def settings_from(args: argparse.Namespace) -> Settings:
    """The options as settings; SystemExit with a message where one cannot be."""
    settings = Settings.quick() if args.quick else Settings()
    if args.rounds is not None:
        if args.rounds < 1:
            raise SystemExit(f"--rounds {args.rounds}: expected at least 1")
        settings = replace(settings, rounds=args.rounds)
    check_files(args)
    return settings


def check_files(args: argparse.Namespace) -> None:
    """SystemExit with a message where --json cannot be written or --peer-python be run."""
    if args.json is not None and not args.json.absolute().parent.is_dir():
        raise SystemExit(f"--json {args.json}: there is no folder {args.json.parent}")
    if args.peer_python is not None and shutil.which(args.peer_python) is None:
        raise SystemExit(f"--peer-python {args.peer_python}: this is no program")


def choose_competitors(competitors: Sequence[Competitor], which: str) -> list[Competitor]:
    """The competitors to run: all that are no peers, and the peers that --peers names."""
    peers = {c.name for c in competitors if c.peer}
    if which == "auto":
        wanted = peers
    elif which == "none":
        wanted = set()
    else:
        wanted = {name.strip() for name in which.split(",")}
        if unknown := wanted - peers:
            raise SystemExit(
                f"--peers: unknown {', '.join(sorted(map(repr, unknown)))}; "
                f"expected auto, none or some of {', '.join(sorted(peers))}"
            )
    return [c for c in competitors if not c.peer or c.name in wanted]


def choose_cases(cases: Sequence[CaseInfo], names: Sequence[str] | None) -> list[CaseInfo]:
    """The cases that --case names, in their usual order; all of them without it."""
    return chosen(cases, names)


def chosen(cases: Sequence[C], names: Sequence[str] | None) -> list[C]:
    """The same of anything that has a name."""
    known = [case.name for case in cases]
    if unknown := set(names or known) - set(known):
        raise SystemExit(
            f"--case: unknown {', '.join(sorted(map(repr, unknown)))}; "
            f"expected some of {', '.join(map(repr, known))}"
        )
    return [case for case in cases if case.name in (names or known)]
