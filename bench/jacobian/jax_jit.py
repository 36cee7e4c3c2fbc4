"""JAX: `jacrev`, `vmap(jacrev)` and `hessian`, compiled; each call waits for its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from bench._case import Loaded
from bench.jacobian.problems import BATCHED, HESSIAN, JACOBIAN, Array, Maker, Parameters, make_cases


def load() -> Loaded:
    makers: dict[str, Maker] = {
        JACOBIAN: at(jax.jacrev),
        BATCHED: at(lambda net: jax.vmap(jax.jacrev(net))),
        HESSIAN: at(lambda net: jax.hessian(lambda x: 0.5 * jnp.sum(net(x) ** 2))),
    }
    return Loaded({"jax": jax.__version__}, make_cases(makers))


def at(transform: Callable[..., Any]) -> Maker:
    def make(parameters: Parameters, x: Array) -> Callable[[], Any]:
        w1, b1, w2, b2, w3, b3 = map(jnp.array, parameters)

        def net(x: Any) -> Any:
            return jnp.tanh(jnp.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3

        f, given = jax.jit(transform(net)), jnp.array(x)
        return lambda: f(given).block_until_ready()

    return make
