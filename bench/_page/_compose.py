"""All sections of the page, in order."""

from __future__ import annotations

from collections.abc import Sequence

from bench._page import _behind, _plots, _timed
from bench._page._model import Page, Section, Text
from bench._page._results import Result

TITLE = "Benchmarks"


def compose(results: Sequence[Result], pictures: bool = True, folder: str = "") -> Page:
    """The page of these results; without `pictures` matplotlib is not asked for.

    `folder` comes before the names of the pictures' files.
    """
    sections = [
        Section("How to read this", [Text(line) for line in INTRODUCTION]),
        _behind.section(results),
    ]
    for result in results:
        found = section(result)
        if found is None:
            continue
        drawn = _plots.picture(result, folder) if pictures else None
        blocks = list(found.blocks)
        if drawn is not None:
            blocks.insert(1, drawn)
        sections.append(Section(found.title, blocks, result.name))
    return Page(TITLE, sections)


INTRODUCTION = (
    "This page is written by `python -m bench report --docs` from the files in `bench/results`, "
    "and a test holds the two together. `make bench` measures all of it anew on your machine, "
    "beside whichever of the other libraries can be installed there, and writes a page like this.",
    "Competitors run in processes of their own and are sampled in turn, round by round; a ratio is "
    "the median over rounds of ours ÷ other, with a bootstrap interval: what slows the machine "
    "down slows both. Less than 1 means that ours is faster. A `!` marks samples that scatter by "
    "more than a tenth.",
)


def section(result: Result) -> Section | None:
    """The benchmark's own (`section(data)` of its module `_page`), or that of timed competitors."""
    make = _plots.own(result.benchmark, "section")
    if make is not None:
        found: Section = make(result.data)
        return found
    return _timed.section(result) if result.timed else None
