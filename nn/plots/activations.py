"""Functions of one variable: activations with their derivatives, and functions that were learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from autodiff import Tensor
from nn import activations
from nn.plots._canvas import FALSE, INK, PALE, array, axes, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: activations of whole rows, drawn for a row (x, 0, 0) if no other is given
OF_ROWS = ("softmax", "log_softmax")


def activation(
    function: str | Callable[[Any], Any],
    extent: tuple[float, float] = (-5.0, 5.0),
    others: Sequence[float] | None = None,
    resolution: int = 401,
    ax: Axes | None = None,
) -> Axes:
    """An activation, and dashed its derivative, which a tape gives.

    function: a name or function that `nn.activations` knows, element by element; or of rows, as
        softmax is. extent: of x.
    others: then, the rest of the row: the first output is drawn for rows (x, *others), and its
        derivative by x.

    >>> ax = activation("sigmoid")
    >>> f, derivative = ax.get_lines()[:2]
    >>> float(f.get_ydata()[200]), float(derivative.get_ydata()[200])
    (0.5, 0.25)
    """
    f = activations.get(function)
    name = function if isinstance(function, str) else getattr(function, "__name__", "f")
    if others is None:
        others = (0.0, 0.0) if name in OF_ROWS else ()
    x = np.linspace(*_increasing(extent), resolution)
    points = ad.asarray(x)
    with ad.GradientTape() as tape:
        tape.watch(points)
        if others:
            rest = ad.asarray(np.broadcast_to(np.asarray(others, float), (len(x), len(others))))
            y = f(ad.concat([ad.expand_dims(points, axis=1), rest], axis=1))[:, 0]
        else:
            y = f(points)
    if y.shape != points.shape:
        raise ValueError(f"{name} gives shape {y.shape} for {points.shape}; it is no activation")
    slope = tape.gradient(y, points, unconnected_gradients="zero")
    row = "x" if not others else f"x, {', '.join(f'{value:g}' for value in others)}"
    ax = axes(ax)
    ax.plot(x, np.asarray(y), color=INK, label=f"{name}({row})")
    ax.plot(x, np.asarray(slope), "--", color=FALSE, label="its derivative")
    ax.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    ax.set(xlabel="x", xlim=extent)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def learned_function(
    model: Any,
    x: Any = None,
    y: Any = None,
    truth: Callable[[NDArray[Any]], Any] | None = None,
    extent: tuple[float, float] | None = None,
    resolution: int = 300,
    ax: Axes | None = None,
) -> Axes:
    """A function of one feature as a model has learnt it, what it learnt from, and the true one.

    model: an `nn` model, an estimator of scikit-learn, or a function, of (N, 1), that gives (N, 1)
        or (N,). x, y: the samples it has seen. truth: a function of an array (resolution, 1).
    extent: of x; by default that of the samples, or (0, 1).

    >>> ax = learned_function(lambda x: 2 * x, [[0.0], [3.0]], [0.5, 6.0], extent=(0, 3))
    >>> [line.get_label() for line in ax.get_lines()]
    ['samples', 'learnt']
    """
    seen = None if x is None else array("x", x).reshape(-1)
    values = None if y is None else array("y", y).reshape(-1)
    if (seen is None) != (values is None):
        raise ValueError("samples are x and y; given one of them")
    same_length(x=seen, y=values)
    if extent is None:
        extent = (0.0, 1.0) if seen is None else (float(seen.min()), float(seen.max()))
    points = np.linspace(*_increasing(extent), resolution, dtype=np.float32)[:, None]
    learnt = _values(model if callable(model) else model.predict, points)
    ax = axes(ax)
    if seen is not None and values is not None:
        ax.plot(seen, values, ".", color=PALE, label="samples")
    if truth is not None:
        ax.plot(points[:, 0], _values(truth, points), color=INK, label="true")
    ax.plot(points[:, 0], learnt, "--", color=FALSE, label="learnt")
    ax.set(xlabel="x", ylabel="y", xlim=extent)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def _values(f: Callable[[Any], Any], points: NDArray[Any]) -> NDArray[Any]:
    found = f(points)
    values = found.numpy() if isinstance(found, Tensor) else np.asarray(found)
    if values.size != len(points):
        raise ValueError(f"expected one number per row of {points.shape}, got {values.shape}")
    return values.reshape(-1)


def _increasing(extent: tuple[float, float]) -> tuple[float, float]:
    low, high = extent
    if not low < high:
        raise ValueError(f"extent is (from, to), got {extent}")
    return low, high
