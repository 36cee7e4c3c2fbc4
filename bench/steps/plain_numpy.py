"""NumPy by hand, as it is written first: each line makes new arrays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, cycle
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.steps.problems import BETA_1, BETA_2, EPSILON, RHO, Array, Net, Training, make_cases


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(train))


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    batches = cycle(labels)
    weights, biases = parameters[::2], parameters[1::2]
    rows = np.arange(net.batch)
    update = UPDATES[net.optimizer](net.rate, parameters)
    relu = net.activation == "relu"

    def run() -> Any:
        y = next(batches)
        hs = [images]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            z = hs[-1] @ w + b
            hs.append(np.maximum(z, 0) if relu else 1 / (1 + np.exp(-z)))
        z = hs[-1] @ weights[-1] + biases[-1]
        z = z - z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, y]).mean()

        g = e / total
        g[rows, y] -= 1
        g = g / net.batch
        gradients: list[Array] = []
        for layer in reversed(range(len(weights))):
            h = hs[layer]
            gradients[:0] = [h.T @ g, g.sum(axis=0)]
            if layer:
                g = (g @ weights[layer].T) * (h > 0 if relu else h * (1 - h))
        update(gradients)
        return loss

    return Training(run, lambda: parameters)


Update = Callable[[list[Array]], None]


def sgd(rate: float, parameters: list[Array]) -> Update:
    def update(gradients: list[Array]) -> None:
        for w, g in zip(parameters, gradients, strict=True):
            w -= rate * g

    return update


def rmsprop(rate: float, parameters: list[Array]) -> Update:
    state = [np.zeros_like(w) for w in parameters]

    def update(gradients: list[Array]) -> None:
        for k, (w, g) in enumerate(zip(parameters, gradients, strict=True)):
            v = state[k] = RHO * state[k] + (1 - RHO) * g * g
            w -= rate * g / np.sqrt(v + EPSILON)

    return update


def adam(rate: float, parameters: list[Array]) -> Update:
    state = [(np.zeros_like(w), np.zeros_like(w)) for w in parameters]
    steps = count(1)

    def update(gradients: list[Array]) -> None:
        t = next(steps)
        alpha = rate * (1 - BETA_2**t) ** 0.5 / (1 - BETA_1**t)
        for k, (w, g) in enumerate(zip(parameters, gradients, strict=True)):
            m, v = state[k]
            m = m + (1 - BETA_1) * (g - m)
            v = v + (1 - BETA_2) * (g * g - v)
            state[k] = m, v
            w -= alpha * m / (np.sqrt(v) + EPSILON)

    return update


UPDATES = {"SGD": sgd, "RMSprop": rmsprop, "Adam": adam}
