"""Figures of what BLAS and programs reach on a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.blas._rates import Rate, rates
from bench.blas.machine import Machine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.blas._roofline import Point, Roofline

#: section -> colour
COLOURS = {"forward": "#1f77b4", "backward": "#d62728", "update": "#2ca02c"}


def new_figure(width: float, height: float) -> Figure:
    """A figure of this size in inches, that no window shows; ImportError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "pictures are drawn by matplotlib, which is not installed: "
            "pip install 'autodiff-tape[plots]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(ax: Axes | None) -> Axes:
    """`ax`, or new Axes in a figure that pyplot shows; ImportError without matplotlib."""
    if ax is not None:
        return ax
    new_figure(1, 1)  # says what is missing
    from matplotlib import pyplot

    return pyplot.figure(figsize=(7.0, 4.8), layout="constrained").add_subplot()


def draw_roofline(found: Roofline, ax: Axes | None = None, labels: int = 8) -> Axes:
    """See `Roofline.plot`."""
    ax, machine, dtype = new_axes(ax), found.machine, found.dtype
    drawn = [p for p in found.points if p.flops and p.bytes]
    intensities = [p.intensity for p in drawn] or [1.0]
    ridge = machine.ridge(dtype)
    left, right = min(*intensities, ridge) / 2, max(*intensities, ridge) * 4
    x = np.geomspace(left, right, 200)
    peak = machine.peak(dtype)
    if machine.cache:
        cached = np.minimum(peak, machine.cache * x)
        ax.plot(x, cached, "--", color="0.65", label=f"caches, {machine.cache:.0f} GB/s")
    roof = np.minimum(peak, machine.bandwidth * x)
    ax.plot(x, roof, color="0.2", label=f"{peak:.0f} GFLOP/s, {machine.bandwidth:.0f} GB/s")
    total = found.seconds or 0.0
    for section in dict.fromkeys(p.section for p in drawn):
        points = [p for p in drawn if p.section == section]
        sizes = [20 + 600 * (p.seconds or 0.0) / total if total else 40 for p in points]
        colour = COLOURS.get(section, "0.4")
        ax.scatter(
            [p.intensity for p in points],
            [_height(p) for p in points],
            sizes,
            facecolors=colour if total else "none",
            edgecolors=colour,
            alpha=0.6,
            label=section,
        )
    named: list[Point] = []
    for p in sorted(drawn, key=lambda p: -(p.seconds or p.flops)):
        if len(named) < labels and not any(_overlap(p, q) for q in named):
            place = p.intensity, _height(p)
            ax.annotate(p.label, place, (5, 5), textcoords="offset points", fontsize=7)
            named.append(p)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="computational intensity (FLOPs per byte)",
        ylabel="GFLOP/s",
        title=f"{found.name}, {dtype}, {machine.name}",
    )
    ax.legend(fontsize=8)
    return ax


def _overlap(p: Point, q: Point) -> bool:
    """Whether the names of two points would lie over each other."""
    high = abs(np.log10(_height(p) / _height(q)))
    return bool(high < 0.12 and abs(np.log10(p.intensity / q.intensity)) < 0.5)


def _height(p: Point) -> float:
    return p.roof if p.gflops is None else p.gflops


#: what the lectures show: GFLOP/s, at which N where that is told
LECTURES = (
    ("P100, double, level 3 (peak 4700)", None, 4503.0),
    ("P100, double, level 2", None, 145.0),
    ("P100, double, level 1", None, 52.0),
    ("Colab GPU, single", None, 7077.0),
    ("Colab CPU", None, 69.0),
    ("CPU, double, N = 5000", 5000, 33.8),
)


