"""This library, as its users write it."""

from __future__ import annotations

from functools import partial

import autodiff as ad
import nn
import optim
from bench._case import Loaded
from bench.fit.problems import Digits, Problem, Training, make_cases
from nn.layers import Dense, Input
from nn.models import Sequential


def load(jit_compile: str, digits: str) -> Loaded:
    """`jit_compile`: whether Numba makes loops of the steps; `digits`: the file that holds them."""
    jit = bool(jit_compile)
    if jit:
        ad.function(fuse=True)  # says it where Numba is missing
    return Loaded({"autodiff": ad.__version__}, make_cases(partial(train, jit), digits))


def train(jit_compile: bool, problem: Problem, digits: Digits) -> Training:
    (x, y), test = digits
    nn.utils.set_random_seed(0)
    hidden = [Dense(width, "relu") for width in problem.hidden]
    model = Sequential([Input((784,)), *hidden, Dense(10, "softmax")])
    optimizer = {"SGD": optim.SGD, "RMSprop": optim.RMSprop}[problem.optimizer](problem.rate)
    loss = "categorical_crossentropy" if problem.one_hot else "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    return Training(
        lambda: model.fit(x, y, batch_size=problem.batch),
        lambda: model.evaluate(*test, batch_size=1000, verbose=0, return_dict=True)["accuracy"],
    )
