"""LeNet-5's training step that `bench lenet` times: parameters, images, and the right answers.

Convolution 6@5×5 with padding, max pooling, convolution 16@5×5, max pooling, 120, 84, 10; softmax
cross-entropy, SGD with momentum. The answers come from plain NumPy in float64, images as they are
stored: windows laid out, one product. A competitor whose first steps disagree is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bench._case import Case
from bench.steps.problems import (
    CHECKED,
    LABELS,
    TOLERANCE,
    Array,
    StepCase,
    Training,
    error_of,
    on_host,
)

RATE = 0.01
MOMENTUM = 0.9
#: name and shape of every parameter, in order
SHAPES = {
    "k1": (5, 5, 1, 6),
    "b1": (6,),
    "k2": (5, 5, 6, 16),
    "b2": (16,),
    "w3": (400, 120),
    "b3": (120,),
    "w4": (120, 84),
    "b4": (84,),
    "w5": (84, 10),
    "b5": (10,),
}
PADDING = 2  # of the first convolution


@dataclass(frozen=True)
class Problem:
    """LeNet-5 on so many images at a time."""

    name: str
    batch: int


PROBLEMS = (Problem("batch 32", 32), Problem("batch 128", 128))
Trainer = Callable[[int, list[Array], Array, list[Array]], Training]


def inputs(batch: int) -> tuple[list[Array], Array, list[Array]]:
    """Parameters (float32), images (batch, 28, 28, 1) (float32), sets of labels (int64) for them.

    The sets contradict each other, so that the loss stays up however long the net is trained.
    """
    rng = np.random.default_rng(0)
    parameters: list[Array] = []
    for shape in SHAPES.values():
        if len(shape) == 1:
            parameters.append(np.zeros(shape, np.float32))
            continue
        area = int(np.prod(shape[:-2]))
        limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
        parameters.append(rng.uniform(-limit, limit, shape).astype(np.float32))
    images = rng.uniform(0, 1, (batch, 28, 28, 1)).astype(np.float32)
    return parameters, images, list(rng.integers(0, 10, (LABELS, batch)))


def windows(x: Array) -> Array:
    """(N, H, W, C) -> (N, Ho, Wo, 5·5·C): the elements of every 5×5 window."""
    found = sliding_window_view(x, (5, 5), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return found.reshape(*found.shape[:3], -1)


def blocks(x: Array) -> Array:
    """(N, H, W, C) -> (N, H/2, W/2, C, 4): the elements of every 2×2 window, row by row."""
    n, high, wide, channels = x.shape
    found = x.reshape(n, high // 2, 2, wide // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
    return found.reshape(n, high // 2, wide // 2, channels, 4)


def unblocks(x: Array) -> Array:
    """`blocks` undone."""
    n, high, wide, channels, _ = x.shape
    found = x.reshape(n, high, wide, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return found.reshape(n, 2 * high, 2 * wide, channels)


def unwindows(d: Array, high: int, wide: int) -> Array:
    """The adjoint of `windows`."""
    n, rows, columns, size = d.shape
    parts = d.reshape(n, rows, columns, 5, 5, size // 25)
    out = np.zeros((n, high, wide, size // 25), d.dtype)
    for i in range(5):
        for j in range(5):
            out[:, i : i + rows, j : j + columns] += parts[:, :, :, i, j]
    return out


def filtered(x: Array, kernel: Array, bias: Array) -> tuple[Array, Array, Array, Array]:
    """Convolution, ReLU and pooling: what comes out, and what the gradients need."""
    laid = windows(x)
    h = np.maximum(laid @ kernel.reshape(-1, kernel.shape[-1]) + bias, 0)
    at = blocks(h).argmax(axis=-1)[..., None]
    return np.take_along_axis(blocks(h), at, -1)[..., 0], laid, h, at


def filter_gradients(g: Array, laid: Array, h: Array, at: Array) -> tuple[Array, Array, Array]:
    """Gradients for what the convolution gave, for the kernel as a matrix, for the bias."""
    spread = np.zeros((*g.shape, 4), g.dtype)
    np.put_along_axis(spread, at, g[..., None], -1)
    d = unblocks(spread) * (h > 0)
    flat = d.reshape(-1, d.shape[-1])
    return d, laid.reshape(-1, laid.shape[-1]).T @ flat, flat.sum(axis=0)


def gradients(parameters: list[Array], images: Array, labels: Array) -> tuple[float, list[Array]]:
    """The mean cross-entropy and its gradient for every parameter."""
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = parameters
    edge = (PADDING, PADDING)
    p1, *first = filtered(np.pad(images, ((0, 0), edge, edge, (0, 0))), k1, b1)
    p2, *second = filtered(p1, k2, b2)
    h2 = p2.reshape(len(images), -1)
    h3 = np.maximum(h2 @ w3 + b3, 0)
    h4 = np.maximum(h3 @ w4 + b4, 0)
    z = h4 @ w5 + b5
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = (np.log(total[:, 0]) - z[rows, labels]).mean()

    g5 = e / total
    g5[rows, labels] -= 1
    g5 /= len(labels)
    g4 = (g5 @ w5.T) * (h4 > 0)
    g3 = (g4 @ w4.T) * (h3 > 0)
    d2, dk2, db2 = filter_gradients((g3 @ w3.T).reshape(p2.shape), *second)
    d_laid = d2 @ k2.reshape(-1, k2.shape[-1]).T
    _, dk1, db1 = filter_gradients(unwindows(d_laid, *p1.shape[1:3]), *first)
    return float(loss), [
        *(dk1.reshape(k1.shape), db1, dk2.reshape(k2.shape), db2),
        *(h2.T @ g3, g3.sum(axis=0), h3.T @ g4, g4.sum(axis=0), h4.T @ g5, g5.sum(axis=0)),
    ]


def answer(batch: int, steps: int) -> tuple[list[float], list[Array]]:
    """The losses of the first steps and the parameters after them, in float64."""
    parameters, images, labels = inputs(batch)
    w = [p.astype(np.float64) for p in parameters]
    v = [np.zeros_like(p) for p in w]
    losses = []
    for t in range(steps):
        loss, gs = gradients(w, images.astype(np.float64), labels[t % LABELS])
        losses.append(loss)
        for k, g in enumerate(gs):
            v[k] = MOMENTUM * v[k] - RATE * g
            w[k] = w[k] + v[k]
    return losses, w


def make_cases(train: Trainer) -> Mapping[str, Callable[[], Case]]:
    """A competitor's cases; `train(batch, parameters, images, labels)` may keep what it is given.

    The parameters that it gives back are in the order and shapes of `SHAPES`.
    """
    return {problem.name: partial(_case, train, problem.batch) for problem in PROBLEMS}


def _case(train: Trainer, batch: int) -> StepCase:
    training = train(batch, *inputs(batch))

    def check() -> float:
        losses, parameters = answer(batch, CHECKED)
        got: list[Any] = [on_host(training.run()) for _ in range(CHECKED)]
        return max(error_of(got, losses), error_of(training.read(), parameters))

    return StepCase(training.run, check, TOLERANCE, training.memory)
