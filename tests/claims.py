"""What pages claim about speed and size, and the figures of results that could be meant.

A claim is a number with a unit of time, size or rate, or with × or %. A paragraph that names files
of `bench/results` claims more: each of its numbers with a decimal point, and each number in a table
right below it. A claim holds if one of the files that are named has a figure that, rounded as the
claim is, reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bench._page._results import Result

#: dimension -> its units, and how many of the smallest each is
SIZES = {
    "time": {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1, "seconds": 1, "minutes": 60},
    "size": {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30},
    "bandwidth": {"GB/s": 1e9},
    "rate": {"MFLOP/s": 1e6, "GFLOP/s": 1e9, "TFLOP/s": 1e12, "GFLOPS": 1e9, "TFLOPS": 1e12},
    "ratio": {
        **dict.fromkeys(("×", "times faster", "times slower", "times as fast", "times as long"), 1),
        "%": 0.01,
    },
}
UNITS = {unit: (what, size) for what, units in SIZES.items() for unit, size in units.items()}
NUMBER = r"(?<![\w.,/-])(\d[\d,]*(?:\.\d+)?)"
WITH_UNIT = re.compile(
    NUMBER + r"[\s ]?(" + "|".join(sorted(map(re.escape, UNITS), key=len)[::-1]) + r")(?![\w/])"
)
DECIMAL = re.compile(r"(?<![\w.,/-])(\d[\d,]*\.\d+)(?![\w-]|\.\d)")
NAMED = re.compile(r"bench/results/([\w.*-]+)\.json")
CODE = re.compile(r"^ *```.*?^ *```$", re.M | re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
#: what a number counts, by how its name in a result ends
ENDINGS = {
    **dict.fromkeys(("_us", "microseconds"), ("time", 1e-6)),
    "_ms": ("time", 1e-3),
    **dict.fromkeys(("_s", "seconds"), ("time", 1.0)),
    "bytes": ("size", 1.0),
    **dict.fromkeys(("gflops", "gflop/s", "gflop_s"), ("rate", 1e9)),
    **dict.fromkeys(("gbs", "gb/s", "gb_s"), ("bandwidth", 1e9)),
}


@dataclass(frozen=True)
class Claim:
    """A number as it is written, its unit (None: of any), and the results that may bear it out."""

    text: str
    number: str
    unit: str | None
    named: tuple[str, ...]

    def held_by(self, figures: Iterable[tuple[str, float]]) -> bool:
        """Whether one of the figures, rounded as this is, reads the same."""
        digits = self.number.replace(",", "")
        places = len(digits.partition(".")[2])
        units = UNITS.values() if self.unit is None else [UNITS[self.unit]]
        half = 0.5000001 * 10**-places
        return any(
            dimension == what and abs(value / size - float(digits)) <= half
            for what, value in figures
            for dimension, size in units
        )


def claims(page: str) -> Iterator[Claim]:
    """Those of a page of Markdown, in order."""
    prose = COMMENT.sub("", CODE.sub("", page))
    paragraphs = [p for p in re.split(r"\n\s*\n", prose) if p.strip()]
    before: tuple[str, ...] = ()
    for paragraph in paragraphs:
        named = tuple(NAMED.findall(paragraph))
        if paragraph.lstrip().startswith("|"):
            yield from _of_table(paragraph, before)
        else:
            yield from _of_prose(paragraph, named)
        before = named


def _of_prose(paragraph: str, named: tuple[str, ...]) -> Iterator[Claim]:
    text = re.sub(r"`[^`]*`", "`", paragraph)
    found = {m.start(1): Claim(m[0], m[1], m[2], named) for m in WITH_UNIT.finditer(text)}
    if named:
        for m in DECIMAL.finditer(text):
            found.setdefault(m.start(1), Claim(m[0], m[1], None, named))
    yield from (found[place] for place in sorted(found))


def _of_table(table: str, named: tuple[str, ...]) -> Iterator[Claim]:
    for line in table.strip().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        for cell in cells:
            if m := WITH_UNIT.fullmatch(cell):
                yield Claim(cell, m[1], m[2], named)
        if named:
            for cell in cells[1:]:
                if re.fullmatch(NUMBER, cell):
                    yield Claim(cell, cell, None, named)


def figures(results: Sequence[Result], named: Iterable[str]) -> Iterator[tuple[str, float]]:
    """(dimension, value in its smallest unit) of whatever the named results derive."""
    for name in named:
        for result in results:
            if fnmatchcase(result.name, name):
                yield from _timed(result.data) if result.timed else ()
                yield from _walked(result.data)


def _timed(data: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for m in data["measurements"]:
        if m["status"] == "timed":
            yield from (("time", m[name] * 1e-6) for name in ("median", "q1", "q3"))
    for ratio in data["ratios"]:
        yield from (("ratio", value) for value in (ratio["value"], 1 / ratio["value"]))
        yield "ratio", abs(1 - ratio["value"])  # so many per cent less, or more


def _walked(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of which the name says what they count; single samples are no figures."""
    if isinstance(value, dict):
        for key, inside in value.items():
            told = any(str(key).lower().endswith(ending) for ending in ENDINGS)
            if "sample" not in str(key):
                yield from _walked(inside, str(key) if told or not name else name)
    elif isinstance(value, list):
        for inside in value:
            yield from _walked(inside, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = next((ENDINGS[e] for e in ENDINGS if name.lower().endswith(e)), ("ratio", 1.0))
        yield found[0], value * found[1]
