"""Where the page is written to."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from autodiff._files import write_atomically
from bench._page._compose import compose
from bench._page._readme import refreshed
from bench._page._results import RESULTS, Result, load

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGE = "benchmarks.md"
#: of the page's tables and pictures, beside it
PICTURES = "benchmarks/"
HTML = Path("build/bench/report.html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where results lie, and where the page goes."""
    add = parser.add_argument
    add("--results", type=Path, default=RESULTS, metavar="FOLDER", help="of JSON files")
    add("--html", type=Path, default=HTML, metavar="FILE", help=f"the page (default: {HTML})")
    add("--markdown", type=Path, metavar="FILE", help="the same as Markdown, figures beside it")
    add("--docs", action="store_true", help="write docs/benchmarks.md and README's figures")
    add("--no-figures", action="store_true", help="do without matplotlib")


def main(args: argparse.Namespace) -> int:
    """Write what is asked for."""
    results = load(args.results)
    if not results:
        raise SystemExit(f"--results {args.results}: there are no results in this folder")
    if args.docs:
        write_docs(results)
    page = compose(results, pictures=not args.no_figures)
    _write(args.html, page.html())
    if args.markdown is not None:
        _write(args.markdown, page.markdown())
        for picture in page.pictures:
            _write(args.markdown.parent / picture.name, picture.draw())
    return 0


def documentation(results: Sequence[Result]) -> dict[str, Callable[[], str]]:
    """The files of the documentation's page, below its folder: name -> what writes the text."""
    found = compose(results, folder=PICTURES)
    texts = found.parts(PICTURES)
    files = {name or PAGE: partial(str, text) for name, text in texts.items()}
    return files | {picture.name: picture.draw for picture in found.pictures}


def write_docs(results: Sequence[Result]) -> None:
    """The page of the documentation with its tables and pictures, and README's figures."""
    readme = refreshed(README.read_text(encoding="utf-8"), results)
    files = documentation(results)
    for old in (DOCS / PICTURES).iterdir() if (DOCS / PICTURES).exists() else ():
        old.unlink()
    for name, text in files.items():
        _write(DOCS / name, text())
    _write(README, readme)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    print(f"written to {file}")
