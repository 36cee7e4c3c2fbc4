"""Keras 3 on one of its backends, as its users write it; without a progress bar, for its sake."""

from __future__ import annotations

import os
from importlib import import_module

from bench._case import Loaded
from bench.fit.problems import Digits, Problem, Training, make_cases


def load(backend: str, digits: str) -> Loaded:
    """`backend` is "jax", "tensorflow" or "torch"; `digits`: the file that holds them."""
    os.environ["KERAS_BACKEND"] = backend  # read once, when Keras is imported
    library = import_module(backend)
    import keras

    versions = {"keras": keras.__version__, backend: library.__version__}
    return Loaded(versions, make_cases(train, digits))


def train(problem: Problem, digits: Digits) -> Training:
    import keras
    from keras.layers import Dense, Input

    (x, y), test = digits
    keras.utils.set_random_seed(0)
    hidden = [Dense(width, "relu") for width in problem.hidden]
    model = keras.Sequential([Input((784,)), *hidden, Dense(10, "softmax")])
    optimizer = getattr(keras.optimizers, problem.optimizer)(problem.rate)
    loss = "categorical_crossentropy" if problem.one_hot else "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, metrics=["accuracy"])
    return Training(
        lambda: model.fit(x, y, batch_size=problem.batch, verbose=0),
        lambda: model.evaluate(*test, batch_size=1000, verbose=0, return_dict=True)["accuracy"],
    )
