"""NumPy by hand: the products of a net's Jacobian, row times matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench._case import Loaded
from bench.jacobian.problems import BATCHED, JACOBIAN, Array, Parameters, make_cases


def load() -> Loaded:
    return Loaded({}, make_cases({JACOBIAN: jacobian, BATCHED: batch_jacobian}))


def jacobian(parameters: Parameters, x: Array) -> Callable[[], Array]:
    w1, b1, w2, b2, w3, _ = parameters

    def run() -> Array:
        h1 = np.tanh(x.dot(w1) + b1)
        h2 = np.tanh(h1.dot(w2) + b2)
        rows = w3.T * (1 - h2 * h2)
        rows = rows.dot(w2.T) * (1 - h1 * h1)
        return np.asarray(rows.dot(w1.T))

    return run


def batch_jacobian(parameters: Parameters, x: Array) -> Callable[[], Array]:
    w1, b1, w2, b2, w3, _ = parameters

    def run() -> Array:
        h1 = np.tanh(x.dot(w1) + b1)
        h2 = np.tanh(h1.dot(w2) + b2)
        rows = w3.T * (1 - h2 * h2)[:, None]
        shape = rows.shape
        rows = rows.reshape(-1, shape[-1]).dot(w2.T).reshape(shape) * (1 - h1 * h1)[:, None]
        return np.asarray(rows.reshape(-1, shape[-1]).dot(w1.T).reshape(shape))

    return run
