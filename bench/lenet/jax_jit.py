"""JAX: value_and_grad and the update compiled together, the state donated."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, RATE, make_cases
from bench.steps.jax_jit import configure, finish, planned
from bench.steps.problems import Array, Training


def load() -> Loaded:
    configure(ahead=False)  # a step is over when it returns
    return Loaded({"jax": jax.__version__}, make_cases(train), finish=finish)


def filtered(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    """Convolution, ReLU and pooling."""
    order = ("NHWC", "HWIO", "NHWC")
    y = lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=order)
    window = (1, 2, 2, 1)
    return lax.reduce_window(jax.nn.relu(y + bias), -jnp.inf, lax.max, window, window, "VALID")


def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = parameters
    h = filtered(x, k1, b1, "SAME")
    h = filtered(h, k2, b2, "VALID").reshape(len(x), 400)
    h = jax.nn.relu(h @ w3 + b3)
    h = jax.nn.relu(h @ w4 + b4)
    log_p = jax.nn.log_softmax(h @ w5 + b5)
    return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()


def one(state: Any, x: Any, y: Any) -> Any:
    w, v = state
    loss, gradients = jax.value_and_grad(loss_of)(w, x, y)
    v = [MOMENTUM * m - RATE * g for m, g in zip(v, gradients, strict=True)]
    return ([a + m for a, m in zip(w, v, strict=True)], v), loss


def train(batch: int, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    step = jax.jit(one, donate_argnums=0)
    leaves = [jnp.array(p) for p in parameters]
    state: Any = (leaves, [jnp.zeros_like(p) for p in leaves])
    x, batches = jnp.array(images), cycle([jnp.array(y, jnp.int32) for y in labels])
    loss = jnp.zeros(())

    def run() -> Any:
        nonlocal state, loss
        before, (state, loss) = loss, step(state, x, next(batches))
        before.block_until_ready()
        return loss

    def memory() -> int:
        return planned(step, state, x, next(batches))

    return Training(run, lambda: [np.asarray(w) for w in state[0]], memory)
