"""MyGrad with its defaults (memory guarding on)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from bench._case import Loaded
from bench.ops.problems import LEARNING_RATE, PAIRS, Array, Run, Step, make_cases


def load() -> Loaded:
    return Loaded({"mygrad": mg.__version__}, make_cases(chain, step))


def chain(*leaves: Array) -> Run:
    x, a, b = (mg.tensor(leaf) for leaf in leaves)

    def run() -> Sequence[Any]:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        y.backward()
        return x.grad, a.grad, b.grad

    return run


def step(parameters: list[Array], images: Array, labels: Array) -> Step:
    leaves = [mg.tensor(p) for p in parameters]
    w1, b1, w2, b2, w3, b3 = leaves

    def run() -> Sequence[Any]:
        h = relu(mg.matmul(images, w1) + b1)
        h = relu(mg.matmul(h, w2) + b2)
        loss = softmax_crossentropy(mg.matmul(h, w3) + b3, labels)
        loss.backward()
        gradients = [leaf.grad for leaf in leaves]
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.data -= LEARNING_RATE * gradient
        return gradients

    return run, lambda: [leaf.data for leaf in leaves]
