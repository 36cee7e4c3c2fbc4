"""HIPS autograd: `make_vjp` for the chain, `grad` for the step."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from bench._case import Loaded
from bench.ops.problems import LEARNING_RATE, PAIRS, Array, Run, Step, make_cases


def load() -> Loaded:
    return Loaded({"autograd": version("autograd")}, make_cases(chain, step))


def chain(*leaves: Array) -> Run:
    def forward(x: Any, a: Any, b: Any) -> Any:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        return y

    ones = np.ones_like(leaves[0])
    record = autograd.make_vjp(forward, (0, 1, 2))

    def run() -> Sequence[Any]:
        pull, _ = record(*leaves)
        gradients: Sequence[Any] = pull(ones)
        return gradients

    return run


def step(parameters: list[Array], images: Array, labels: Array) -> Step:
    rows = np.arange(len(labels))

    def loss(leaves: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = leaves
        h = anp.maximum(anp.dot(images, w1) + b1, 0)
        h = anp.maximum(anp.dot(h, w2) + b2, 0)
        z = anp.dot(h, w3) + b3
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, labels])

    gradient_of_loss = autograd.grad(loss)

    def run() -> Sequence[Any]:
        gradients: Sequence[Any] = gradient_of_loss(parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= LEARNING_RATE * gradient
        return gradients

    return run, lambda: parameters
