"""The two problems that `bench ops` times, their inputs and the right answers.

The answers come from other formulas than any competitor uses: a closed form for the chain, matrix
backpropagation in float64 for the training step. A competitor that disagrees is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case

Array = NDArray[Any]
Leaves = tuple[Array, Array, Array]

PAIRS = 500  # one multiply and one add each
OPS = 2 * PAIRS
SHAPES: dict[str, tuple[int, ...]] = {
    "scalar": (),
    "(10,)": (10,),
    "(10,16)": (10, 16),
    "(128,512)": (128, 512),
}
STEP = "step"

LEARNING_RATE = 0.01
BATCH = 10
WIDTHS = (784, 16, 16, 10)

CHAIN_TOLERANCE = 1e-9  # float64, about a thousand roundings
STEP_TOLERANCE = 1e-4  # float32, against a float64 answer


def chain_inputs(shape: tuple[int, ...]) -> Leaves:
    """x, a, b in float64; a is near 1 and b small, so 500 multiplies grow x less than twofold."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 1.5, shape)
    a = 1.0 + rng.uniform(-1e-3, 1e-3, shape)
    b = rng.uniform(-1e-2, 1e-2, shape)
    return np.asarray(x), np.asarray(a), np.asarray(b)


def chain_answer(x: Array, a: Array, b: Array) -> Leaves:
    """Gradients of sum(y) for x, a, b, where y = x·aⁿ + b·(1 + a + … + aⁿ⁻¹), n = PAIRS."""
    k = np.arange(PAIRS).reshape(-1, *[1] * x.ndim)
    powers = a**k
    by_a = PAIRS * a ** (PAIRS - 1) * x + b * (k[1:] * a ** (k[1:] - 1)).sum(axis=0)
    return np.asarray(a**PAIRS), np.asarray(by_a), np.asarray(powers.sum(axis=0))


def step_inputs() -> tuple[list[Array], Array, Array]:
    """Parameters w1, b1, w2, b2, w3, b3 (float32), images (10, 784) (float32), labels (int64)."""
    rng = np.random.default_rng(0)
    parameters: list[Array] = []
    for fan_in, fan_out in pairwise(WIDTHS):
        limit = np.sqrt(6 / (fan_in + fan_out))
        parameters.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        parameters.append(np.zeros(fan_out, np.float32))
    images = rng.uniform(0, 1, (BATCH, WIDTHS[0])).astype(np.float32)
    labels = rng.integers(0, WIDTHS[-1], BATCH)
    return parameters, images, labels


def step_answer(parameters: Sequence[Array], images: Array, labels: Array) -> list[Array]:
    """Gradients of the mean cross-entropy for every parameter, in float64."""
    inputs, weights = [images.astype(np.float64)], [p.astype(np.float64) for p in parameters]
    for w, b in zip(weights[0:4:2], weights[1:4:2], strict=True):
        inputs.append(np.maximum(inputs[-1] @ w + b, 0))
    z = inputs[-1] @ weights[4] + weights[5]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    upstream = (p - np.eye(WIDTHS[-1])[labels]) / len(labels)
    gradients: list[Array] = []
    for layer in (2, 1, 0):
        gradients[:0] = [inputs[layer].T @ upstream, upstream.sum(axis=0)]
        upstream = (upstream @ weights[2 * layer].T) * (inputs[layer] > 0)
    return gradients


def relative_error(got: Sequence[Any], expected: Sequence[Array]) -> float:
    """The largest |got − expected| of any array, over that array's largest |expected|."""
    worst = 0.0
    for g, e in zip(got, expected, strict=True):
        g = np.asarray(g)
        if g.shape != e.shape:
            raise ValueError(f"a gradient has shape {g.shape}, expected {e.shape}")
        error = np.abs(g - e).max() / np.abs(e).max()
        worst = max(worst, float(error) if np.isfinite(error) else float("inf"))
    return worst


Run = Callable[[], Sequence[Any]]
ChainMaker = Callable[[Array, Array, Array], Run]
Step = tuple[Run, Run]
StepMaker = Callable[[list[Array], Array, Array], Step]


def make_cases(
    chain: ChainMaker, step: StepMaker | None = None
) -> Mapping[str, Callable[[], Case]]:
    """A competitor's cases from its two makers.

    `chain(x, a, b)` gives a function that runs forward and backward once and returns the three
    gradients. `step(parameters, images, labels)` gives a function that trains one step and returns
    the gradients it used, and one that reads the parameters. Without `step` that case is left out.
    """
    cases: dict[str, Callable[[], Case]] = {
        name: partial(_chain_case, chain, shape) for name, shape in SHAPES.items()
    }
    if step is not None:
        cases[STEP] = partial(_step_case, step)
    return cases


def _chain_case(chain: ChainMaker, shape: tuple[int, ...]) -> Case:
    inputs = chain_inputs(shape)
    run = chain(*inputs)
    return Case(run, lambda: relative_error(run(), chain_answer(*inputs)), CHAIN_TOLERANCE)


def _step_case(step: StepMaker) -> Case:
    parameters, images, labels = step_inputs()
    run, read = step([p.copy() for p in parameters], images, labels)

    def check() -> float:
        gradients = step_answer(parameters, images, labels)
        updated = [p - LEARNING_RATE * g for p, g in zip(parameters, gradients, strict=True)]
        wrong_gradients = relative_error([np.array(g) for g in run()], gradients)
        return max(wrong_gradients, relative_error(read(), updated))

    return Case(run, check, STEP_TOLERANCE)
