"""MyGrad: its own layers and loss; memory guarding off, as its page on performance advises."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.losses import softmax_crossentropy

from bench._case import Loaded
from bench.steps.plain_numpy import UPDATES
from bench.steps.problems import Array, Net, Training, make_cases


def load() -> Loaded:
    mg.turn_memory_guarding_off()
    return Loaded({"mygrad": mg.__version__}, make_cases(train))


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    leaves = [mg.tensor(p, copy=False) for p in parameters]
    *hidden, (w_out, b_out) = zip(leaves[::2], leaves[1::2], strict=True)
    activation = relu if net.activation == "relu" else sigmoid
    update = UPDATES[net.optimizer](net.rate, [leaf.data for leaf in leaves])
    batches = cycle(labels)

    def run() -> Any:
        h = images
        for w, b in hidden:
            h = activation(mg.matmul(h, w) + b)
        loss = softmax_crossentropy(mg.matmul(h, w_out) + b_out, next(batches))
        loss.backward()
        update([leaf.grad for leaf in leaves])
        return loss.item()

    return Training(run, lambda: [leaf.data for leaf in leaves])
