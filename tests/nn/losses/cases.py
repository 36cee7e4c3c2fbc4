"""Every loss with its formula in NumPy and values to call it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn import losses

Rng = np.random.Generator
N, K = 7, 4


@dataclass
class Case:
    """A loss function, its class, arguments drawn from a seed, and the formula of each sample."""

    function: Callable[..., Any]
    kind: type[losses.Loss]
    draw: Callable[[Rng], tuple[Any, Any]]
    formula: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    #: no function of this name in Keras
    ours: bool = False

    def __str__(self) -> str:
        options = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.function.__name__}({options})"

    def arguments(self, seed: int, dtype: Any = np.float64) -> tuple[Any, Any]:
        """y_true and y_pred; floats of the dtype."""
        y_true, y_pred = self.draw(np.random.default_rng(seed))
        if y_true.dtype.kind == "f":
            y_true = y_true.astype(dtype)
        return y_true, y_pred.astype(dtype)


def softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def numbers(rng: Rng) -> tuple[Any, Any]:
    return rng.normal(size=(N, K)) * 2, rng.normal(size=(N, K)) * 2


def positive(rng: Rng) -> tuple[Any, Any]:
    return rng.uniform(0.1, 3, (N, K)), rng.uniform(0.1, 3, (N, K))


def labels(rng: Rng) -> tuple[Any, Any]:
    return rng.integers(0, K, N), rng.normal(size=(N, K))


def one_hot(rng: Rng) -> tuple[Any, Any]:
    return np.eye(K)[rng.integers(0, K, N)], rng.normal(size=(N, K))


def distributions(rng: Rng) -> tuple[Any, Any]:
    return softmax(rng.normal(size=(N, K))), softmax(rng.normal(size=(N, K)))


def bits(rng: Rng) -> tuple[Any, Any]:
    return rng.integers(0, 2, (N, K)).astype(float), rng.normal(size=(N, K))


def signs(rng: Rng) -> tuple[Any, Any]:
    return rng.choice([-1.0, 1.0], (N, K)), rng.normal(size=(N, K))


def probable(draw: Callable[[Rng], tuple[Any, Any]], squash: Any) -> Any:
    """The same y_true, with probabilities for logits."""

    def drawn(rng: Rng) -> tuple[Any, Any]:
        y_true, z = draw(rng)
        return y_true, squash(z)

    return drawn


def log_softmax(z: Any) -> Any:
    return np.log(softmax(z))


def coin(y: Any, z: Any) -> Any:
    return -(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))).mean(-1)


def smooth(y: Any, part: float = 0.2) -> Any:
    return y * (1 - part) + part / K


def cosine(y: Any, p: Any) -> Any:
    return -(y * p).sum(-1) / np.linalg.norm(y, axis=-1) / np.linalg.norm(p, axis=-1)


def bent(y: Any, p: Any, delta: float = 1.0) -> Any:
    e = np.abs(y - p)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1)


LOGITS = {"from_logits": True}
SMOOTH = {"label_smoothing": 0.2}

CASES = [
    Case(
        losses.sparse_categorical_crossentropy,
        losses.SparseCategoricalCrossentropy,
        probable(labels, softmax),
        lambda y, p: -np.log(p)[range(N), y],
    ),
    Case(
        losses.sparse_categorical_crossentropy,
        losses.SparseCategoricalCrossentropy,
        labels,
        lambda y, z: -log_softmax(z)[range(N), y],
        LOGITS,
    ),
    Case(
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        distributions,
        lambda y, p: -(y * np.log(p)).sum(-1),
    ),
    Case(
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        probable(one_hot, softmax),
        lambda y, p: -(smooth(y) * np.log(p)).sum(-1),
        SMOOTH,
    ),
    Case(
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        one_hot,
        lambda y, z: -(smooth(y) * log_softmax(z)).sum(-1),
        LOGITS | SMOOTH,
    ),
    Case(
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        one_hot,
        lambda y, z: -(y * np.log(softmax(z, 0))).sum(0),
        LOGITS | {"axis": 0},
    ),
    Case(
        losses.binary_crossentropy,
        losses.BinaryCrossentropy,
        probable(bits, sigmoid),
        lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1),
    ),
    Case(losses.binary_crossentropy, losses.BinaryCrossentropy, bits, coin, LOGITS),
    Case(
        losses.binary_crossentropy,
        losses.BinaryCrossentropy,
        bits,
        lambda y, z: coin(0.8 * y + 0.1, z),
        LOGITS | SMOOTH,
    ),
    Case(
        losses.binary_crossentropy,
        losses.BinaryCrossentropy,
        probable(bits, sigmoid),
        lambda y, p: -(smooth(y, 0) * np.log(p) + (1 - y) * np.log(1 - p)).mean(0),
        {"axis": 0},
    ),
    Case(
        losses.kl_divergence,
        losses.KLDivergence,
        distributions,
        lambda y, p: (y * np.log(y / p)).sum(-1),
    ),
    Case(
        losses.poisson,
        losses.Poisson,
        positive,
        lambda y, p: (p - y * np.log(p + 1e-7)).mean(-1),
    ),
    Case(
        losses.mean_squared_error,
        losses.MeanSquaredError,
        numbers,
        lambda y, p: ((y - p) ** 2).mean(-1),
    ),
    Case(
        losses.mean_absolute_error,
        losses.MeanAbsoluteError,
        numbers,
        lambda y, p: np.abs(y - p).mean(-1),
    ),
    Case(
        losses.mean_absolute_percentage_error,
        losses.MeanAbsolutePercentageError,
        numbers,
        lambda y, p: 100 * np.abs((y - p) / y).mean(-1),
    ),
    Case(
        losses.mean_squared_logarithmic_error,
        losses.MeanSquaredLogarithmicError,
        positive,
        lambda y, p: (np.log((1 + y) / (1 + p)) ** 2).mean(-1),
    ),
    Case(losses.huber, losses.Huber, numbers, bent),
    Case(losses.huber, losses.Huber, numbers, lambda y, p: bent(y, p, 0.5), {"delta": 0.5}),
    Case(
        losses.log_cosh,
        losses.LogCosh,
        numbers,
        lambda y, p: np.log(np.cosh(y - p)).mean(-1),
    ),
    Case(losses.cosine_similarity, losses.CosineSimilarity, numbers, cosine),
    Case(
        losses.cosine_similarity,
        losses.CosineSimilarity,
        numbers,
        lambda y, p: cosine(y.T, p.T),
        {"axis": 0},
    ),
    Case(losses.hinge, losses.Hinge, signs, lambda y, p: np.maximum(1 - y * p, 0).mean(-1)),
    Case(
        losses.hinge,
        losses.Hinge,
        bits,
        lambda y, p: np.maximum(1 - (2 * y - 1) * p, 0).mean(-1),
    ),
    Case(
        losses.squared_hinge,
        losses.SquaredHinge,
        signs,
        lambda y, p: (np.maximum(1 - y * p, 0) ** 2).mean(-1),
    ),
    Case(
        losses.categorical_hinge,
        losses.CategoricalHinge,
        one_hot,
        lambda y, p: np.maximum(1 + ((1 - y) * p).max(-1) - (y * p).sum(-1), 0),
    ),
    Case(
        losses.logistic,
        losses.Logistic,
        signs,
        lambda y, z: np.log(1 + np.exp(-y * z)).mean(-1),
        ours=True,
    ),
    Case(
        losses.quadratic_cost,
        losses.QuadraticCost,
        numbers,
        lambda y, a: ((y - a) ** 2).sum(-1) / 2,
        ours=True,
    ),
]
