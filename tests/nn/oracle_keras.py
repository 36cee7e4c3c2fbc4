"""Keras 3 on JAX, in double precision as far as it goes, as a second opinion."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

marks = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore"),  # Keras' own
]


def load() -> Any:
    """The keras module; skips where it or JAX is not installed."""
    for name in ("keras", "jax"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install 'autodiff-tape[oracles]'")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    keras = importlib.import_module("keras")
    if keras.backend.backend() != "jax":
        pytest.skip(f"Keras runs on {keras.backend.backend()} here; KERAS_BACKEND=jax is wanted")
    keras.config.set_floatx("float64")
    return keras


def value_and_gradient(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """f(x), and the gradient of its sum."""
    jax = importlib.import_module("jax")
    x = jax.numpy.asarray(x)
    return np.asarray(f(x)), np.asarray(jax.grad(lambda x: f(x).sum())(x))
