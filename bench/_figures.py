"""Figures as PNG files, drawn by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autodiff._files import write_atomically
from bench._mlp_history import Epoch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, PALE, TRUE, FALSE = "#1f4e79", "#c3d0de", "#2e8b57", "#c0392b"


def loss_curve(path: Path, losses: Sequence[float], epochs: Sequence[Epoch], title: str) -> None:
    """The loss of every step, its running mean, and the held-out loss after every epoch."""
    figure = _figure(7.0, 4.2)
    axes = figure.add_subplot()
    per_epoch = len(losses) / len(epochs)
    steps = (np.arange(len(losses)) + 1) / per_epoch
    window = max(1, len(losses) // 100)
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    axes.plot(steps, losses, color=PALE, linewidth=0.5, label="each step")
    axes.plot(steps[window - 1 :], mean, color=INK, label=f"mean of {window} steps")
    axes.plot(
        np.arange(len(epochs)) + 1,
        [epoch.test_loss for epoch in epochs],
        color=FALSE,
        marker="o",
        markersize=4,
        clip_on=False,
        zorder=3,
        label="held-out digits",
    )
    axes.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log", title=title)
    axes.set_xlim(0, len(epochs))
    axes.set_ylim(bottom=max(1e-4, 0.5 * min(mean.min(), epochs[-1].test_loss)))
    axes.locator_params(axis="x", integer=True)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    for line in axes.legend().get_lines():
        line.set_linewidth(1.5)
    _save(figure, path)


def digits(
    path: Path, images: NDArray[Any], labels: NDArray[Any], p: NDArray[Any], columns: int
) -> None:
    """Each image beside the bars of its ten probabilities: green the truth, red a mistake."""
    rows = -(-len(images) // columns)
    figure = _figure(3.2 * columns, 1.9 * rows + 0.3)
    grid = figure.subplots(rows, 2 * columns, squeeze=False, width_ratios=[1, 1.2] * columns)
    for axes in grid.flat:
        axes.axis("off")
    for k, (image, label, bars) in enumerate(zip(images, labels, p, strict=True)):
        row, column = divmod(k, columns)
        picture, chart = grid[row, 2 * column], grid[row, 2 * column + 1]
        picture.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        chart.axis("on")
        guess = int(bars.argmax())
        colors = [INK] * 10
        colors[guess] = FALSE
        colors[int(label)] = TRUE
        chart.bar(range(10), bars, color=colors)
        chart.set(xticks=range(10), yticks=[0, 1], ylim=(0, 1.05))
        verdict = "read right" if guess == label else f"read as {guess}"
        chart.set_title(f"{label}: {verdict}, {bars[guess]:.0%}", fontsize=9)
    figure.suptitle("Held-out digits, and the probability given to each of the ten", fontsize=11)
    _save(figure, path)


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "pictures are drawn by matplotlib, which is not installed: "
            "pip install 'autodiff-tape[plots]'"
        ) from error
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def _save(figure: Figure, path: Path) -> None:
    content = BytesIO()
    figure.savefig(content, format="png")  # a Figure by itself draws with Agg
    write_atomically(path, content.getvalue())
