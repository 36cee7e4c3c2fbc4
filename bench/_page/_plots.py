"""Figures as SVG text, drawn by matplotlib; the same results give the same text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any

from bench._page._model import Picture
from bench._page._results import UNITS, Result, unit_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS, OTHERS, GRID = "#d55e00", "#4477aa", "#dddddd"


def picture(result: Result, folder: str = "") -> Picture | None:
    """The benchmark's own figure (`figure(data)` of its module `_page`), or that of times."""
    file = f"{folder}{result.name}.svg"
    draw = own(result.benchmark, "figure")
    if draw is not None:
        return Picture(file, lambda: svg(draw(result.data), result), f"Figure of {result.name}")
    if not result.timed:
        return None
    words = f"Times of {result.name}, with the middle half of the samples"
    return Picture(file, lambda: svg(times(result.data), result), words)


def own(benchmark: str, name: str) -> Callable[..., Any] | None:
    """What a benchmark's module `_page`, if it has one, calls by this name."""
    package = find_spec(f"bench.{benchmark}")
    if package is None or not package.submodule_search_locations:
        return None
    if find_spec(f"bench.{benchmark}._page") is None:
        return None
    return getattr(import_module(f"bench.{benchmark}._page"), name, None)


def blank(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "figures are drawn by matplotlib, which is not installed: "
            "pip install 'autodiff-tape[plots]', or leave them out with --no-figures"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def digest(result: Result) -> str:
    """Of the data that a figure was drawn from."""
    text = json.dumps(result.data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def svg(figure: Figure, result: Result) -> str:
    """One line of SVG: letters as text, no date, names that do not change, the data's digest."""
    import matplotlib as mpl

    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Source": digest(result)})
    return " ".join(text.getvalue().split()) + "\n"


def times(data: dict[str, Any]) -> Figure:
    """A panel for each case: the median of each competitor, with a line over its middle half."""
    found = {(m["competitor"], m["case"]): m for m in data["measurements"]}
    there = [
        c
        for c in data["competitors"]
        if any(m["status"] == "timed" for (who, _), m in found.items() if who == c["name"])
    ][::-1]
    cases = data["cases"]
    figure = blank(2.2 + 2.4 * len(cases), 0.9 + 0.24 * len(there))
    axes: Any = figure.subplots(1, len(cases), sharey=True, squeeze=False)[0]
    for panel, case in zip(axes, cases, strict=True):
        rows = [(k, c, found.get((c["name"], case["name"]))) for k, c in enumerate(there)]
        seen = [(k, c, m) for k, c, m in rows if m is not None and m["status"] == "timed"]
        unit = unit_for(min((m["median"] for _, _, m in seen), default=1.0))
        for k, c, m in seen:
            q1, median, q3 = (m[name] / UNITS[unit] for name in ("q1", "median", "q3"))
            color = OURS if c["ours"] else OTHERS
            panel.plot([q1, q3], [k, k], color=color, linewidth=2, solid_capstyle="round")
            panel.plot([median], [k], "o", color=color, markersize=5)
        panel.set(xscale="log", title=case["name"], xlabel=f"{unit} per {case['unit']}")
        panel.set_yticks(range(len(there)), [c["label"] for c in there])
        plain_ticks(panel)
    return figure


def plain_ticks(panel: Any) -> None:
    """Along a logarithmic axis a few numbers as one writes them, and a grid."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = panel.get_xlim()
    steps = (1.0,) if high > 100 * low else (1.0, 3.0) if high > 8 * low else (1, 1.5, 2, 3, 5, 7)
    narrow = high < 2.5 * low
    locator = MaxNLocator(4) if narrow else LogLocator(subs=steps, numticks=12)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.grid(axis="x", color=GRID, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right", "left"]].set_visible(False)
