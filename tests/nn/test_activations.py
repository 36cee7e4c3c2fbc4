from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from nn import activations

X = np.linspace(-6, 6, 25)

FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_gives_the_function(name: str) -> None:
    assert activations.get(name)(ad.asarray(X)).numpy() == pytest.approx(FORMULAS[name](X))
    assert activations.get(name) is getattr(activations, name)


def test_none_is_linear_and_a_function_is_itself() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get(abs) is abs


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            "rellu",
            ValueError,
            r"unknown activation 'rellu'; did you mean 'relu'\? Known are celu, elu, exp",
        ),
        ("step", ValueError, "unknown activation 'step' Known are celu, elu, exponential, gelu"),
        (3, TypeError, "an activation is a name, a function or None; got 3"),
    ],
)
def test_what_is_no_activation(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        activations.get(given)
