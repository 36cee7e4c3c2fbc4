"""This library: as a flat program, op by op, or with a Python loop over the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from bench._case import Loaded
from bench.jacobian.problems import (
    BATCHED,
    HESSIAN,
    JACOBIAN,
    WIDTH,
    Array,
    Maker,
    Parameters,
    make_cases,
)


def load(mode: str) -> Loaded:
    """`mode` is "flat", "eager" or "rows"."""
    makers: dict[str, Callable[..., Any]] = {
        JACOBIAN: jacobian,
        BATCHED: batch_jacobian,
        HESSIAN: hessian,
    }
    if mode == "rows":
        makers = {JACOBIAN: rows}
    elif mode == "flat":
        makers = {name: flat(maker) for name, maker in makers.items()}
    return Loaded({"autodiff": ad.__version__}, make_cases({k: at(m) for k, m in makers.items()}))


def flat(maker: Callable[..., Any]) -> Callable[..., Any]:
    return lambda net: ad.function(maker(net))


def at(maker: Callable[..., Any]) -> Maker:
    """A maker of functions of the input, for the net of these parameters at this input."""

    def make(parameters: Parameters, x: Array) -> Callable[[], Any]:
        f, given = maker(net_of(parameters)), ad.asarray(x)
        return lambda: f(given)

    return make


def net_of(parameters: Parameters) -> Callable[[Any], Any]:
    w1, b1, w2, b2, w3, b3 = map(ad.Variable, parameters)
    return lambda x: ad.tanh(ad.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def jacobian(net: Any) -> Any:
    return ad.jacobian(net)


def hessian(net: Any) -> Any:
    return ad.hessian(lambda x: ad.sum(net(x) ** 2) * 0.5)


def batch_jacobian(net: Any) -> Any:
    def f(x: Any) -> Any:
        with ad.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = net(x)
        return tape.batch_jacobian(y, x)

    return f


def rows(net: Any) -> Any:
    units = [ad.Tensor(row) for row in np.eye(WIDTH, dtype=np.float32)]

    def f(x: Any) -> Any:
        with ad.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = net(x)
        return ad.stack([tape.gradient(y, x, output_gradients=unit) for unit in units])

    return f
