"""A saved model trains on as it would have: with the same rates and decay for each parameter."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import nn
from data import synthetic
from nn.layers import Dense
from nn.models import Model, Sequential, load_model
from optim import SGD


def trained(path: Path) -> tuple[Model, Model]:
    """A model trained for two epochs, the first of which is saved; and the saved one, for one."""
    x, y = synthetic.hill(64)
    nn.utils.set_random_seed(0)
    model = Sequential([Dense(3, "tanh", input_shape=(2,)), Dense(1)])
    optimizer = SGD(0.05, momentum=0.9, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.multiply_learning_rate(2.0, var_list=[model.weights[1]])
    model.compile(optimizer, "mse")
    model.fit(x, y, shuffle=False, verbose=0)
    model.save(path)
    found = load_model(path)
    for each in (model, found):
        each.fit(x, y, shuffle=False, verbose=0)
    return model, found


def test_rates_and_decay_of_chosen_parameters_are_saved(tmp_path: Path) -> None:
    model, found = trained(tmp_path / "model.safetensors")
    for ours, theirs in zip(model.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    first, second = found.weights[1], found.weights[3]
    assert (found.optimizer.multiplier(first), found.optimizer.multiplier(second)) == (2.0, 1.0)
    assert not found.optimizer.decays(first)
