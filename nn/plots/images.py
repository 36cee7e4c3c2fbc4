"""Images: digits with what they are taken for, and weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nn.layers import Layer
from nn.models import Model
from nn.plots._canvas import (
    AROUND_0,
    FALSE,
    INK,
    TRUE,
    array,
    grid,
    labels_of,
    same_length,
    without_ticks,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure


def digits(
    images: Any,
    probabilities: Any = None,
    labels: Any = None,
    columns: int = 4,
    figure: Figure | SubFigure | None = None,
) -> NDArray[Any]:
    """Each image beside the bars of its classes' probabilities: green the truth, red a mistake.

    images: (N, height, width), or (N, height, width, 1); the larger a number the more ink.
    probabilities: (N, K), or None for the images alone. labels: the true classes.

    Gives Axes of shape (N, 2), image and bars, or (N,) without probabilities.

    >>> axs = digits(np.eye(8).reshape(1, 8, 8), [[0.9, 0.1]], [0])
    >>> axs[0, 1].get_title()
    '0: right, 90%'
    """
    pictures = array("images", images)
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    pictures = array("images", pictures, 3)
    p = None if probabilities is None else array("probabilities", probabilities, 2)
    truth = None if labels is None else labels_of("labels", labels).astype(int)
    same_length(images=pictures, probabilities=p, labels=truth)
    if p is None:
        axs = grid(figure, len(pictures), columns, 1.3, 1.5)
        for k, ax in enumerate(axs):
            _draw(ax, pictures[k], pictures)
            ax.set_title("" if truth is None else str(truth[k]), fontsize=9)
        return axs
    columns = min(columns, len(pictures))
    found = grid(
        figure, 2 * len(pictures), 2 * columns, 1.6, 1.9, width_ratios=[1, 1.2] * columns
    ).reshape(-1, 2)
    for k, (picture, chart) in enumerate(found):
        _draw(picture, pictures[k], pictures)
        guess = int(p[k].argmax())
        colour = [INK] * p.shape[1]
        title = f"{guess}, {p[k, guess]:.0%}"
        if truth is not None:
            colour[guess] = FALSE
            colour[truth[k]] = TRUE
            verdict = "right" if guess == truth[k] else f"taken for {guess}"
            title = f"{truth[k]}: {verdict}, {p[k, guess]:.0%}"
        chart.bar(range(p.shape[1]), p[k], color=colour)
        chart.set(xticks=range(p.shape[1]), yticks=[0, 1], ylim=(0, 1.05))
        chart.tick_params(labelsize=7)
        chart.set_title(title, fontsize=9)
    return found


def _draw(ax: Any, image: NDArray[Any], among: NDArray[Any]) -> None:
    """One of several images, all on one scale."""
    ax.imshow(image, cmap="gray_r", vmin=min(0, among.min()), vmax=among.max())
    ax.axis("off")


def weights(
    model: Any,
    shape: tuple[int, int] | None = None,
    columns: int = 8,
    figure: Figure | SubFigure | None = None,
) -> NDArray[Any]:
    """The weights of a first layer as pictures, one per unit: blue below 0, red above, one scale.

    model: a model, whose first layer with weights is taken, or a layer, or the weights: (d, units)
        of a Dense, or (height, width, 1, filters) of a Conv2D.
    shape: (height, width) of the images that the d features are; by default those of the model's
        input, or a square.

    Raises ValueError where d is no such image.

    >>> weights(np.ones((64, 16))).shape
    (16,)
    """
    kernel, known = _kernel(model)
    if kernel.ndim == 4 and kernel.shape[2] == 1:
        pictures = kernel[:, :, 0].transpose(2, 0, 1)
    elif kernel.ndim == 2:
        side = math.isqrt(len(kernel))
        height, width = shape or known or (side, side)
        if height * width != len(kernel):
            raise ValueError(
                f"{len(kernel)} features are no image of {height}×{width}; give shape="
            )
        pictures = kernel.T.reshape(-1, height, width)
    else:
        raise ValueError(
            f"the weights have shape {kernel.shape}; expected (d, units), "
            "or (height, width, 1, filters)"
        )
    largest = float(np.abs(pictures).max())
    axs = grid(figure, len(pictures), columns, 1.1, 1.1)
    for ax, picture in zip(axs, pictures, strict=True):
        ax.imshow(picture, cmap=AROUND_0, vmin=-largest, vmax=largest)
        without_ticks(ax)
    return axs


def _kernel(model: Any) -> tuple[NDArray[Any], tuple[int, int] | None]:
    """The first weights, and the shape of the images that they look at if it is known."""
    if not isinstance(model, Layer):
        return array("weights", model), None
    held = [v for v in model.weights if v.ndim in (2, 4)]
    if not held:
        raise ValueError(f"{model.name!r} has no layer with weights")
    image = None
    if isinstance(model, Model) and model.declared is not None:
        lengths = [n for n in model.declared if n is not None]
        image = (lengths[0], lengths[1]) if len(lengths) == 2 or lengths[2:] == [1] else None
    return held[0].numpy(), image
