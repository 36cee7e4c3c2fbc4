"""What is run for its memory alone: a long chain of operations, and layers that are run again.

The chain is x·a + b, five thousand times, forward and backward: what a tape keeps for each
operation. The layers are 24 of tanh(h·W + b), whose values on the way back are either kept or, by
sixes, computed again. The right answers are NumPy's, in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case
from bench.ops.problems import relative_error
from bench.steps.problems import StepCase

Array = NDArray[Any]
#: a function that gives gradients, and maybe one that tells bytes at the peak
Made = tuple[Callable[[], Sequence[Any]], Callable[[], int | None] | None]

PAIRS = 5000  # one multiply and one add each
SIZE = 100
DEPTH, TOGETHER, WIDTH, BATCH = 24, 6, 128, 1024
CHAIN, KEPT, AGAIN = CASES = (
    f"chain of {2 * PAIRS:,}",
    f"{DEPTH} layers, kept",
    f"{DEPTH} layers, run again",
)
TOLERANCE = 1e-3  # float32 through 24 layers, against float64


def chain_inputs() -> tuple[Array, Array, Array]:
    """x, a, b in float64; a is near 1, so that nothing grows."""
    rng = np.random.default_rng(0)
    near = 1 + rng.uniform(-1e-4, 1e-4, SIZE)
    return rng.uniform(0.5, 1.5, SIZE), near, rng.uniform(-1e-3, 1e-3, SIZE)


@cache
def chain_answer() -> tuple[Array, ...]:
    """Gradients of the sum of what comes out by x, a and b."""
    x, a, b = chain_inputs()
    values = [x]
    for _ in range(PAIRS):
        values.append(values[-1] * a + b)
    g, by_a, by_b = np.ones(SIZE), np.zeros(SIZE), np.zeros(SIZE)
    for value in values[-2::-1]:
        by_b += g
        by_a += g * value
        g = g * a
    return g, by_a, by_b


def layer_inputs() -> tuple[Array, list[tuple[Array, Array]]]:
    """Rows (1024, 128), and weights and biases of each layer, in float32."""
    rng = np.random.default_rng(0)
    layers = [
        (
            (rng.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH)).astype(np.float32),
            rng.uniform(-0.1, 0.1, WIDTH).astype(np.float32),
        )
        for _ in range(DEPTH)
    ]
    return rng.normal(size=(BATCH, WIDTH)).astype(np.float32), layers


@cache
def layer_answer() -> tuple[Array, ...]:
    """Gradients of half the square of what comes out, by w and b of each layer."""
    x, layers = layer_inputs()
    values = [x.astype(np.float64)]
    for w, b in layers:
        values.append(np.tanh(values[-1] @ w.astype(np.float64) + b))
    g = values[-1]
    found: list[Array] = []
    for (w, _), into, out in zip(layers[::-1], values[-2::-1], values[::-1], strict=False):
        g = g * (1 - out * out)
        found[:0] = [into.T @ g, g.sum(axis=0)]
        g = g @ w.T.astype(np.float64)
    return tuple(found)


def make_cases(
    chain: Callable[..., Made] | None = None,
    layers: Callable[..., Made] | None = None,
    again: Callable[..., Made] | None = None,
) -> Mapping[str, Callable[[], Case]]:
    """A competitor's cases, of those that it has makers for.

    `chain(x, a, b)`, `layers(x, [(w, b), …])` and `again(…)`, the same with values computed again,
    give a function that runs forward and backward and returns the gradients.
    """
    cases: dict[str, Callable[[], Case]] = {}
    if chain is not None:
        cases[CHAIN] = partial(_case, chain, chain_inputs, chain_answer, 1e-9)
    for name, maker in ((KEPT, layers), (AGAIN, again)):
        if maker is not None:
            cases[name] = partial(_case, maker, layer_inputs, layer_answer, TOLERANCE)
    return cases


def _case(maker: Any, inputs: Any, answer: Any, tolerance: float) -> StepCase:
    run, memory = maker(*inputs())
    return StepCase(run, lambda: relative_error(run(), answer()), tolerance, memory)
