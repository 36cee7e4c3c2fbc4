"""PyTorch: `torch.func`, or `torch.autograd.functional` with its rows vectorised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench._case import Loaded
from bench.jacobian.problems import BATCHED, HESSIAN, JACOBIAN, Array, Maker, Parameters, make_cases


def load(mode: str) -> Loaded:
    """`mode` is "func" or "functional"."""
    makers: dict[str, Maker]
    if mode == "func":
        makers = {
            JACOBIAN: at(torch.func.jacrev),
            BATCHED: at(lambda net: torch.func.vmap(torch.func.jacrev(net))),
            HESSIAN: at(lambda net: torch.func.hessian(half_square(net))),
        }
    else:
        functional = torch.autograd.functional
        makers = {
            JACOBIAN: at(lambda net: lambda x: functional.jacobian(net, x, vectorize=True)),
            HESSIAN: at(
                lambda net: lambda x: functional.hessian(half_square(net), x, vectorize=True)
            ),
        }
    threads = {"torch": torch.get_num_threads()}
    return Loaded({"torch": torch.__version__}, make_cases(makers), threads)


def half_square(net: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: 0.5 * (net(x) ** 2).sum()


def at(transform: Callable[..., Any]) -> Maker:
    def make(parameters: Parameters, x: Array) -> Callable[[], Any]:
        w1, b1, w2, b2, w3, b3 = (torch.tensor(p) for p in parameters)

        def net(x: Any) -> Any:
            return torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3

        f, given = transform(net), torch.tensor(x)
        return lambda: f(given)

    return make
