"""Seeded points to learn from, whose true law is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Seed = int | np.random.Generator | None
Floats = NDArray[np.float32]


def hill(n: int = 400, seed: Seed = 0) -> tuple[Floats, Floats]:
    """Points of the unit square, labelled 1 mostly in the middle and 0 mostly outside.

    x: float32, (n, 2), uniform on [0, 1]²; y: float32, (n, 1), 0 or 1, as a one-unit sigmoid
    output and binary cross-entropy take it, drawn with probability `hill_probability(x)`.

    >>> x, y = hill(400, seed=0)
    >>> x.shape, y.shape, y.dtype
    ((400, 2), (400, 1), dtype('float32'))

    Formula: y ~ Bernoulli(σ(z)), z = 10·(e^(−8r²) − ½), r the distance to (½, ½).
    """
    rng = np.random.default_rng(seed)
    x = rng.random((n, 2)).astype(np.float32)
    return x, (rng.random((n, 1)) < hill_probability(x)).astype(np.float32)


def hill_probability(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probability of label 1 at points x of shape (n, 2): float64, (n, 1).

    >>> import numpy as np
    >>> hill_probability(np.array([[0.5, 0.5], [0.0, 0.0]])).round(4).tolist()
    [[0.9933], [0.0080]]

    Formula: σ(z), z = 10·(e^(−8r²) − ½), r the distance to (½, ½).
    """
    r2 = np.square(np.asarray(x, np.float64) - 0.5).sum(axis=-1, keepdims=True)
    return 1 / (1 + np.exp(-10 * (np.exp(-8 * r2) - 0.5)))


def hill_best_accuracy(x: NDArray[np.floating] | None = None) -> float:
    """The accuracy that the best possible classifier of `hill` expects; no model expects more.

    x: at these points, (n, 2); None takes the whole square (0.881).

    >>> round(hill_best_accuracy(), 3)
    0.881

    Formula: the mean of max(p, 1 − p), p = P(y = 1 | x), the Bayes classifier's; for the square by
    the midpoint rule, 500 × 500.
    """
    if x is None:
        middle = (np.arange(500) + 0.5) / 500
        x = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    p = hill_probability(x)
    return float(np.maximum(p, 1 - p).mean())


def curve(
    n: int = 200,
    f: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: np.sin(2 * np.pi * x),
    noise: float = 0.1,
    seed: Seed = 0,
) -> tuple[Floats, Floats]:
    """Noisy samples of a function of one variable.

    x: float32, (n, 1), uniform on [0, 1]; y: float32, (n, 1).
    f: maps a float64 array of shape (n, 1) to another; one period of a sine if not given.
    noise: the standard deviation of what is added, and so the least root mean square error that a
        model can expect.

    >>> import numpy as np
    >>> x, y = curve(5, f=np.square, noise=0.0)
    >>> bool(np.allclose(y, x**2)), y.shape, y.dtype
    (True, (5, 1), dtype('float32'))

    Formula: y = f(x) + noise·ε, ε standard normal.
    """
    rng = np.random.default_rng(seed)
    x = rng.random((n, 1))
    y = f(x) + noise * rng.standard_normal((n, 1))
    return x.astype(np.float32), y.astype(np.float32)
