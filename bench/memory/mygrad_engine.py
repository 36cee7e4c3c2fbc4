"""MyGrad with its defaults."""

from __future__ import annotations

from typing import Any

import mygrad as mg

from bench._case import Loaded
from bench.memory.problems import PAIRS, Made, make_cases


def load() -> Loaded:
    return Loaded({"mygrad": mg.__version__}, make_cases(chain))


def chain(*leaves: Any) -> Made:
    x, a, b = map(mg.tensor, leaves)

    def run() -> Any:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        y.backward()
        return x.grad, a.grad, b.grad

    return run, None
