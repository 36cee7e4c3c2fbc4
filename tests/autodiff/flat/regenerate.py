"""The golden texts: programs whose readable text is kept, so that a change of it is seen and read.

They are written anew, with what the pages of the documentation show, by

    python -m tests.autodiff.flat.regenerate
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
from optim import SGD

from ... import pages

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python -m tests.autodiff.flat.regenerate"


def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    """The lecture's sigmoid neuron, its sigmoid one gate, with the gradients of all inputs."""
    inputs = [w0, x0, w1, x1, w2]
    with ad.GradientTape() as tape:
        tape.watch(inputs)
        z = w0 * x0 + w1 * x1 + w2
        f = ad.sigmoid(z)
    return f, tape.gradient(f, inputs)


def neuron_unfolded(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    """The same function of other gates: *−1, exp, +1, 1/x."""
    inputs = [w0, x0, w1, x1, w2]
    with ad.GradientTape() as tape:
        tape.watch(inputs)
        z = w0 * x0 + w1 * x1 + w2
        f = 1 / (1 + ad.exp(-z))
    return f, tape.gradient(f, inputs)


def training_step(widths: tuple[int, ...] = (784, 16, 16, 10), batch: int = 10) -> Any:
    """One step of SGD on a net of relu layers, and arguments for it."""
    random = np.random.default_rng(0)
    w1, w2, w3 = (
        ad.Variable(random.normal(0.0, 0.1, shape).astype(np.float32), name=f"w{k}")
        for k, shape in enumerate(pairwise(widths), 1)
    )
    b1, b2, b3 = (
        ad.Variable(np.zeros(n, np.float32), name=f"b{k}") for k, n in enumerate(widths[1:], 1)
    )
    parameters = [w1, b1, w2, b2, w3, b3]
    optimizer = SGD(learning_rate=0.01)

    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            h1 = ad.relu(x @ w1 + b1)
            h2 = ad.relu(h1 @ w2 + b2)
            logits = h2 @ w3 + b3
            loss = ad.mean(ad.softmax_cross_entropy(logits, y))
        gradients = tape.gradient(loss, parameters)
        optimizer.apply_gradients(zip(gradients, parameters, strict=True))
        return loss

    x = random.uniform(size=(batch, widths[0])).astype(np.float32)
    return step, (x, random.integers(0, widths[-1], batch))


#: the slide's w and x
NUMBERS = tuple(map(np.float64, (2.0, -1.0, -3.0, -2.0, -3.0)))
#: name of a file -> the function and its arguments
PROGRAMS: dict[str, Callable[[], tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    "neuron": lambda: (neuron, NUMBERS),
    "neuron_unfolded": lambda: (neuron_unfolded, NUMBERS),
    "training_step": training_step,
}


def text(name: str) -> str:
    """The readable text of a program."""
    f, args = PROGRAMS[name]()
    return ad.function(f).source(*args)


if __name__ == "__main__":
    for name in PROGRAMS:
        path = FOLDER / f"{name}.txt"
        path.write_text(text(name), encoding="utf-8")
        print(path)
    for path in pages.DOCS.rglob("*.md"):
        path.write_text(pages.refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(path)
