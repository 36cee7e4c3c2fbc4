"""Trainings on points with a known law."""

from __future__ import annotations

import numpy as np

import data
import nn
from bench.lectures._row import EpochClock, Outcome
from nn.layers import Dense
from nn.models import Sequential
from optim import Adam

#: trainings of the plane, of which the one with the least loss counts: about one in four ends in a
#: local minimum, where the hill is a ramp, in Keras too
STARTS = 3


def plane(seed: int) -> Outcome:
    """20 calls of `fit` with 50 epochs each on 400 points of the unit square."""
    x, y = data.synthetic.hill(400, seed=seed)
    bayes = float(((data.synthetic.hill_probability(x) > 0.5) == y).mean())
    clock = EpochClock()
    found = []
    for start in range(STARTS):
        nn.utils.set_random_seed(STARTS * seed + start)
        model = Sequential([Dense(4, "sigmoid", input_shape=(2,)), Dense(1, "sigmoid")])
        model.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
        for _ in range(20):
            model.fit(x, y, batch_size=100, epochs=50, verbose=0, callbacks=[clock])
        found.append(tuple(model.evaluate(x, y, verbose=0)))
    loss, accuracy = min(found)
    numbers = {"accuracy - best possible": accuracy - bayes, "accuracy": accuracy, "loss": loss}
    numbers |= {f"accuracy of start {k}": each for k, (_, each) in enumerate(found)}
    return Outcome(seed, numbers, model.count_params(), [min(clock.seconds)], [])


def curve(seed: int) -> Outcome:
    """One period of a cosine from noisy samples; the share of its variance that is learnt."""
    x, y = data.synthetic.curve(200, f=lambda x: np.cos(2 * np.pi * x), noise=0.05, seed=seed)
    nn.utils.set_random_seed(seed)
    model = Sequential([Dense(4, "sigmoid", input_shape=(1,)), Dense(1)])
    model.compile(Adam(0.05), "mse")
    clock = EpochClock()
    history = model.fit(x, y, batch_size=50, epochs=1000, verbose=0, callbacks=[clock])
    learnt = model.predict(x, verbose=0)
    true = np.cos(2 * np.pi * x)
    share = 1 - float(np.square(learnt - true).mean() / true.var())
    numbers = {"R²": share, "loss": history.history["loss"][-1]}
    return Outcome(seed, numbers, model.count_params(), [min(clock.seconds)], [])
