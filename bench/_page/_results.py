"""Files of results, read; and how numbers of theirs are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
#: the order of the page; what is not named here comes last
ORDER = ("all", "steps", "lenet", "fit", "ops", "jacobian", "blas", "memory", "scaling", "lectures")


@dataclass(frozen=True)
class Result:
    """What one file holds; `name` is the file's, without its ending."""

    name: str
    data: dict[str, Any]

    @property
    def benchmark(self) -> str:
        """Which command wrote it."""
        return str(self.data["benchmark"])

    @property
    def timed(self) -> bool:
        """Whether competitors were timed side by side (`_harness.Report.to_json`)."""
        return "measurements" in self.data and "ratios" in self.data


def load(folder: Path = RESULTS) -> list[Result]:
    """All results of a folder, in the order of the page.

    A report on a device holds several: each is a result, named after file and part.
    """
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SystemExit(f"{file}: this is no JSON: {error}") from None
        if isinstance(data, dict) and "benchmark" in data:
            found += list(_opened(Result(file.stem, data)))
    place = {name: k for k, name in enumerate(ORDER)}
    return sorted(found, key=lambda r: (place.get(r.benchmark, len(ORDER)), r.name))


def _opened(result: Result) -> Iterator[Result]:
    if result.benchmark != "report":
        yield result
        return
    for name, part in result.data["parts"].items():
        inside = part.get("found")
        if isinstance(inside, dict) and "benchmark" in inside:
            device = {"device": result.data.get("device", {}).get("name")}
            yield Result(f"{result.name}-{name}", inside | {"on": device})


#: µs in a unit of time
UNITS = {"µs": 1.0, "ms": 1e3, "s": 1e6}


def unit_for(microseconds: float) -> str:
    """The unit in which a time is a number of few digits."""
    return "µs" if microseconds < 1e3 else "ms" if microseconds < 1e6 else "s"


def number(value: float) -> str:
    """Three digits, all those before the point."""
    if abs(value) >= 1000:
        return f"{value:.0f}"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.1e}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
