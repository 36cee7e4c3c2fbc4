"""A batch on its way through a network: matrix by matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from nn.layers import Dense
from nn.losses import sparse_categorical_crossentropy
from nn.models import Model
from nn.plots._canvas import AROUND_0, INK, array, labels_of, new_figure, same_length, without_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure


class Stage(NamedTuple):
    """A matrix on the way."""

    name: str
    values: NDArray[Any]
    between: str  # it and the one before


def flow(
    model: Model,
    x: Any,
    labels: Any,
    from_logits: bool = False,
    figure: Figure | SubFigure | None = None,
) -> NDArray[Any]:
    """A batch, every weight matrix and what it gives, probabilities beside the truth, the losses.

    model: Dense layers one after the other, which others may lie between; the last gives the
        probabilities of K classes, or with from_logits their logits.
    x: (N, ...), a small batch, and labels: (N,) or one-hot; both are rows from above.

    Gives the Axes in order. The last one shows the cross-entropy of each row, and their mean.

    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(4, "relu", input_shape=(6,))])
    >>> model.add(layers.Dense(3, "softmax"))
    >>> axs = flow(model, np.ones((2, 6)), [0, 1])
    >>> [ax.get_title() for ax in axs][:3]
    ['x\\n2 × 6', 'W₁\\n6 × 4', 'h₁\\n2 × 4']
    """
    truth = labels_of("labels", labels).astype(int)
    batch = array("x", x)
    same_length(x=batch, labels=truth)
    stages = _stages(model, batch, from_logits)
    p = stages[-1].values
    classes = p.shape[1]
    if not (truth.min() >= 0 and truth.max() < classes):
        raise ValueError(f"labels from {truth.min()} to {truth.max()} for {classes} classes")
    stages.append(Stage("truth", np.eye(classes)[truth], "↔"))
    losses = sparse_categorical_crossentropy(truth, p).numpy()
    widths = [1.0 + 0.08 * min(stage.values.shape[1], 30) for stage in stages] + [2.0]
    if figure is None:
        figure = new_figure(sum(widths), 3.2)
    axs: NDArray[Any] = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    for ax, stage in zip(axs[:-1], stages, strict=True):
        _draw(ax, stage)
    _draw_losses(axs[-1], losses)
    return axs


def _stages(model: Model, batch: NDArray[Any], from_logits: bool) -> list[Stage]:
    """All matrices up to the probabilities."""
    dense = [layer for layer in model.layers if isinstance(layer, Dense)]
    if not dense:
        raise ValueError(f"{model.name!r} has no Dense layers to draw")
    h = ad.asarray(batch)
    stages = [Stage("x", batch.reshape(len(batch), -1), "")]
    for layer in model.layers:
        h = layer(h)
        if isinstance(layer, Dense):
            number = str(dense.index(layer) + 1).translate(_SUBSCRIPTS)
            stages.append(Stage(f"W{number}", layer.kernel.numpy(), "·"))
            stages.append(Stage(f"h{number}", h.numpy(), "→"))
    p = ad.softmax(h) if from_logits else h
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"{model.name!r} gives shape {p.shape}; expected (N, K), K at least 2")
    stages[-1] = Stage("p", p.numpy(), "→")
    return stages


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _draw(ax: Any, stage: Stage) -> None:
    """One matrix, on a scale of its own around 0."""
    largest = float(np.abs(stage.values).max()) or 1.0
    rows, columns = stage.values.shape
    ax.imshow(
        _even(stage.values),
        cmap=AROUND_0,
        vmin=-largest,
        vmax=largest,
        aspect="auto",
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
    )
    ax.set_title(f"{stage.name}\n{rows} × {columns}", fontsize=9)
    ax.set_ylabel(stage.between, rotation=0, fontsize=14, va="center", ha="right")
    without_ticks(ax)


def _even(values: NDArray[Any]) -> NDArray[Any]:
    """Rows or columns repeated until there are as many of both.

    Many columns are smoothed when they are drawn small, and ten rows would be with them.
    """
    rows, columns = values.shape
    return values.repeat(-(-columns // rows), axis=0).repeat(-(-rows // columns), axis=1)


def _draw_losses(ax: Any, losses: NDArray[Any]) -> None:
    """The cross-entropy of every row, the first at the top."""
    rows = range(len(losses))
    ax.barh(rows, losses, color=INK)
    for row, loss in zip(rows, losses, strict=True):
        ax.text(loss, row, f" {loss:.3f}", va="center", fontsize=7)
    ax.set(yticks=[], ylim=(len(losses) - 0.5, -0.5), xlim=(0, 1.5 * max(losses.max(), 1e-3)))
    ax.tick_params(labelsize=7)
    ax.set_title(f"−ln p(truth)\nmean {losses.mean():.3f}", fontsize=9)
