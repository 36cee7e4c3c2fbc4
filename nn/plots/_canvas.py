"""Where pictures are drawn, and in which colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

INK, PALE, TRUE, FALSE = "#1f4e79", "#c3d0de", "#2e8b57", "#c0392b"
#: numbers around 0, and numbers from 0 up
AROUND_0, FROM_0 = "RdBu_r", "viridis"


def new_figure(width: float, height: float) -> Figure:
    """A figure of this size, in inches, that pyplot shows; ImportError without matplotlib."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "pictures are drawn by matplotlib, which is not installed: "
            "pip install 'autodiff-tape[plots]'"
        ) from error
    return pyplot.figure(figsize=(width, height), layout="constrained")


def axes(ax: Axes | None, width: float = 6.0, height: float = 4.0) -> Axes:
    """`ax`, or new Axes in a figure of their own."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def grid(
    figure: Figure | SubFigure | None,
    count: int,
    columns: int,
    width: float,
    height: float,
    **options: Any,
) -> NDArray[Any]:
    """`count` Axes in rows of `columns`, each of this size where there is no figure yet.

    Those that a last row has left over are taken away.
    """
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = max(1, min(columns, count))
    rows = max(1, -(-count // columns))
    if figure is None:
        figure = new_figure(width * columns, height * rows + 0.3)
    found: NDArray[Any] = figure.subplots(rows, columns, squeeze=False, **options).reshape(-1)
    for unused in found[count:]:
        unused.remove()
    return found[:count]


def without_ticks(ax: Axes) -> None:
    """Leave the frame and take the numbers away."""
    ax.set(xticks=[], yticks=[])


def colours(count: int) -> NDArray[Any]:
    """(count, 3): a colour for each class, that can be told apart; they repeat after 20."""
    from matplotlib import colormaps

    names = "tab10" if count <= 10 else "tab20"
    found: NDArray[Any] = colormaps[names](np.arange(count) % 20)[:, :3]
    return found


def array(name: str, value: Any, ndim: int | None = None) -> NDArray[Any]:
    """Numbers as an array; ValueError for another number of axes than expected, and for none."""
    found = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if ndim is not None and found.ndim != ndim:
        raise ValueError(f"{name} has shape {found.shape}; expected {ndim} axes")
    if not found.size:
        raise ValueError(f"{name} of shape {found.shape} is empty")
    return found


def same_length(**arrays: Any) -> None:
    """ValueError where arrays that are there differ in their number of rows."""
    given = {name: np.shape(value) for name, value in arrays.items() if value is not None}
    if len({shape[:1] for shape in given.values()}) > 1:
        shapes = ", ".join(f"{name} {shape}" for name, shape in given.items())
        raise ValueError(f"these differ in their number of rows: {shapes}")


def labels_of(name: str, y: Any) -> NDArray[Any]:
    """(N,) of labels that are (N,) or (N, 1), or of (N, K) scores or one-hot rows the largest."""
    found = array(name, y)
    if found.ndim == 2 and found.shape[1] > 1:
        return found.argmax(axis=1)
    if found.ndim > 2 or (found.ndim == 2 and found.shape[1] != 1) or not found.ndim:
        raise ValueError(f"{name} has shape {found.shape}; expected (N,), (N, 1) or (N, K)")
    return found.reshape(-1)


def known_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """ValueError for a name that is not known."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ValueError(f"there is no {what} {name!r}; there is {', '.join(known)}")
