"""The net whose derivatives `bench jacobian` times, its inputs, and the right answers.

The answers are matrix products in float64. A competitor that disagrees is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case

Array = NDArray[Any]
#: w1, b1, w2, b2, w3, b3
Parameters = list[Array]

WIDTH = 64
BATCH = 32
TOLERANCE = 1e-4  # float32, against a float64 answer
JACOBIAN, BATCHED, HESSIAN = CASE_NAMES = ("jacobian", f"batch of {BATCH}", "hessian")


def inputs() -> tuple[Parameters, Array]:
    """The parameters, and a batch of inputs (32, 64), of which the other cases take the first."""
    rng = np.random.default_rng(0)
    parameters: Parameters = []
    for _ in range(3):
        parameters.append((rng.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH)).astype(np.float32))
        parameters.append(rng.uniform(-0.1, 0.1, WIDTH).astype(np.float32))
    return parameters, rng.normal(size=(BATCH, WIDTH)).astype(np.float32)


def answers() -> dict[str, Array]:
    """What each case should give, in float64."""
    parameters, batch = inputs()
    w1, b1, w2, b2, w3, b3 = (p.astype(np.float64) for p in parameters)
    x = batch.astype(np.float64)
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    d1, d2 = 1 - h1 * h1, 1 - h2 * h2
    inner = w2.T * d1[:, None] @ w1.T  # of the second layer's sums by the input
    rows = w3.T * d2[:, None] @ inner
    y = (h2 @ w3 + b3)[0]
    by_h2 = w3 @ y
    by_h1 = w2 @ (d2[0] * by_h2)
    # of the square, and of each tanh, whose second derivative is −2h(1 − h²)
    bent1, bent2 = -2 * h1[0] * d1[0] * by_h1, -2 * h2[0] * d2[0] * by_h2
    curvature = rows[0].T @ rows[0] + (inner[0].T * bent2) @ inner[0] + (w1 * bent1) @ w1.T
    return {JACOBIAN: rows[0], BATCHED: rows, HESSIAN: curvature}


#: (parameters, x) -> a function that gives the derivatives
Maker = Callable[[Parameters, Array], Callable[[], Any]]


def make_cases(makers: Mapping[str, Maker]) -> dict[str, Callable[[], Case]]:
    """A competitor's cases, of those that it has makers for."""
    return {name: partial(_case, name, maker) for name, maker in makers.items()}


def _case(name: str, maker: Maker) -> Case:
    parameters, batch = inputs()
    run = maker(parameters, batch if name == BATCHED else batch[0].copy())

    def check() -> float:
        expected, got = answers()[name], np.asarray(run())
        if got.shape != expected.shape:
            raise ValueError(f"the derivatives have shape {got.shape}, expected {expected.shape}")
        error = float(np.abs(got - expected).max() / np.abs(expected).max())
        return error if np.isfinite(error) else float("inf")

    return Case(run, check, TOLERANCE)
