"""The training steps that `bench steps` times: networks, inputs, and the right answers.

The answers come from plain loops in float64. A competitor whose first steps disagree in a loss or
in the parameters is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case

Array = NDArray[Any]

TOLERANCE = 1e-4  # float32, against a float64 answer
CHECKED = 3  # steps
LABELS = 4  # sets of labels, used in turn

# Keras' defaults
RHO = 0.9
BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7


@dataclass(frozen=True)
class Net:
    """A perceptron, how it is trained, and on how many images at a time."""

    name: str
    widths: tuple[int, ...]
    activation: str  # of the hidden layers: relu or sigmoid
    optimizer: str  # SGD, RMSprop or Adam
    rate: float
    batch: int


NETS = (
    Net("784-16-16-10", (784, 16, 16, 10), "relu", "SGD", 0.01, 10),
    Net("784-512-10", (784, 512, 10), "relu", "RMSprop", 0.001, 128),
    Net("784-100-10", (784, 100, 10), "sigmoid", "Adam", 0.001, 100),
)


@dataclass(frozen=True)
class Training:
    """What a competitor makes of a net.

    `run` takes one step on the next set of labels and returns the loss before it. `read` gives the
    parameters as `inputs` has them. `memory`: bytes that all arrays of a step take at its peak,
    None if the library cannot tell; without it NumPy's allocations are traced.
    """

    run: Callable[[], Any]
    read: Callable[[], Sequence[Any]]
    memory: Callable[[], int | None] | None = None


@dataclass(frozen=True)
class StepCase(Case):
    """A case that may know its memory."""

    memory: Callable[[], int | None] | None = None


def untold() -> None:
    """The memory of a library that cannot tell it."""


Trainer = Callable[[Net, list[Array], Array, list[Array]], Training]


def inputs(net: Net) -> tuple[list[Array], Array, list[Array]]:
    """Parameters w1, b1, w2, … (float32), images (float32), sets of labels (int64) for them.

    The sets contradict each other, so that the loss stays up however long the net is trained:
    gradients that fade away would end in denormal numbers, which processors are slow with.
    """
    rng = np.random.default_rng(0)
    parameters: list[Array] = []
    for fan_in, fan_out in pairwise(net.widths):
        limit = np.sqrt(6 / (fan_in + fan_out))
        parameters.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        parameters.append(np.zeros(fan_out, np.float32))
    images = rng.uniform(0, 1, (net.batch, net.widths[0])).astype(np.float32)
    return parameters, images, list(rng.integers(0, net.widths[-1], (LABELS, net.batch)))


def gradients(
    net: Net, parameters: Sequence[Array], images: Array, labels: Array
) -> tuple[float, list[Array]]:
    """The mean cross-entropy and its gradient for every parameter, in float64."""
    weights, biases = parameters[::2], parameters[1::2]
    kept = [images.astype(np.float64)]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = kept[-1] @ w + b
        kept.append(np.maximum(z, 0) if net.activation == "relu" else 1 / (1 + np.exp(-z)))
    z = kept[-1] @ weights[-1] + biases[-1]
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    g = (p - np.eye(net.widths[-1])[labels]) / len(labels)
    result: list[Array] = []
    for layer in reversed(range(len(weights))):
        h = kept[layer]
        result[:0] = [h.T @ g, g.sum(axis=0)]
        g = (g @ weights[layer].T) * (h > 0 if net.activation == "relu" else h * (1 - h))
    return float(loss), result


def answer(net: Net, steps: int, epsilon_within: bool = True) -> tuple[list[float], list[Array]]:
    """The losses of the first steps and the parameters after them, in float64.

    `epsilon_within`: as Keras has it, below RMSprop's root and beside Adam's uncorrected one;
    otherwise epsilon is added to the root of the (corrected) mean square, as PyTorch has it.
    """
    parameters, images, labels = inputs(net)
    w = [p.astype(np.float64) for p in parameters]
    m, v = [np.zeros_like(p) for p in w], [np.zeros_like(p) for p in w]
    losses = []
    for t in range(1, steps + 1):
        loss, gs = gradients(net, w, images, labels[(t - 1) % LABELS])
        losses.append(loss)
        for k, g in enumerate(gs):
            if net.optimizer == "SGD":
                w[k] = w[k] - net.rate * g
            elif net.optimizer == "RMSprop":
                v[k] = RHO * v[k] + (1 - RHO) * g * g
                root = np.sqrt(v[k] + EPSILON) if epsilon_within else np.sqrt(v[k]) + EPSILON
                w[k] = w[k] - net.rate * g / root
            else:
                m[k] = BETA_1 * m[k] + (1 - BETA_1) * g
                v[k] = BETA_2 * v[k] + (1 - BETA_2) * g * g
                correction = np.sqrt(1 - BETA_2**t)
                epsilon = EPSILON if epsilon_within else EPSILON * correction
                rate = net.rate * correction / (1 - BETA_1**t)
                w[k] = w[k] - rate * m[k] / (np.sqrt(v[k]) + epsilon)
    return losses, w


def on_host(x: Any) -> Array:
    """A copy of a result as a NumPy array; PyTorch wants to be asked for it."""
    return np.array(x.cpu() if hasattr(x, "cpu") else x)


def error_of(got: Sequence[Any], expected: Sequence[Any]) -> float:
    """The largest |got − expected| of any array, over that array's largest |expected|."""
    worst = 0.0
    for g, e in zip(got, expected, strict=True):
        g, e = np.asarray(g), np.asarray(e)
        if g.shape != e.shape:
            raise ValueError(f"a parameter or loss has shape {g.shape}, expected {e.shape}")
        error = float(np.abs(g - e).max() / np.abs(e).max())
        worst = max(worst, error if np.isfinite(error) else float("inf"))
    return worst


def make_cases(
    train: Trainer, nets: Sequence[Net] = NETS, epsilon_within: bool = True
) -> Mapping[str, Callable[[], Case]]:
    """A competitor's cases; `train(net, parameters, images, labels)` may keep what it is given."""
    return {net.name: partial(_case, train, net, epsilon_within) for net in nets}


def _case(train: Trainer, net: Net, epsilon_within: bool) -> StepCase:
    training = train(net, *inputs(net))

    def check() -> float:
        losses, parameters = answer(net, CHECKED, epsilon_within)
        got = [on_host(training.run()) for _ in range(CHECKED)]
        return max(error_of(got, losses), error_of(training.read(), parameters))

    return StepCase(training.run, check, TOLERANCE, training.memory)
