"""NumPy by hand: what is needed on the way back is kept in a list, and let go as it is used."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench._case import Loaded
from bench.memory.problems import PAIRS, TOGETHER, Made, make_cases


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(chain, layers, again))


def chain(x: Any, a: Any, b: Any) -> Made:
    def run() -> Any:
        y, kept = x, []
        for _ in range(PAIRS):
            kept.append(y)
            y = y * a
            y = y + b
        g, by_a, by_b = np.ones_like(y), np.zeros_like(a), np.zeros_like(b)
        while kept:
            by_b += g
            by_a += g * kept.pop()
            g = g * a
        return g, by_a, by_b

    return run, None


def forward(h: Any, pairs: Any) -> list[Any]:
    """What goes into each layer, and what comes out of the last."""
    values = [h]
    for w, b in pairs:
        h = values[-1] @ w
        h += b
        values.append(np.tanh(h, out=h))
    return values


def backward(g: Any, values: list[Any], pairs: Any, found: list[Any]) -> Any:
    """The gradient by what went in; those of parameters go to the front of `found`."""
    for w, _ in reversed(pairs):
        out = values.pop()
        g = g * (1 - out * out)
        found[:0] = [values[-1].T @ g, g.sum(axis=0)]
        g = g @ w.T
    return g


def layers(x: Any, pairs: Any) -> Made:
    def run() -> Any:
        found: list[Any] = []
        values = forward(x, pairs)
        backward(values[-1], values, pairs, found)
        return found

    return run, None


def again(x: Any, pairs: Any) -> Made:
    parts = [pairs[k : k + TOGETHER] for k in range(0, len(pairs), TOGETHER)]

    def run() -> Any:
        found: list[Any] = []
        ins = [x]
        for part in parts:
            ins.append(forward(ins[-1], part)[-1])
        g = ins.pop()
        for part in reversed(parts):
            g = backward(g, forward(ins.pop(), part), part, found)
        return found

    return run, None
