"""NumPy by hand, as it is written first: images as they are stored, each line makes new arrays."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, RATE, gradients, make_cases
from bench.steps.problems import Array, Training


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(train))


def train(batch: int, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    state = [np.zeros_like(p) for p in parameters]
    batches = cycle(labels)

    def run() -> Any:
        loss, found = gradients(parameters, images, next(batches))
        for w, v, g in zip(parameters, state, found, strict=True):
            v *= np.float32(MOMENTUM)
            v -= np.float32(RATE) * g
            w += v
        return loss

    return Training(run, lambda: parameters)
