"""What each op is in JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autodiff.testing import Call

from . import oracle_jax_images

jax.config.update("jax_enable_x64", True)


def cross_entropy(logits: Any, labels: Any) -> Any:
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)
    return -chosen[..., 0]


def binary_cross_entropy(logits: Any, labels: Any) -> Any:
    return -labels * jax.nn.log_sigmoid(logits) - (1 - labels) * jax.nn.log_sigmoid(-logits)


#: what has another name there, or none
OTHERS: dict[str, Any] = {
    "astype": lambda x, dtype: x.astype(dtype),
    "permute_dims": lambda x, axes: jnp.transpose(x, axes),
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
    "logsumexp": jax.nn.logsumexp,
    "softmax_cross_entropy": cross_entropy,
    "sigmoid_cross_entropy": binary_cross_entropy,
    "softplus": jax.nn.softplus,
    "erf": jax.scipy.special.erf,
    "getitem": lambda x, index: x[index],
    "put": lambda x, value, index: x.at[index].set(value),
    "scatter": lambda x, index, shape: jnp.zeros(shape).at[index].add(x),
    **oracle_jax_images.OPS,
}

#: op -> the convention that differs from ours
CONVENTIONS = {"abs": "the derivative of |x| at 0 is 1 in JAX"}


def value_and_gradients(
    call: Call, arrays: Sequence[np.ndarray], upstream: np.ndarray
) -> tuple[Any, list[Any]]:
    name = call.op.name
    function = OTHERS.get(name) or getattr(jnp, name)

    def f(*floats: Any) -> Any:
        rest = iter(floats)
        inputs = [next(rest) if a.dtype.kind == "f" else a for a in arrays]
        return function(*([inputs] if call.op.variadic else inputs), **call.statics)

    return pulled(f, [a for a in arrays if a.dtype.kind == "f"], upstream)


def pulled(f: Any, floats: Sequence[np.ndarray], upstream: np.ndarray) -> tuple[Any, list[Any]]:
    value, pull = jax.vjp(f, *map(jnp.asarray, floats))
    return np.asarray(value), [np.asarray(g) for g in pull(jnp.asarray(upstream))]


def network(
    x: np.ndarray, labels: np.ndarray, weights: Sequence[np.ndarray], upstream: np.ndarray
) -> tuple[Any, list[Any]]:
    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return cross_entropy(jax.nn.relu(x @ w1 + b1) @ w2 + b2, jnp.asarray(labels)).mean()

    return pulled(loss, weights, upstream)
