"""TensorFlow: a `tf.function` around tape, gradients and update; as a graph, or compiled by XLA."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

import tensorflow as tf

from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, RATE, SHAPES, make_cases
from bench.steps.problems import Array, Training, untold


def load(mode: str) -> Loaded:
    """`mode` is "graph" or "xla"."""
    return Loaded({"tensorflow": tf.__version__}, make_cases(partial(train, mode)))


def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = parameters
    h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, k1, 1, "SAME"), b1))
    h = tf.nn.max_pool2d(h, 2, 2, "VALID")
    h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, k2, 1, "VALID"), b2))
    h = tf.reshape(tf.nn.max_pool2d(h, 2, 2, "VALID"), (-1, 400))
    h = tf.nn.relu(h @ w3 + b3)
    h = tf.nn.relu(h @ w4 + b4)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, h @ w5 + b5)
    return tf.reduce_mean(losses)


def train(
    mode: str, batch: int, parameters: list[Array], images: Array, labels: list[Array]
) -> Training:
    variables = [tf.Variable(p, name=n) for n, p in zip(SHAPES, parameters, strict=True)]
    momenta = [tf.Variable(tf.zeros_like(v)) for v in variables]

    @tf.function(jit_compile=mode == "xla")
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(variables, x, y)
        gradients = tape.gradient(loss, variables)
        for v, m, g in zip(variables, momenta, gradients, strict=True):
            m.assign(MOMENTUM * m - RATE * g)
            v.assign_add(m)
        return loss

    x, batches = tf.constant(images), cycle([tf.constant(y) for y in labels])
    return Training(lambda: step(x, next(batches)), lambda: [v.numpy() for v in variables], untold)
