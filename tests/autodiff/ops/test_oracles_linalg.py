"""A second opinion: gradients of complex matrices' factors beside those of PyTorch and JAX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

from .test_linalg import H, W, Z, gradient

pytestmark = pytest.mark.oracle


def symmetric(g: np.ndarray) -> np.ndarray:
    """Gradients by a Hermitian matrix, however they are spread over its triangles."""
    return g + g.conj().T


ORACLE: dict[str, tuple[str, Any, Any]] = {
    "inv": ("inv", Z[0], None),
    "det": ("det", Z[0], None),
    "slogdet": ("slogdet", Z[0], lambda f: f[1]),
    "sign": ("slogdet", Z[0], lambda f: f[0]),
    "pinv": ("pinv", W[0], None),
    "cholesky": ("cholesky", H, None),
    "q": ("qr", W[0], lambda f: f[0]),
    "r": ("qr", W[0], lambda f: f[1]),
    "eigenvalues": ("eigh", H, lambda f: f[0] ** 3),
    "eigenvectors": ("eigh", H, lambda f: abs(f[1]) ** 2),
    "general eigenvalues": ("eigvals", Z[0], lambda f: f**3),
    "singular values": ("svd", W[0], lambda f: f[1] ** 3),
    "singular vectors": ("svd", W[0], lambda f: abs(f[2]) ** 2),
    "norm": ("norm", W[0], None),
}


def weighted(xp: Any, y: Any) -> Any:
    """A real number of all parts of y."""
    weights = np.cos(np.arange(np.prod(tuple(y.shape), dtype=int))).reshape(tuple(y.shape))
    if xp.__name__ == "torch":
        return (xp.real(y) * xp.tensor(weights)).sum() + (abs(y) * xp.tensor(weights)).sum()
    return xp.sum(xp.real(y) * weights) + xp.sum(xp.abs(y) * weights)


@pytest.mark.parametrize("library", ["jax", "torch"])
@pytest.mark.parametrize("name", ORACLE)
def test_gradients_agree(name: str, library: str) -> None:
    other = pytest.importorskip(library, reason=f"{library} is not installed: the oracles extra")
    function, x, chosen = ORACLE[name]
    chosen = chosen or (lambda y: y)
    reduced = {"full_matrices": False} if function == "svd" else {}

    def loss(xp: Any, x: Any) -> Any:
        y = getattr(xp.linalg, function)(x, **reduced)
        return weighted(xp, chosen(y))

    ours = gradient(lambda x: loss(ad, x), x)
    if library == "jax":
        other.config.update("jax_enable_x64", True)
        theirs = np.asarray(other.grad(lambda x: loss(other.numpy, x))(x))
    else:
        t = other.tensor(x, requires_grad=True)
        loss(other, t).backward()
        theirs = t.grad.numpy().conj()
    if function in ("cholesky", "eigh"):
        ours, theirs = symmetric(ours), symmetric(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
