"""What a model of two features says over a part of the plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from autodiff import Tensor
from nn.models import Model
from nn.plots._canvas import (
    AROUND_0,
    FROM_0,
    array,
    axes,
    colours,
    grid,
    labels_of,
    same_length,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Extent = tuple[float, float, float, float]
UNIT: Extent = (0.0, 1.0, 0.0, 1.0)


def decision_regions(
    model: Any,
    x: Any = None,
    y: Any = None,
    extent: Extent | None = None,
    resolution: int = 200,
    from_logits: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Which class a model takes points of the plane for, and how sure it is of it.

    Each class has a colour, that is the paler the less probable the class; black lines run where
    another class becomes the most probable, or the second of two classes as probable as the first.

    model: an `nn` model, a function of points (N, 2), or an estimator of scikit-learn, that gives
        probabilities, (N, K), or that of the second of two classes, (N,) or (N, 1); or labels.
    x, y: points (N, 2) that are drawn too, and their classes: (N,) or (N, 1), numbers from 0 or, of
        an estimator, what it was fitted to; or one-hot rows.
    extent: (left, right, bottom, top); by default [0, 1]², or where the points lie if they do not
        lie there. resolution: how many points along each side.
    from_logits: the model gives logits.

    >>> ax = decision_regions(lambda points: points[:, 0], [[0.1, 0.2], [0.9, 0.5]], [0, 1])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x₁', 'x₂')
    """
    points = None if x is None else array("x", x, 2)
    if points is not None and points.shape[1] != 2:
        raise ValueError(f"x has shape {points.shape}; expected points (N, 2)")
    names = getattr(model, "classes_", None)
    truth = None if y is None else _numbers(labels_of("y", y), names)
    if truth is not None and points is None:
        raise ValueError("y are the classes of points x, and there is no x")
    same_length(x=points, y=truth)
    if extent is None:
        extent = UNIT if points is None else _around(points)
    p = _probabilities(_on_grid(_scores(model, names), extent, resolution), from_logits)
    classes = p.shape[-1]
    if truth is not None and not np.isin(truth, np.arange(classes)).all():
        raise ValueError(
            f"y has the classes {np.unique(y)[:10].tolist()}; the model tells "
            f"{classes if names is None else names[:10].tolist()} apart"
        )
    ax = axes(ax, 5.0, 4.6)
    colour = colours(classes)
    strength = 0.75 * (p.max(axis=-1, keepdims=True) - 1 / classes) / (1 - 1 / classes)
    shade = 1 - strength * (1 - colour[p.argmax(axis=-1)])
    ax.imshow(shade, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    for k in range(1 if classes == 2 else 0, classes):
        others = np.delete(p, k, axis=-1).max(axis=-1)
        ahead = p[..., k] - others
        if ahead.min() < 0 < ahead.max():
            ax.contour(*_lines(extent, resolution), ahead, [0.0], colors="black", linewidths=1)
    if points is not None:
        chosen = "white" if truth is None else colour[truth.astype(int)]
        ax.scatter(points[:, 0], points[:, 1], s=14, c=chosen, edgecolors="black", linewidths=0.5)
    ax.set(xlabel="x₁", ylabel="x₂", xlim=extent[:2], ylim=extent[2:])
    return ax


def hidden_maps(
    model: Model,
    layer: int | str = 0,
    extent: Extent = UNIT,
    resolution: int = 100,
    columns: int = 4,
    figure: Figure | SubFigure | None = None,
) -> NDArray[Any]:
    """What each unit of a hidden layer gives over the plane: one picture per unit, one scale.

    model: with two features. layer: its number or name; a layer of units, (N, units).

    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(4, "sigmoid", input_shape=(2,)), layers.Dense(1)])
    >>> hidden_maps(model).shape
    (4,)
    """
    found = model.get_layer(layer) if isinstance(layer, str) else model.layers[layer]
    inner = Model(model.inputs, found.output)
    values = _on_grid(_scores(inner), extent, resolution)
    low, high = float(values.min()), float(values.max())
    largest = max(-low, high)
    scale, colours_of = ((-largest, largest), AROUND_0) if low < 0 else ((low, high), FROM_0)
    axs = grid(figure, values.shape[-1], columns, 2.0, 2.0, sharex=True, sharey=True)
    for k, ax in enumerate(axs):
        drawn = ax.imshow(
            values[..., k],
            origin="lower",
            extent=extent,
            aspect="auto",
            cmap=colours_of,
            vmin=scale[0],
            vmax=scale[1],
        )
        ax.set_title(f"{found.name}, unit {k + 1}", fontsize=9)
    axs[0].figure.colorbar(drawn, ax=axs.tolist(), shrink=0.8)
    return axs


def _scores(model: Any, names: NDArray[Any] | None = None) -> Callable[[Any], NDArray[Any]]:
    """The function from points to what a model says of them; names: of classes it may say."""
    if hasattr(model, "predict_proba"):
        return lambda points: np.asarray(model.predict_proba(points))
    if not callable(model) and not hasattr(model, "predict"):
        raise TypeError(f"expected a model or a function of points, got {model!r:.60}")

    def scores(points: NDArray[Any]) -> NDArray[Any]:
        found = model(points) if callable(model) else model.predict(points)
        values = found.numpy() if isinstance(found, Tensor) else np.asarray(found)
        return values if names is None else np.equal.outer(values, names).astype(np.float64)

    return scores


def _numbers(labels: NDArray[Any], names: NDArray[Any] | None) -> NDArray[Any]:
    """Labels as numbers from 0, −1 for those that are not among the names."""
    if names is None:
        return labels
    same = np.equal.outer(labels, names)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)


def _around(points: NDArray[Any]) -> Extent:
    """[0, 1]² if all points lie in it, else what they lie in and a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    if (low >= 0).all() and (high <= 1).all():
        return UNIT
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return left, right, bottom, top


def _lines(extent: Extent, resolution: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The middles of the squares that the plane is cut into, along both axes."""
    left, right, bottom, top = extent
    if not (left < right and bottom < top):
        raise ValueError(f"extent is (left, right, bottom, top), got {extent}")
    middles = (np.arange(resolution) + 0.5) / resolution
    return left + (right - left) * middles, bottom + (top - bottom) * middles


def _on_grid(
    scores: Callable[[NDArray[Any]], NDArray[Any]], extent: Extent, resolution: int
) -> NDArray[Any]:
    """(resolution, resolution, K): what is said of every square, from the bottom up."""
    across, up = _lines(extent, resolution)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(np.float32)
    values = scores(points)
    if values.shape[:1] != (len(points),) or values.ndim > 2:
        raise ValueError(
            f"the model gives shape {values.shape} for {len(points)} points; expected "
            f"({len(points)},) or ({len(points)}, K)"
        )
    return values.reshape(resolution, resolution, -1)


def _probabilities(scores: NDArray[Any], from_logits: bool) -> NDArray[Any]:
    """(..., K) probabilities of K classes, two at least."""
    if scores.shape[-1] == 1:
        if scores.dtype.kind in "iu" and scores.max() > 1:
            return (scores == np.arange(scores.max() + 1)).astype(np.float64)
        p = ad.sigmoid(scores).numpy() if from_logits else scores
        p = np.concatenate([1 - p, p], axis=-1)
    else:
        p = ad.softmax(scores).numpy() if from_logits else scores
    if not (p.min() >= -1e-6 and p.max() <= 1 + 1e-6):
        raise ValueError(
            f"the model gives numbers from {scores.min():g} to {scores.max():g}, which are no "
            "probabilities; logits need from_logits=True"
        )
    return p
