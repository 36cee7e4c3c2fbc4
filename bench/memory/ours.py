"""This library: an eager tape, a flat program, and `recompute_grad`."""

from __future__ import annotations

from functools import partial
from typing import Any

import autodiff as ad
from bench._case import Loaded
from bench.memory.problems import PAIRS, TOGETHER, Made, make_cases


def load(mode: str) -> Loaded:
    """`mode` is "flat" or "eager"; the chain is eager alone, as a program its length is text."""
    flat = mode == "flat"
    layers = partial(net, ad.function(fuse=False) if flat else lambda f: f)
    cases = make_cases(None if flat else chain, layers, partial(layers, again=True))
    return Loaded({"autodiff": ad.__version__}, cases)


def chain(*leaves: Any) -> Made:
    x, a, b = map(ad.asarray, leaves)

    def run() -> Any:
        with ad.GradientTape() as tape:
            tape.watch((x, a, b))
            y = x
            for _ in range(PAIRS):
                y = y * a
                y = y + b
        return tape.gradient(y, (x, a, b))

    return run, None


def net(decorate: Any, x: Any, layers: Any, again: bool = False) -> Made:
    variables = [(ad.Variable(w), ad.Variable(b)) for w, b in layers]
    leaves = [v for pair in variables for v in pair]

    def segment(pairs: Any) -> Any:
        def through(h: Any) -> Any:
            for w, b in pairs:
                h = ad.tanh(h @ w + b)
            return h

        return ad.recompute_grad(through) if again else through

    segments = [segment(variables[k : k + TOGETHER]) for k in range(0, len(variables), TOGETHER)]
    given = ad.asarray(x)

    def gradients(h: Any) -> Any:
        with ad.GradientTape() as tape:
            for through in segments:
                h = through(h)
            loss = ad.sum(h * h) * 0.5
        return tape.gradient(loss, leaves)

    f = decorate(gradients)
    return lambda: f(given), None
