"""Ways down: the steps that optimizers take, on a curve or on contours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
import optim
from nn.plots._canvas import FALSE, INK, PALE, axes, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: an optimizer that has taken no step yet, or the points that were gone through
Way = Any


def descent(
    f: Callable[[Any, Any], Any],
    ways: Mapping[str, Way] | Iterable[optim.Optimizer],
    start: tuple[float, float],
    steps: int = 30,
    extent: tuple[float, float, float, float] | None = None,
    levels: int | Iterable[float] = 20,
    ax: Axes | None = None,
) -> Axes:
    """The ways that optimizers take from a point to a minimum of f(x, y), on its contours.

    f: of two Tensors of one shape, element by element.
    ways: optimizers by name, or several optimizers; or points (K, 2) that were gone through.
    start: (x, y). steps: of each optimizer. extent: (left, right, bottom, top); by default all
        ways are seen. levels: of the contours, or how many.

    >>> ax = descent(lambda x, y: x**2 + y**2, {"η = 0.25": optim.SGD(0.25)}, (1.0, 1.0), steps=1)
    >>> ax.get_lines()[0].get_xydata().tolist()
    [[1.0, 1.0], [0.5, 0.5]]
    """
    paths = _paths(lambda w: f(w[0], w[1]), ways, np.array(start, float).reshape(2), steps)
    if extent is None:
        extent = _around(np.concatenate(list(paths.values())))
    left, right, bottom, top = extent
    across, up = np.linspace(left, right, 200), np.linspace(bottom, top, 200)
    x, y = np.meshgrid(across, up)
    heights = _values(f, x, y)
    ax = axes(ax)
    chosen = levels if isinstance(levels, int) else sorted(levels)
    ax.contour(x, y, heights, chosen, cmap="Greys_r", linewidths=0.7)
    for (name, path), colour in zip(paths.items(), colours(len(paths)), strict=True):
        ax.plot(*path.T, ".-", color=colour, linewidth=1, markersize=4, label=name)
    ax.plot(*start, "o", color="black", markersize=5)
    ax.set(xlabel="x", ylabel="y", xlim=(left, right), ylim=(bottom, top))
    ax.legend()
    return ax


def descent_on_curve(
    f: Callable[[Any], Any],
    ways: Mapping[str, Way] | Iterable[optim.Optimizer],
    start: float,
    steps: int = 10,
    extent: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The steps that optimizers take down the curve of f(x), as too small and too large rates do.

    f: of a Tensor, element by element. ways: as for `descent`, with points (K,). extent: of x.

    >>> ax = descent_on_curve(lambda x: x**2, [optim.SGD(0.5)], start=2.0, steps=1)
    >>> ax.get_lines()[1].get_xydata().tolist()
    [[2.0, 4.0], [0.0, 0.0]]
    """
    paths = _paths(lambda w: f(w[0]), ways, np.array([start], float), steps)
    if extent is None:
        left, right, *_ = _around(np.repeat(np.concatenate(list(paths.values())), 2, axis=1))
        extent = left, right
    x = np.linspace(*extent, 400)
    heights = _values(f, x)
    ax = axes(ax)
    ax.plot(x, heights, color=PALE, zorder=0)
    for (name, path), colour in zip(paths.items(), colours(len(paths)), strict=True):
        heights = _values(f, path[:, 0])
        ax.plot(path[:, 0], heights, ".-", color=colour, linewidth=1, label=name)
    ax.set(xlabel="x", ylabel="f(x)", xlim=extent)
    ax.legend()
    return ax


