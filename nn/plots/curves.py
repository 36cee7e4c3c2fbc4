"""How training went: numbers over epochs and steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.callbacks import History
from nn.plots._canvas import FALSE, INK, PALE, array, axes, colours, known_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves(
    history: History | Mapping[str, Sequence[float]], *names: str, ax: Axes | None = None
) -> Axes:
    """Numbers that `fit` reported, over the epochs: solid on training, dashed on validation data.

    history: what `fit` gave, or name -> one number per epoch. names: "loss" if none is given;
        "val_loss" comes with "loss" where it is there.

    Raises ValueError for a name that is not in the history, naming those that are.

    >>> curves({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}).get_ylabel()
    'loss'
    """
    numbers = history.history if isinstance(history, History) else dict(history)
    names = names or ("loss",)
    known_names("number", names, numbers)
    found = [
        array(name, numbers[name], 1)
        for chosen in names
        for name in (chosen, f"val_{chosen}")
        if name in numbers
    ]
    ax = axes(ax)
    lines = iter(found)
    for name, colour in zip(names, colours(len(names)), strict=True):
        for label, style in ((name, "-"), (f"val_{name}", "--")):
            if label in numbers:
                values = next(lines)
                marker = "o" if len(values) == 1 else None
                epochs = _epochs(history, len(values))
                ax.plot(epochs, values, style, color=colour, marker=marker, label=label)
    ax.set(xlabel="epoch", ylabel=names[0] if len(names) == 1 else "")
    ax.locator_params(axis="x", integer=True)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def _epochs(history: Any, count: int) -> Any:
    """Numbers of epochs, from 1; validation may have been after some of them only."""
    known = getattr(history, "epoch", ())
    return np.asarray(known) + 1 if len(known) == count else np.arange(count) + 1


def step_losses(
    losses: Sequence[float],
    epochs: int = 1,
    held_out: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The loss of every step and its running mean, on a logarithmic scale.

    losses: of all steps. epochs: over how many. held_out: the loss on held-out data, after each.

    >>> step_losses([1.0, 0.5, 0.4, 0.3], epochs=2, held_out=[0.6, 0.5]).get_xlabel()
    'epoch'
    """
    from matplotlib.ticker import LogLocator

    values = array("losses", losses, 1)
    if held_out is not None and len(held_out) != epochs:
        raise ValueError(f"held_out has {len(held_out)} losses for {epochs} epochs")
    ax = axes(ax)
    steps = (np.arange(len(values)) + 1) * epochs / len(values)
    window = max(1, len(values) // 100)
    mean = np.convolve(values, np.ones(window) / window, "valid")
    if window > 1:
        ax.plot(steps, values, color=PALE, linewidth=0.5, label="each step")
    label = f"mean of {window} steps" if window > 1 else "each step"
    ax.plot(steps[window - 1 :], mean, color=INK, label=label)
    least = mean.min()
    if held_out is not None:
        after = np.arange(epochs) + 1
        ax.plot(
            after,
            held_out,
            color=FALSE,
            marker="o",
            markersize=4,
            clip_on=False,
            zorder=3,
            label="held out",
        )
        least = min(least, held_out[-1])
    ax.set(xlabel="epoch", ylabel="loss", yscale="log", xlim=(0, epochs))
    ax.set_ylim(bottom=max(1e-4, 0.5 * least))
    ax.locator_params(axis="x", integer=True)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.grid(alpha=0.3)
    for line in ax.legend(loc="upper right").get_lines():  # "best" looks at every point
        line.set_linewidth(1.5)
    return ax
