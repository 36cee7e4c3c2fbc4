"""This library with a plain tape; the chain's leaves are watched Tensors or Variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import autodiff as ad
from bench._case import Loaded
from bench.ops.problems import LEARNING_RATE, PAIRS, Array, Run, Step, make_cases
from bench.steps.ours import finish


def load(leaves: str) -> Loaded:
    """`leaves` is "tensors" (the chain alone) or "variables" (the chain and the step)."""
    versions = {"autodiff": ad.__version__}
    if leaves == "tensors":
        return Loaded(versions, make_cases(partial(chain, ad.asarray)), finish=finish)
    loss, origin = find_loss()
    cases = make_cases(partial(chain, ad.Variable), partial(step, loss))
    return Loaded(versions, cases, notes={"loss": origin}, finish=finish)


def chain(make: Callable[[Array], Any], *leaves: Array) -> Run:
    x, a, b = (make(leaf) for leaf in leaves)

    def run() -> Sequence[Any]:
        with ad.GradientTape() as tape:
            tape.watch((x, a, b))
            y = x
            for _ in range(PAIRS):
                y = y * a
                y = y + b
        gradients: Sequence[Any] = tape.gradient(y, (x, a, b))
        return gradients

    return run


def find_loss() -> tuple[Callable[[Array, Any], Any], str]:
    """The loss class if this version has it, else the same formula from two ops."""
    try:
        from nn.losses import SparseCategoricalCrossentropy
    except ImportError:
        return composed_loss, "composed of log_softmax"
    return SparseCategoricalCrossentropy(from_logits=True), "nn.losses"


def composed_loss(labels: Array, logits: Any) -> Any:
    """Mean of −log softmax at the labels, as a product with one-hot rows."""
    one_hot = np.eye(logits.shape[-1], dtype=np.float32)[labels]
    return ad.negative(ad.sum(ad.log_softmax(logits) * one_hot)) / len(labels)


def step(
    loss_of: Callable[[Array, Any], Any], parameters: list[Array], images: Array, labels: Array
) -> Step:
    variables = [ad.Variable(p) for p in parameters]
    w1, b1, w2, b2, w3, b3 = variables
    x = ad.asarray(images)

    def run() -> Sequence[Any]:
        with ad.GradientTape() as tape:
            h = ad.relu(x @ w1 + b1)
            h = ad.relu(h @ w2 + b2)
            loss = loss_of(labels, h @ w3 + b3)
        gradients: Sequence[Any] = tape.gradient(loss, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(LEARNING_RATE * gradient)
        return gradients

    return run, lambda: [v.numpy() for v in variables]
