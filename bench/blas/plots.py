"""Figures of what BLAS and programs reach on a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.blas._roofline import Point, Roofline

#: section -> colour
COLOURS = {"forward": "#1f77b4", "backward": "#d62728", "update": "#2ca02c"}


def new_axes(ax: Axes | None, width: float = 7.0, height: float = 4.8) -> Axes:
    """`ax`, or new Axes in a figure of their own; ImportError without matplotlib."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "pictures are drawn by matplotlib, which is not installed: "
            "pip install 'autodiff-tape[plots]'"
        ) from error
    return pyplot.figure(figsize=(width, height), layout="constrained").add_subplot()


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
