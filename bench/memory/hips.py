"""HIPS autograd: `make_vjp` for the chain."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import autograd
import numpy as np

from bench._case import Loaded
from bench.memory.problems import PAIRS, Made, make_cases


def load() -> Loaded:
    return Loaded({"autograd": version("autograd")}, make_cases(chain))


def chain(*leaves: Any) -> Made:
    def forward(x: Any, a: Any, b: Any) -> Any:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        return y

    record = autograd.make_vjp(forward, (0, 1, 2))

    def run() -> Any:
        pull, y = record(*leaves)
        return pull(np.ones_like(y))

    return run, None
