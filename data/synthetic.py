"""Seeded points to learn from, whose true law is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Seed = int | np.random.Generator | None
Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]


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


def regression(
    n: int = 200,
    weights: Sequence[float] = (2.0,),
    bias: float = -1.0,
    noise: float = 0.1,
    seed: Seed = 0,
) -> tuple[Floats, Floats]:
    """Noisy samples of a linear function: what one neuron without activation can learn.

    x: float32, (n, features), uniform on [-1, 1], a feature for each of the `weights`;
    y: float32, (n, 1).
    noise: the standard deviation of what is added.

    >>> x, y = regression(3, weights=(1.0, 10.0), bias=0.5, noise=0.0)
    >>> bool(abs(y - (x @ [[1.0], [10.0]] + 0.5)).max() < 1e-5)
    True

    Formula: y = x·w + b + noise·ε, ε standard normal.
    """
    w = np.asarray(weights, np.float64)
    if w.ndim != 1 or not w.size:
        raise ValueError(f"weights must be a number for each feature, got shape {w.shape}")
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, w.size))
    y = x @ w[:, np.newaxis] + bias + noise * rng.standard_normal((n, 1))
    return x.astype(np.float32), y.astype(np.float32)


def spirals(
    n: int = 300, classes: int = 3, turns: float = 0.75, noise: float = 0.03, seed: Seed = 0
) -> tuple[Floats, Labels]:
    """Arms of a spiral wound around each other: no straight line parts them.

    x: float32, (n, 2), in the unit disc but for the noise; y: uint8, (n,), which arm, 0 to
        classes - 1, each equally often (give or take one), in random order.
    turns: how far an arm winds, in full turns; noise: standard deviation of each coordinate.

    >>> x, y = spirals(9, seed=1)
    >>> x.shape, sorted(y.tolist())
    ((9, 2), [0, 0, 0, 1, 1, 1, 2, 2, 2])

    Formula: x = t·(cos φ, sin φ) + noise·ε, φ = 2π(turns·t + y/classes), t uniform on [0, 1],
    ε standard normal.
    """
    rng = np.random.default_rng(seed)
    y = _even_labels(n, classes, rng)
    t = rng.random(n)
    phi = 2 * np.pi * (turns * t + y / classes)
    return _noisy(t * np.array([np.cos(phi), np.sin(phi)]), noise, rng), y


def moons(n: int = 200, noise: float = 0.1, seed: Seed = 0) -> tuple[Floats, Labels]:
    """Two half circles that reach into each other.

    x: float32, (n, 2); y: uint8, (n,), 0 the upper one and 1 the lower, in random order.
    noise: standard deviation of each coordinate.

    >>> x, y = moons(4, noise=0.0)
    >>> bool(abs((x[y == 0] ** 2).sum(axis=1) - 1).max() < 1e-6)
    True

    Formula: (cos t, sin t) or (1 − cos t, ½ − sin t), t uniform on [0, π], + noise·ε, ε standard
    normal; `sklearn.datasets.make_moons` has the same curves.
    """
    rng = np.random.default_rng(seed)
    y = _even_labels(n, 2, rng)
    t = np.pi * rng.random(n)
    upper, lower = (np.cos(t), np.sin(t)), (1 - np.cos(t), 0.5 - np.sin(t))
    return _noisy(np.where(y, lower, upper), noise, rng), y


def blobs(
    n: int = 300,
    centers: int | Sequence[Sequence[float]] = 3,
    spread: float = 0.25,
    seed: Seed = 0,
) -> tuple[Floats, Labels]:
    """Round clouds of points; the best possible classifier takes the nearest centre.

    centers: (K, d), a row for each cloud; or how many, evenly spaced on the unit circle, the
        first at (1, 0).
    x: float32, (n, d); y: uint8, (n,), which cloud, each equally often (give or take one), in
        random order.
    spread: standard deviation of each coordinate.

    >>> x, y = blobs(4, centers=[[0.0, 0.0, 5.0], [1.0, 1.0, 1.0]], spread=0.0)
    >>> x[y == 0].tolist()
    [[0.0, 0.0, 5.0], [0.0, 0.0, 5.0]]

    Formula: x = centre of y + spread·ε, ε standard normal.
    """
    if isinstance(centers, int | np.integer):
        angle = 2 * np.pi * np.arange(centers) / max(1, centers)
        places = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        places = np.asarray(centers, np.float64)
        if places.ndim != 2:
            raise ValueError(f"centers must have shape (K, d), got {places.shape}")
    rng = np.random.default_rng(seed)
    y = _even_labels(n, len(places), rng)
    return _noisy(places[y].T, spread, rng), y


def _even_labels(n: int, classes: int, rng: np.random.Generator) -> Labels:
    if not 1 <= classes <= 256:
        raise ValueError(f"classes must be 1 to 256, got {classes}")
    return rng.permutation(np.arange(n) % classes).astype(np.uint8)


def _noisy(columns: NDArray[np.float64], noise: float, rng: np.random.Generator) -> Floats:
    points = columns.T
    return (points + noise * rng.standard_normal(points.shape)).astype(np.float32)
