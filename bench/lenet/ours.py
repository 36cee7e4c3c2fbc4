"""This library: one step with a tape and an optimizer, as a flat program or run eagerly."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import autodiff as ad
from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, RATE, SHAPES, make_cases
from bench.steps.ours import finish, versions
from bench.steps.problems import Array, Training
from optim import SGD


def load(mode: str) -> Loaded:
    """`mode` is "flat" or "eager"."""
    return Loaded(versions(), make_cases(flat if mode == "flat" else eager), finish=finish)


def eager(
    batch: int, parameters: list[Array], images: Array, labels: list[Array], decorate: Any = None
) -> Training:
    variables = [ad.Variable(p, name=n) for n, p in zip(SHAPES, parameters, strict=True)]
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = variables
    optimizer = SGD(RATE, momentum=MOMENTUM)

    def step(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        with ad.GradientTape() as tape:
            h = ad.relu(ad.conv2d(x, k1, padding="same") + b1)
            h = ad.max_pool2d(h, 2)
            h = ad.relu(ad.conv2d(h, k2) + b2)
            h = ad.max_pool2d(h, 2)
            h = ad.reshape(h, (batch, 400))
            h = ad.relu(h @ w3 + b3)
            h = ad.relu(h @ w4 + b4)
            loss = ad.mean(ad.softmax_cross_entropy(h @ w5 + b5, y))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    if decorate is not None:
        step = decorate(step)
    x, batches = ad.asarray(images), cycle([ad.asarray(y) for y in labels])
    return Training(lambda: step(x, next(batches)), lambda: [v.numpy() for v in variables])


def flat(batch: int, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    return eager(batch, parameters, images, labels, decorate=ad.function)
