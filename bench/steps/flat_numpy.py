"""NumPy by hand, as a careful engineer tunes it: no array is made after the first step.

All parameters lie in one vector and all gradients in another, so that the update is a handful of
calls however many parameters there are. Everything else writes into buffers through `out=`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, cycle
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.steps.problems import BETA_1, BETA_2, EPSILON, RHO, Array, Net, Training, make_cases

ZERO, ONE = np.zeros((), np.float32), np.ones((), np.float32)


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(train))


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    shapes = [p.shape for p in parameters]
    theta = np.concatenate([p.reshape(-1) for p in parameters])
    slope = np.empty_like(theta)
    leaves, gradients = views(theta, shapes), views(slope, shapes)
    update = UPDATES[net.optimizer](net.rate, theta, slope)
    if len(net.widths) == 4:
        run = three_layers(net, leaves, gradients, images, labels, update)
    else:
        run = two_layers(net, leaves, gradients, images, labels, update)
    return Training(run, lambda: leaves)


def views(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """The pieces of a vector, in these shapes."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    return [v.reshape(s) for v, s in zip(np.split(vector, ends), shapes, strict=True)]


def constant(value: float) -> Array:
    """An array without axes: less work for a ufunc than a Python number."""
    return np.array(value, np.float32)


def buffer(*shape: int) -> Array:
    return np.empty(shape, np.float32)


def three_layers(
    net: Net, leaves: Any, gradients: Any, x: Array, labels: Any, update: Callable[[], None]
) -> Callable[[], Any]:
    """ReLU units; the mask of a ReLU is the sign of its output."""
    w1, b1, w2, b2, w3, b3 = leaves
    d_w1, d_b1, d_w2, d_b2, d_w3, d_b3 = gradients
    n, (_, one, two, classes) = net.batch, net.widths
    h1, h2, z = buffer(n, one), buffer(n, two), buffer(n, classes)
    g1, g2, s1, s2 = buffer(n, one), buffer(n, two), buffer(n, one), buffer(n, two)
    x_t, h1_t, h2_t, w2_t, w3_t = x.T, h1.T, h2.T, w2.T, w3.T
    ones, softmax, batches = np.ones(n, np.float32), Softmax(n, classes), cycle(labels)
    add, maximum, multiply, sign = np.add, np.maximum, np.multiply, np.sign

    def run() -> Any:
        x.dot(w1, h1)
        add(h1, b1, h1)
        maximum(h1, ZERO, out=h1)
        h1.dot(w2, h2)
        add(h2, b2, h2)
        maximum(h2, ZERO, out=h2)
        h2.dot(w3, z)
        add(z, b3, z)

        loss = softmax(z, next(batches))

        h2_t.dot(z, d_w3)
        ones.dot(z, d_b3)
        z.dot(w3_t, g2)
        multiply(g2, sign(h2, s2), g2)
        h1_t.dot(g2, d_w2)
        ones.dot(g2, d_b2)
        g2.dot(w2_t, g1)
        multiply(g1, sign(h1, s1), g1)
        x_t.dot(g1, d_w1)
        ones.dot(g1, d_b1)

        update()
        return loss

    return run


def two_layers(
    net: Net, leaves: Any, gradients: Any, x: Array, labels: Any, update: Callable[[], None]
) -> Callable[[], Any]:
    """ReLU or sigmoid units; so many that a mask of truth values is faster than one of signs."""
    w1, b1, w2, b2 = leaves
    d_w1, d_b1, d_w2, d_b2 = gradients
    n, (_, hidden, classes) = net.batch, net.widths
    h, g, z = buffer(n, hidden), buffer(n, hidden), buffer(n, classes)
    x_t, h_t, w2_t = x.T, h.T, w2.T
    ones, softmax, batches = np.ones(n, np.float32), Softmax(n, classes), cycle(labels)
    relu = net.activation == "relu"
    s: Array = np.empty((n, hidden), np.bool_ if relu else np.float32)

    def run() -> Any:
        x.dot(w1, h)
        np.add(h, b1, h)
        if relu:
            np.maximum(h, ZERO, out=h)
        else:
            np.negative(h, h)
            np.exp(h, h)
            np.add(h, ONE, h)
            np.divide(ONE, h, h)
        h.dot(w2, z)
        np.add(z, b2, z)

        loss = softmax(z, next(batches))

        h_t.dot(z, d_w2)
        ones.dot(z, d_b2)
        z.dot(w2_t, g)
        if relu:
            np.greater(h, ZERO, s)
        else:
            np.subtract(ONE, h, s)
            np.multiply(s, h, s)
        np.multiply(g, s, g)
        x_t.dot(g, d_w1)
        ones.dot(g, d_b1)

        update()
        return loss

    return run


class Softmax:
    """Mean cross-entropy of logits, which it overwrites with the gradient for them."""

    def __init__(self, n: int, classes: int) -> None:
        self.n, self.rows, self.share = n, np.arange(n), constant(1 / n)
        self.ones, self.by_row = np.ones(classes, np.float32), np.ones(n, np.float32)
        self.total, self.top = buffer(n), buffer(n)
        self.total_column, self.top_column = self.total[:, None], self.top[:, None]

    def __call__(self, z: Array, y: Array) -> Any:
        at, total = (self.rows, y), self.total
        np.maximum.reduce(z, axis=1, out=self.top)
        np.subtract(z, self.top_column, z)
        picked = z[at]
        np.exp(z, z)
        z.dot(self.ones, total)
        np.divide(z, self.total_column, z)
        z[at] -= 1.0
        np.multiply(z, self.share, z)
        np.log(total, total)
        np.subtract(total, picked, total)
        return total.dot(self.by_row) / self.n


def sgd(rate: float, w: Array, g: Array) -> Callable[[], None]:
    eta = constant(rate)

    def update() -> None:
        np.multiply(g, eta, g)
        np.subtract(w, g, w)

    return update


def rmsprop(rate: float, w: Array, g: Array) -> Callable[[], None]:
    v, t = np.zeros_like(w), np.empty_like(w)

    def update() -> None:
        np.multiply(g, g, t)
        np.multiply(t, 1 - RHO, t)
        np.multiply(v, RHO, v)
        np.add(v, t, v)
        np.add(v, EPSILON, t)
        np.sqrt(t, t)
        np.multiply(g, rate, g)
        np.divide(g, t, g)
        np.subtract(w, g, w)

    return update


def adam(rate: float, w: Array, g: Array) -> Callable[[], None]:
    m, v, t, steps = np.zeros_like(w), np.zeros_like(w), np.empty_like(w), count(1)

    def update() -> None:
        k = next(steps)
        alpha = rate * (1 - BETA_2**k) ** 0.5 / (1 - BETA_1**k)
        np.subtract(g, m, t)
        np.multiply(t, 1 - BETA_1, t)
        np.add(m, t, m)
        np.multiply(g, g, g)
        np.subtract(g, v, g)
        np.multiply(g, 1 - BETA_2, g)
        np.add(v, g, v)
        np.sqrt(v, g)
        np.add(g, EPSILON, g)
        np.multiply(m, alpha, t)
        np.divide(t, g, t)
        np.subtract(w, t, w)

    return update


UPDATES = {"SGD": sgd, "RMSprop": rmsprop, "Adam": adam}
