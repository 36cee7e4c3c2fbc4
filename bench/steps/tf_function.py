"""TensorFlow: a `tf.function` around tape, gradients and update; as a graph, or compiled by XLA."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

import tensorflow as tf

from bench._case import Loaded
from bench.steps.problems import (
    BETA_1,
    BETA_2,
    EPSILON,
    RHO,
    Array,
    Net,
    Training,
    make_cases,
    untold,
)  # fmt: skip


def load(mode: str) -> Loaded:
    """`mode` is "graph" or "xla"."""
    return Loaded({"tensorflow": tf.__version__}, make_cases(partial(train, mode)))


def train(
    mode: str, net: Net, parameters: list[Array], images: Array, labels: list[Array]
) -> Training:
    activation = tf.nn.relu if net.activation == "relu" else tf.nn.sigmoid
    variables = [tf.Variable(p) for p in parameters]
    update = {"SGD": sgd, "RMSprop": RMSprop, "Adam": Adam}[net.optimizer](net.rate, variables)

    @tf.function(jit_compile=mode == "xla")
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            h = x
            for w, b in zip(variables[:-2:2], variables[1:-2:2], strict=True):
                h = activation(h @ w + b)
            logits = h @ variables[-2] + variables[-1]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(losses)
        update(tape.gradient(loss, variables))
        return loss

    x, batches = tf.constant(images), cycle([tf.constant(y) for y in labels])
    return Training(lambda: step(x, next(batches)), lambda: [v.numpy() for v in variables], untold)


def sgd(rate: float, variables: Any) -> Any:
    def update(gradients: Any) -> None:
        for v, g in zip(variables, gradients, strict=True):
            v.assign_sub(rate * g)

    return update


class RMSprop:
    """Keras' RMSprop."""

    def __init__(self, rate: float, variables: Any) -> None:
        self.rate, self.variables = rate, variables
        self.squares = [tf.Variable(tf.zeros_like(v)) for v in variables]

    def __call__(self, gradients: Any) -> None:
        for v, s, g in zip(self.variables, self.squares, gradients, strict=True):
            s.assign(RHO * s + (1 - RHO) * g * g)
            v.assign_sub(self.rate * g / tf.sqrt(s + EPSILON))


class Adam:
    """Keras' Adam."""

    def __init__(self, rate: float, variables: Any) -> None:
        self.rate, self.variables = rate, variables
        self.means = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.squares = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.steps = tf.Variable(0.0)

    def __call__(self, gradients: Any) -> None:
        t = self.steps.assign_add(1.0)
        alpha = self.rate * tf.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
        for v, m, s, g in zip(self.variables, self.means, self.squares, gradients, strict=True):
            m.assign_add((1 - BETA_1) * (g - m))
            s.assign_add((1 - BETA_2) * (g * g - s))
            v.assign_sub(alpha * m / (tf.sqrt(s) + EPSILON))