def best_step(
    f: Callable[[Any], Any],
    x: float,
    extent: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How far to go from a point of the curve of f: to the lowest point of the parabola there.

    The parabola has the curve's height, slope and curvature at x. Down to its lowest point it is
    |f′|/f″, so that the best rate of gradient descent is 1/f″; at twice that the parabola is as
    high as before. Where the step leads to on the curve is drawn too.

    f: of a Tensor, element by element.
    extent: of x; by default from a step uphill to three downhill.

    Raises ValueError where the slope is 0, or where f does not curve upwards, so that there is no
    lowest point.

    >>> ax = best_step(lambda x: x**2 + x**4, 1.0)
    >>> [line.get_label() for line in ax.get_lines()[:3]]
    ['f', 'parabola', 'step |f′|/f″ = 0.429, rate 1/f″ = 0.0714']
    >>> ax.get_lines()[2].get_xdata().round(3).tolist()
    [1.0, 0.571]

    Source: Y. LeCun et al., "Efficient BackProp" (1998), section 5.1.
    """
    value, slope, curvature = _derivatives(f, x)
    if not (curvature > 0 and slope != 0):
        raise ValueError(f"no best step from {x}: f′ is {slope:g} and f″ is {curvature:g}")
    step = -slope / curvature
    if extent is None:
        left, right = sorted((x - step, x + 3 * step))
        extent = left, right
    t = np.linspace(*extent, 400)
    parabola = value + slope * (t - x) + curvature / 2 * (t - x) ** 2
    heights = _values(f, t)
    lowest = value + slope * step / 2
    ax = axes(ax)
    ax.plot(t, heights, color=INK, label="f")
    ax.plot(t, parabola, "--", color=FALSE, label="parabola")
    label = f"step |f′|/f″ = {abs(step):.3g}, rate 1/f″ = {1 / curvature:.3g}"
    ax.plot([x, x + step], [value, lowest], ".-", color="black", linewidth=1, label=label)
    reached = _values(f, np.array([x + step]))[0]
    ax.plot([x + step] * 2, [lowest, reached], ":", color="black", linewidth=1)
    ax.plot([x, x + step], [value, reached], "o", color=INK, markersize=5)
    low, high = min(heights.min(), lowest), heights.max()
    margin = 0.05 * (high - low)
    ax.set(xlabel="x", ylabel="f(x)", xlim=extent, ylim=(low - margin, high + margin))
    ax.legend()
    return ax


def _derivatives(f: Callable[[Any], Any], x: float) -> tuple[float, float, float]:
    """f, f′ and f″ at a point."""
    point = ad.Variable(np.array([x], float))
    with ad.GradientTape() as outer:
        with ad.GradientTape() as inner:
            y = f(point)
        slope = inner.gradient(y, point, unconnected_gradients="zero")
    curvature = outer.gradient(slope, point, unconnected_gradients="zero")
    if y.shape != point.shape:
        raise ValueError(f"f gives shape {y.shape} for arguments of shape {point.shape}")
    return y.item(), slope.item(), curvature.item()


def _values(f: Callable[..., Any], *points: NDArray[Any]) -> NDArray[Any]:
    """f, element by element; ValueError for a function of another kind."""
    found = np.asarray(f(*map(ad.asarray, points)))
    if found.shape != points[0].shape:
        raise ValueError(f"f gives shape {found.shape} for arguments of shape {points[0].shape}")
    return found


def _paths(
    f: Callable[[Any], Any], ways: Any, start: NDArray[Any], steps: int
) -> dict[str, NDArray[Any]]:
    """Name -> the points of a way, (K, n)."""
    if not isinstance(ways, Mapping):
        ways = {_title(way): way for way in ways}
    if not ways:
        raise ValueError("there is no way to draw")
    return {
        name: _steps(f, way, start, steps)
        if isinstance(way, optim.Optimizer)
        else np.asarray(way, float).reshape(-1, len(start))
        for name, way in ways.items()
    }


def _steps(
    f: Callable[[Any], Any], optimizer: optim.Optimizer, start: NDArray[Any], steps: int
) -> NDArray[Any]:
    """The points that an optimizer goes through, the first included."""
    if optimizer.built:
        raise ValueError(
            f"this {type(optimizer).__name__} has taken steps already; expected one without state"
        )
    w = ad.Variable(start)
    points = [start]
    for _ in range(steps):
        optimizer.minimize(lambda: f(w), [w])
        points.append(w.numpy())
    return np.array(points)


def _title(optimizer: Any) -> str:
    if not isinstance(optimizer, optim.Optimizer):
        raise TypeError(f"expected optimizers, or ways by name; got {optimizer!r:.60}")
    return f"{type(optimizer).__name__}, rate {float(optimizer.learning_rate):g}"


def _around(points: NDArray[Any]) -> tuple[float, float, float, float]:
    """What points lie in, with a margin around it."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * (high - low) + 0.1 * float((high - low).max() or 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return left, right, bottom, top
