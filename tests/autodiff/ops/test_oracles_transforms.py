"""A second opinion on derivatives of whole functions: JAX's and PyTorch's, structures included."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import _nest

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

RNG = np.random.default_rng(0)
P = {"w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
DP = {"w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
X, DX = RNG.normal(size=(2, 4)), RNG.normal(size=(2, 4))
UPSTREAM = {"h": RNG.normal(size=(2, 3)), "norm": (RNG.normal(),)}


def f(xp: Any, p: Any, x: Any) -> Any:
    h = xp.tanh(x @ p["w"] + p["b"])
    return {"h": h * h, "norm": (xp.sum(xp.exp(-h)),)}


def loss(xp: Any, p: Any, x: Any) -> Any:
    return xp.sum(f(xp, p, x)["h"] ** 2) * f(xp, p, x)["norm"][0]


def theirs(library: str) -> tuple[Any, Any, Any]:
    """The library's namespace, its transforms, and how it makes an array."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install 'autodiff-tape[oracles]'")
    if library == "torch":
        torch = importlib.import_module("torch")
        return torch, torch.func, lambda a: torch.tensor(a, dtype=torch.float64)
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax.numpy, jax, jax.numpy.asarray


@pytest.mark.parametrize("library", ["jax", "torch"])
@pytest.mark.parametrize("argnums", [1, (0, 1)])
def test_derivatives_of_structures(library: str, argnums: Any) -> None:
    xp, transforms, make = theirs(library)
    p, dp, up = (_nest.replace(a, make) for a in (P, DP, UPSTREAM))
    x, dx = make(X), make(DX)
    (value, pull), (again, their_pull) = (
        ad.vjp(lambda p, x: f(ad, p, x), P, X),
        transforms.vjp(lambda p, x: f(xp, p, x), p, x),
    )
    vector = {0: DP, 1: DX, (0, 1): (DP, DX)}[argnums]

    def slope(p: Any, x: Any) -> Any:
        return transforms.grad(lambda p, x: loss(xp, p, x), argnums)(p, x)

    moved = {0: (dp, 0 * x), 1: ({k: 0 * v for k, v in p.items()}, dx), (0, 1): (dp, dx)}
    pairs = (
        (value, again),
        (pull(UPSTREAM), their_pull(up)),
        (
            ad.jacobian(lambda p, x: f(ad, p, x), argnums)(P, X),
            transforms.jacrev(lambda p, x: f(xp, p, x), argnums)(p, x),
        ),
        (
            ad.hessian(lambda p, x: loss(ad, p, x), argnums)(P, X),
            transforms.hessian(lambda p, x: loss(xp, p, x), argnums)(p, x),
        ),
        (
            ad.jvp(lambda p, x: f(ad, p, x), (P, X), (DP, DX)),
            transforms.jvp(lambda p, x: f(xp, p, x), (p, x), (dp, dx)),
        ),
        (
            ad.hvp(lambda p, x: loss(ad, p, x), argnums)(P, X, vector),
            transforms.jvp(slope, (p, x), moved[argnums])[1],
        ),
    )
    for a, b in pairs:
        for one, other in zip(_nest.flatten(a), _nest.flatten_like(a, b), strict=True):
            np.testing.assert_allclose(one.numpy(), np.asarray(other), rtol=1e-9, atol=1e-10)
