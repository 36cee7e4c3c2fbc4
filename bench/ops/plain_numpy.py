"""NumPy with the backward pass written by hand: no graph, the lower bound for eager code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.ops.problems import LEARNING_RATE, PAIRS, Array, Run, Step, make_cases


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(chain, step))


def chain(x: Array, a: Array, b: Array) -> Run:
    x, a, b = x[()], a[()], b[()]  # 0-d arrays become NumPy scalars: several times faster

    def run() -> Sequence[Any]:
        y, kept = x, []
        for _ in range(PAIRS):
            kept.append(y)
            y = y * a
            y = y + b
        g, by_a, by_b = np.ones_like(y)[()], np.zeros_like(a)[()], np.zeros_like(b)[()]
        while kept:
            by_b += g
            by_a += g * kept.pop()
            g *= a
        return g, by_a, by_b

    return run


def step(parameters: list[Array], images: Array, labels: Array) -> Step:
    w1, b1, w2, b2, w3, b3 = parameters
    rows = np.arange(len(labels))

    def run() -> Sequence[Any]:
        h1 = np.maximum(images @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        z = h2 @ w3 + b3
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[rows, labels] -= 1
        p /= len(labels)
        g2 = (p @ w3.T) * (h2 > 0)
        g1 = (g2 @ w2.T) * (h1 > 0)
        gradients = [
            images.T @ g1, g1.sum(axis=0), h1.T @ g2, g2.sum(axis=0), h2.T @ p, p.sum(axis=0)
        ]  # fmt: skip
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= LEARNING_RATE * gradient
        return gradients

    return run, lambda: parameters
