"""einops on Tensors, by its functions for any arrays of the Array API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.testing import check_gradients

einops = pytest.importorskip("einops", reason="einops is not installed: pip install einops")
api = pytest.importorskip("einops.array_api")

X = np.random.default_rng(0).normal(size=(2, 3, 4))
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "rearrange": lambda e, x: e.rearrange(x, "a b c -> (a c) b"),
    "split": lambda e, x: e.rearrange(x, "a b (c d) -> d a c b", d=2),
    "mean": lambda e, x: e.reduce(x, "a b c -> c a", "mean"),
    "max": lambda e, x: e.reduce(x, "a b (c d) -> a b c", "max", d=2),
    "repeat": lambda e, x: e.repeat(x, "a b c -> b (a d) c", d=2),
    "pack": lambda e, x: e.pack([x, 2 * x[:1]], "* b c")[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_einops_takes_tensors(name: str) -> None:
    f = FUNCTIONS[name]
    found = f(api, ad.asarray(X))
    assert isinstance(found, ad.Tensor)
    np.testing.assert_array_equal(found.numpy(), f(einops, X))
    np.testing.assert_array_equal(ad.function(lambda x: f(api, x))(X).numpy(), f(einops, X))
    check_gradients(lambda x: f(api, x) ** 2, X)
