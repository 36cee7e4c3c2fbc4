"""The section of the page that shows slopes, imports and installs, and the figure of slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench._page._model import Block, Section, Table, Text
from bench._page._results import UNITS, number, unit_for
from bench._page._timed import machine

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def section(data: dict[str, Any]) -> Section:
    """Three tables."""
    words = (
        f"{machine(data)} Slopes are of log(time) by log(size), between the three largest sizes, "
        "of the least time of each, with a bootstrap interval; at most "
        f"{data['series'][0]['limit']} is asked for."
    )
    rows = [
        [
            s["name"],
            f"{s['sizes'][0]:,} to {s['sizes'][-1]:,} {s['grows']}",
            f"{time(s['least_us'][0])} to {time(s['least_us'][-1])}",
            f"{s['value']:.2f} [{s['low']:.2f}, {s['high']:.2f}]",
        ]
        for s in data["series"]
    ]
    blocks: list[Block] = [
        Text(words),
        Table(["series", "sizes", "time", "slope"], rows, ("sizes", "time")),
    ]
    if "imports" in data:
        blocks += [*imports(data["imports"]), *sizes(data["sizes"])]
    if data["problems"]:
        blocks.append(Text("Not as it should be: " + "; ".join(data["problems"]) + "."))
    return Section("Scaling, imports and installs", blocks)


def time(microseconds: float) -> str:
    unit = unit_for(microseconds)
    return f"{number(microseconds / UNITS[unit])} {unit}"


def imports(data: dict[str, Any]) -> list[Block]:
    """What `import` takes."""
    rows = [
        [
            f"import {name}",
            f"{warm['least_ms']:.0f}",
            f"{warm['median_ms']:.0f}",
            f"{data['cold'][name]['least_ms']:.0f}" if name in data["cold"] else "–",
        ]
        for name, warm in data["warm"].items()
    ]
    more = data["beyond_numpy"]
    columns = ["ms beyond an empty process", "least", "median", "without cached bytecode"]
    return [
        Table(columns, rows),
        Text(
            f"`import autodiff` takes {more['least_ms']:.1f} ms more than `import numpy` at best, "
            f"{more['median_ms']:.1f} ms in the middle of the rounds."
        ),
    ]


def sizes(data: dict[str, Any]) -> list[Block]:
    """What installs take."""
    rows = [
        [
            name if "," in name else f"{name}, with all it needs",
            f"{size / 1e6:,.1f}",
            f"{data['bytecode_bytes'][name] / 1e6:,.1f}",
        ]
        for name, size in data["bytes"].items()
    ]
    return [Table(["install", "MB", "MB of bytecode besides"], rows)]


def figure(data: dict[str, Any]) -> Figure:
    """The least times against sizes, on logarithmic axes, a panel for each manner."""
    from bench._page._plots import GRID, blank

    manners = list(dict.fromkeys(s["name"].rpartition(", ")[2] for s in data["series"]))
    named = ("eager", "flat", "compiled")
    panels = [m for m in named if m in manners] + ["other"]
    drawn = blank(3.1 * len(panels), 3.4)
    axes: Any = drawn.subplots(1, len(panels), squeeze=False)[0]
    for panel, manner in zip(axes, panels, strict=True):
        for s in data["series"]:
            what, _, kind = s["name"].rpartition(", ")
            if (kind if kind in named else "other") == manner:
                panel.plot(s["sizes"], s["least_us"], "o-", markersize=3, label=what or kind)
        panel.set(xscale="log", yscale="log", title=manner, xlabel="size")
        panel.grid(color=GRID, linewidth=0.6)
        panel.legend(fontsize="x-small", frameon=False)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("µs")
    return drawn
