"""What the demo writes: weights, pictures of the run, and diagrams of what was computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import autodiff as ad
from bench import _figures
from bench._mlp_data import Digits
from bench._mlp_history import History
from nn.losses import Loss
from nn.models import Sequential


def write_weights(folder: Path, model: Sequential) -> None:
    """The model's parameters as a safetensors file."""
    _write(folder / "weights.safetensors", "what was learnt", model.save_weights)


def write_pictures(
    folder: Path, model: Sequential, loss_of: Loss, digits: Digits, history: History, title: str
) -> None:
    """The loss curve, some digits with their probabilities, and two diagrams."""
    _write(
        folder / "loss.png",
        "how the loss fell",
        lambda path: _figures.loss_curve(path, history.losses, history.epochs, title),
    )
    _write(
        folder / "digits.png",
        "held-out digits and what the network makes of them",
        lambda path: draw_digits(path, model, digits),
    )
    _write(folder / "neuron.svg", "a sigmoid neuron, values above, gradients below", draw_neuron)
    _write(
        folder / "training-step.svg",
        "the loss of one batch, as it was recorded",
        lambda path: draw_training_step(path, model, loss_of, digits),
    )


def _write(path: Path, what: str, write: Callable[[Path], None]) -> None:
    """Write a file and say so; where an optional package is missing, say that instead."""
    try:
        write(path)
    except (ImportError, RuntimeError) as error:
        print(f"  {path.name:21} is not there: {error}")
    else:
        print(f"  {path.name:21} {what}")


def draw_digits(path: Path, model: Sequential, digits: Digits, columns: int = 4) -> None:
    """A row of different digits that are read right, and a row of those that are read wrong."""
    p = ad.softmax(model(digits.x_test)).numpy()
    right = p.argmax(axis=1) == digits.y_test
    _, first = np.unique(digits.y_test[right], return_index=True)
    rows = [
        *np.flatnonzero(right)[np.sort(first)[:columns]],
        *np.flatnonzero(~right)[:columns],
    ]
    _figures.digits(path, digits.x_test[rows], digits.y_test[rows], p[rows], columns)


def draw_neuron(path: Path) -> None:
    """f(w, x) = 1 / (1 + exp(−(w0·x0 + w1·x1 + w2))), unfolded into its gates."""
    w0, w1, w2, x0, x1 = (
        ad.Variable(value, name=name)
        for name, value in {"w0": 2.0, "w1": -3.0, "w2": -3.0, "x0": -1.0, "x1": -2.0}.items()
    )
    with ad.GradientTape() as tape:
        f = 1 / (1 + ad.exp(-(w0 * x0 + w1 * x1 + w2)))
    tape.diagram(f, names={f: "f"}).render(outfile=path, cleanup=True)


def draw_training_step(
    path: Path, model: Sequential, loss_of: Loss, digits: Digits, batch: int = 32
) -> None:
    """The recorded graph of the loss of one batch, from images and parameters to the mean."""
    x, y = ad.asarray(digits.x_train[:batch]), ad.asarray(digits.y_train[:batch])
    with ad.GradientTape() as tape:
        tape.watch(x)
        loss = loss_of(y, model(x))
    diagram = tape.diagram(loss, names={x: "images", y: "labels", loss: "loss"})
    diagram.render(outfile=path, cleanup=True)
