"""HIPS autograd: `value_and_grad` of a loss in `autograd.numpy`, updates by hand."""

from __future__ import annotations

from importlib.metadata import version
from itertools import cycle
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from bench._case import Loaded
from bench.steps.plain_numpy import UPDATES
from bench.steps.problems import Array, Net, Training, make_cases


def load() -> Loaded:
    return Loaded({"autograd": version("autograd")}, make_cases(train))


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    rows = np.arange(net.batch)

    def loss_of(leaves: Any, y: Array) -> Any:
        *hidden, (w_out, b_out) = zip(leaves[::2], leaves[1::2], strict=True)
        h = images
        for w, b in hidden:
            z = anp.dot(h, w) + b
            h = anp.maximum(z, 0) if net.activation == "relu" else 1 / (1 + anp.exp(-z))
        z = anp.dot(h, w_out) + b_out
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, y])

    loss_and_gradients = autograd.value_and_grad(loss_of)
    update = UPDATES[net.optimizer](net.rate, parameters)
    batches = cycle(labels)

    def run() -> Any:
        loss, gradients = loss_and_gradients(parameters, next(batches))
        update(gradients)
        return loss

    return Training(run, lambda: parameters)