def draw(results: Sequence[Mapping[str, Any]], lectures: bool = True) -> Figure:
    """The lecture's curve, GFLOP/s of C ← AB + C against N, beside the routines under the roof.

    Args:
        results: what `python -m bench blas --json` wrote: of a CPU, or of that and a GPU.
        lectures: mark what the lectures show.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure = new_figure(13.0, 5.2)
    left, right = figure.subplots(1, 2)
    draw_rates(results, left, lectures=lectures)
    draw_routines(results[0], right)
    return figure


def draw_rates(
    results: Sequence[Mapping[str, Any]],
    ax: Axes | None = None,
    *,
    routine: str = "gemm",
    lectures: bool = True,
) -> Axes:
    """GFLOP/s of a routine against N, both logarithmic; the raw library's dashed."""
    ax, colours = new_axes(ax), count()
    ax.set(xscale="log", yscale="log", xlabel="N", ylabel="GFLOP/s", title=f"{routine} against N")
    high = 1
    for data in results:
        found = [r for r in rates(data) if _is(r, routine)]
        labels = {c["name"]: c["label"] for c in data["competitors"]}
        where = data["peaks"]["name"]
        for dtype in dict.fromkeys(r.problem.dtype for r in found):
            colour = f"C{next(colours)}"
            for who, style in (("flat", "o-"), ("raw", "x--")):
                met = [r for r in found if (r.competitor, r.problem.dtype) == (who, dtype)]
                if met:
                    sizes, y = [r.problem.n for r in met], [r.gflops for r in met]
                    label = f"{labels[who]}, {dtype}, {where}"
                    ax.plot(sizes, y, style, color=colour, label=label, markersize=5)
                    high = max(high, *sizes)
    if lectures and routine == "gemm":
        for label, order, rate in LECTURES:
            place = order or 1.1 * high, rate
            ax.plot(*place, "*" if order else "_", color="0.4", markersize=9)
            ax.annotate(label, place, (6, -3), textcoords="offset points", fontsize=6.5)
        ax.set_xlim(right=4 * high)
    sizes = sorted({r.problem.n for data in results for r in rates(data) if _is(r, routine)})
    ax.set_xticks(sizes, [f"{n}" for n in sizes], rotation=90)
    ax.minorticks_off()
    if ax.get_legend_handles_labels()[0]:  # none where the routine was not measured
        ax.legend(fontsize=7)
    return ax


def _is(r: Rate, routine: str) -> bool:
    return r.problem.routine.name == routine


def draw_routines(data: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """The flat programs of all routines, at their largest N, under the roof of each dtype."""
    ax, machine = new_axes(ax), Machine.from_json(data["peaks"])
    largest: dict[tuple[str, str], Rate] = {}
    for r in rates(data):
        key = r.problem.routine.name, r.problem.dtype
        if r.competitor == "flat" and (key not in largest or r.problem.n > largest[key].problem.n):
            largest[key] = r
    intensities = [r.intensity for r in largest.values()] or [1.0]
    x = np.geomspace(min(intensities) / 2, max(intensities) * 2, 200)
    for k, dtype in enumerate(machine.flops):
        colour = f"C{k}"
        ax.plot(x, [machine.roof(i, dtype) for i in x], color=colour, label=f"roof, {dtype}")
        points = [r for (_, kind), r in largest.items() if kind == dtype]
        ax.plot([r.intensity for r in points], [r.gflops for r in points], "o", color=colour)
        for near in _groups(points):
            text = ", ".join(dict.fromkeys(r.problem.routine.name for r in near))
            place, side = (near[-1].intensity, near[-1].gflops), "left"
            offset = (4, -8)
            if near[-1].intensity > machine.ridge(dtype):
                side, offset = "right", (8, -11)
            ax.annotate(
                *(text, place, offset),
                textcoords="offset points",
                fontsize=6,
                color=colour,
                horizontalalignment=side,
            )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="computational intensity (FLOPs per byte)",
        ylabel="GFLOP/s",
        title=f"routines at their largest N; {machine.name}, {machine.bandwidth:.0f} GB/s",
    )
    ax.legend(fontsize=7)
    return ax


def _groups(points: Sequence[Rate]) -> list[list[Rate]]:
    """Points whose names would lie over each other share one."""
    found: list[list[Rate]] = []
    for r in sorted(points, key=lambda r: r.intensity):
        for near in found:
            across = np.log10(r.intensity / near[0].intensity)
            if across < 1 and abs(np.log10(r.gflops / near[0].gflops)) < 0.12:
                near.append(r)
                break
        else:
            found.append([r])
    return found
