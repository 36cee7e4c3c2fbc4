"""JAX, compiled: the chain as a scan, `jax.checkpoint` around the layers that are run again."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from bench._case import Loaded
from bench.memory.problems import PAIRS, TOGETHER, Made, make_cases
from bench.steps.jax_jit import planned


def load() -> Loaded:
    jax.config.update("jax_enable_x64", True)  # the chain is in float64
    return Loaded({"jax": jax.__version__}, make_cases(chain, net, partial(net, again=True)))


def compiled(f: Any, *given: Any) -> Made:
    """The compiled gradients, and what the compiler plans for them."""
    function = jax.jit(f)
    return lambda: jax.block_until_ready(function(*given)), lambda: planned(function, *given)


def chain(*leaves: Any) -> Made:
    def loss(x: Any, a: Any, b: Any) -> Any:
        y, _ = jax.lax.scan(lambda y, _: (y * a + b, None), x, None, PAIRS)
        return y.sum()

    return compiled(jax.grad(loss, (0, 1, 2)), *map(jnp.array, leaves))


def net(x: Any, layers: Any, again: bool = False) -> Made:
    def through(h: Any, pairs: Any) -> Any:
        for w, b in pairs:
            h = jnp.tanh(h @ w + b)
        return h

    segment = jax.checkpoint(through) if again else through

    def loss(pairs: Any, h: Any) -> Any:
        for k in range(0, len(pairs), TOGETHER):
            h = segment(h, pairs[k : k + TOGETHER])
        return (h * h).sum() * 0.5

    pairs = [(jnp.array(w), jnp.array(b)) for w, b in layers]
    run, memory = compiled(jax.grad(loss), pairs, jnp.array(x))
    return lambda: jax.tree.leaves(run()), memory
