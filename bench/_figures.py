"""Figures as PNG files, drawn by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from autodiff._files import write_atomically
from bench._mlp_history import Epoch
from nn import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_curve(path: Path, losses: Sequence[float], epochs: Sequence[Epoch], title: str) -> None:
    """The loss of every step, its running mean, and the held-out loss after every epoch."""
    figure = _figure(7.0, 4.2)
    held_out = [epoch.test_loss for epoch in epochs]
    axes = plots.step_losses(losses, len(epochs), held_out, figure.add_subplot())
    axes.set(ylabel="cross-entropy (nats)", title=title)
    _save(figure, path)


def digits(
    path: Path, images: NDArray[Any], labels: NDArray[Any], p: NDArray[Any], columns: int
) -> None:
    """Each image beside the bars of its ten probabilities."""
    figure = _figure(3.2 * columns, 1.9 * -(-len(images) // columns) + 0.3)
    plots.digits(images, p, labels, columns, figure)
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
