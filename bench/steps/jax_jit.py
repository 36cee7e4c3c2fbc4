"""JAX: value_and_grad and the update compiled together, the state donated.

JAX may run ahead of Python, or not ("inline"); which is faster depends on the machine and on who
else uses it. Where it does, each step waits for the one before: the queue holds one step at most
when the clock is read, and the same when it was started.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench._case import Loaded, device
from bench.steps.problems import BETA_1, BETA_2, EPSILON, RHO, Array, Net, Training, make_cases

State = Any


def load(dispatch: str) -> Loaded:
    """`dispatch` is "ahead" or "inline"."""
    configure(ahead=dispatch == "ahead")
    return Loaded({"jax": jax.__version__}, make_cases(train), finish=finish)


def configure(ahead: bool) -> None:
    """Where to compute, and whether Python runs ahead of it.

    On a GPU JAX rounds float32 to TF32 before it is multiplied, unless it is told not to.
    """
    jax.config.update("jax_platforms", "cpu" if device() == "cpu" else "cuda")
    jax.config.update("jax_cpu_enable_async_dispatch", ahead)
    jax.config.update("jax_default_matmul_precision", "highest")


def finish() -> None:
    """Wait for the device: what is asked of it now is done when all before is."""
    (jax.device_put(0.0) + 0).block_until_ready()


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    activation = jax.nn.relu if net.activation == "relu" else jax.nn.sigmoid

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        *hidden, (w_out, b_out) = zip(parameters[::2], parameters[1::2], strict=True)
        h = x
        for w, b in hidden:
            h = activation(h @ w + b)
        log_p = jax.nn.log_softmax(h @ w_out + b_out)
        return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()

    update = {"SGD": sgd, "RMSprop": rmsprop, "Adam": adam}[net.optimizer]

    def one(state: State, x: Any, y: Any) -> tuple[State, Any]:
        loss, gradients = jax.value_and_grad(loss_of)(state["w"], x, y)
        return update(net.rate, state, gradients), loss

    step = jax.jit(one, donate_argnums=0)
    leaves = [jnp.array(p) for p in parameters]
    state: State = {"w": leaves}
    for slot in SLOTS[net.optimizer]:
        state[slot] = [jnp.zeros_like(p) for p in leaves]
    if net.optimizer == "Adam":
        state["t"] = jnp.zeros((), jnp.int32)
    x, batches = jnp.array(images), cycle([jnp.array(y, jnp.int32) for y in labels])
    loss = jnp.zeros(())

    def run() -> Any:
        nonlocal state, loss
        before, (state, loss) = loss, step(state, x, next(batches))
        before.block_until_ready()
        return loss

    def memory() -> int:
        return planned(step, state, x, next(batches))

    return Training(run, lambda: [np.asarray(w) for w in state["w"]], memory)


def planned(step: Any, *args: Any) -> int:
    """What the compiler plans: arguments, results that are no donated argument, temporaries."""
    plan = step.lower(*args).compile().memory_analysis()
    results = plan.output_size_in_bytes - plan.alias_size_in_bytes
    return int(plan.argument_size_in_bytes + results + plan.temp_size_in_bytes)


SLOTS = {"SGD": "", "RMSprop": "v", "Adam": "mv"}


def sgd(rate: float, state: State, gradients: list[Any]) -> State:
    return {"w": [w - rate * g for w, g in zip(state["w"], gradients, strict=True)]}


def rmsprop(rate: float, state: State, gradients: list[Any]) -> State:
    new: State = {"w": [], "v": []}
    for w, v, g in zip(state["w"], state["v"], gradients, strict=True):
        v = RHO * v + (1 - RHO) * g * g
        new["v"].append(v)
        new["w"].append(w - rate * g / jnp.sqrt(v + EPSILON))
    return new


def adam(rate: float, state: State, gradients: list[Any]) -> State:
    t = state["t"] + 1
    alpha = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    new: State = {"w": [], "m": [], "v": [], "t": t}
    for w, m, v, g in zip(state["w"], state["m"], state["v"], gradients, strict=True):
        m = m + (1 - BETA_1) * (g - m)
        v = v + (1 - BETA_2) * (g * g - v)
        new["m"].append(m)
        new["v"].append(v)
        new["w"].append(w - alpha * m / (jnp.sqrt(v) + EPSILON))
    return new
