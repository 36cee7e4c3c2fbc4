"""Every metric with the values it is called with and its formula over all samples, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn import metrics
from tests.nn.losses.cases import CASES as LOSSES
from tests.nn.losses.cases import Rng, bits, labels, numbers, one_hot

N, K = 7, 4


@dataclass
class Case:
    """A metric, arguments drawn from a seed, and its value from y_true, y_pred and weights."""

    kind: type[metrics.Metric]
    draw: Callable[[Rng], tuple[Any, Any]]
    formula: Callable[[Any, Any, Any], Any]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        options = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.kind.__name__}({options})"

    def make(self) -> Any:
        return self.kind(**self.options)

    def batches(self, seed: int, count: int = 3) -> list[tuple[Any, Any, Any]]:
        """y_true, y_pred and weights of some batches of N rows."""
        rng = np.random.default_rng(seed)
        return [
            (*(x.astype("f4") if x.dtype.kind == "f" else x for x in self.draw(rng)), weights(rng))
            for _ in range(count)
        ]

    def expected(self, batches: list[tuple[Any, Any, Any]]) -> Any:
        """The formula over all batches, in double precision."""
        y_true, y_pred, w = (
            np.concatenate(parts).astype(float) for parts in zip(*batches, strict=True)
        )
        return self.formula(y_true, y_pred, w)


def weights(rng: Rng) -> Any:
    return rng.integers(1, 9, N) / np.float32(4)


def mean_of(each: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """The weighted mean of a value, or the mean of several, for each sample."""

    def formula(y_true: Any, y_pred: Any, w: Any) -> Any:
        values = each(y_true, y_pred).astype(float).reshape(len(w), -1).mean(1)
        return (values * w).sum() / w.sum()

    return formula


def probabilities(rng: Rng) -> tuple[Any, Any]:
    return rng.integers(0, 2, (N, 1)), rng.uniform(size=(N, 1))


def columns(rng: Rng) -> tuple[Any, Any]:
    return rng.integers(0, 2, (N, 3)), rng.uniform(size=(N, 3))


def digits(rng: Rng) -> tuple[Any, Any]:
    return rng.integers(0, 3, N), rng.integers(0, 3, N)


def rank(scores: Any, chosen: Any) -> Any:
    """How many scores of each row are above the chosen one."""
    return (scores > np.take_along_axis(scores, chosen[:, None].astype(int), 1)).sum(1)


def counted(y: Any, p: Any, w: Any, threshold: Any = 0.5) -> tuple[Any, Any, Any, Any]:
    """TP, FP, TN, FN."""
    w = np.broadcast_to(w.reshape(-1, *(1,) * (y.ndim - 1)), y.shape)
    above = p > threshold
    return tuple(w[(y != 0) == a][above[(y != 0) == a] == b].sum() for a, b in QUADRANTS)


QUADRANTS = ((True, True), (False, True), (False, False), (True, False))


def share(part: Any, rest: Any) -> Any:
    """The part of both together; 0 of nothing."""
    return part / np.where(part + rest == 0, 1, part + rest)


def precision(y: Any, p: Any, w: Any, threshold: float = 0.5) -> Any:
    tp, fp, _, _ = counted(y, p, w, threshold)
    return share(tp, fp)


def recall(y: Any, p: Any, w: Any, threshold: float = 0.5) -> Any:
    tp, _, _, fn = counted(y, p, w, threshold)
    return share(tp, fn)


def curve(y: Any, p: Any, w: Any, thresholds: Any) -> Any:
    """Rate of false positives, recall and precision (0 of nothing) at each threshold."""
    tp, fp, tn, fn = np.array([counted(y, p, w, t) for t in thresholds]).T
    return share(fp, tn), share(tp, fn), share(tp, fp)


def spaced(n: int) -> Any:
    return np.concatenate([[-1e-7], np.arange(1, n - 1) / (n - 1), [1 + 1e-7]])


def roc(how: Any, thresholds: Any = None) -> Any:
    limits = spaced(200) if thresholds is None else thresholds

    def formula(y: Any, p: Any, w: Any) -> Any:
        x, y, _ = curve(y, p, w, limits)
        return ((x[:-1] - x[1:]) * how(y[:-1], y[1:])).sum()

    return formula


def pr(how: Any) -> Any:
    def formula(y: Any, p: Any, w: Any) -> Any:
        _, x, y = curve(y, p, w, spaced(200))
        return ((x[:-1] - x[1:]) * how(y[:-1], y[1:])).sum()

    return formula


def middle(a: Any, b: Any) -> Any:
    return (a + b) / 2


def of_losses() -> list[Case]:
    """Losses that are metrics too, by the losses' formulas; options that change axes left out."""
    kinds = {"log_cosh": metrics.LogCoshError}
    found = []
    for case in LOSSES:
        kind = kinds.get(case.function.__name__) or getattr(metrics, case.kind.__name__, None)
        if kind is None or "axis" in case.options or "delta" in case.options:
            continue
        sign = -1 if kind is metrics.CosineSimilarity else 1

        def each(y: Any, p: Any, formula: Any = case.formula, sign: int = sign) -> Any:
            rows = [slice(k, k + N) for k in range(0, len(p), N)]
            y = y.astype(int) if y.ndim == 1 else y
            return np.concatenate([sign * formula(y[k], p[k]) for k in rows])

        found.append(Case(kind, case.draw, mean_of(each), case.options))
    return found


CASES = [
    *of_losses(),
    Case(
        metrics.RootMeanSquaredError,
        numbers,
        lambda y, p, w: np.sqrt(mean_of(lambda y, p: ((y - p) ** 2).mean(1))(y, p, w)),
    ),
    Case(metrics.Accuracy, digits, mean_of(lambda y, p: y == p)),
    Case(metrics.BinaryAccuracy, probabilities, mean_of(lambda y, p: (p > 0.5) == y)),
    Case(metrics.BinaryAccuracy, bits, mean_of(lambda y, p: (p > 0) == y), {"threshold": 0.0}),
    Case(metrics.CategoricalAccuracy, one_hot, mean_of(lambda y, p: p.argmax(1) == y.argmax(1))),
    Case(metrics.SparseCategoricalAccuracy, labels, mean_of(lambda y, p: p.argmax(1) == y)),
    Case(
        metrics.TopKCategoricalAccuracy,
        one_hot,
        mean_of(lambda y, p: rank(p, y.argmax(1)) < 2),
        {"k": 2},
    ),
    Case(
        metrics.SparseTopKCategoricalAccuracy,
        labels,
        mean_of(lambda y, p: rank(p, y) < 3),
        {"k": 3},
    ),
    Case(metrics.Precision, probabilities, precision),
    Case(metrics.Precision, columns, precision),
    Case(
        metrics.Precision,
        probabilities,
        lambda y, p, w: np.array([precision(y, p, w, t) for t in (0.2, 0.7)]),
        {"thresholds": [0.2, 0.7]},
    ),
    Case(
        metrics.Precision,
        columns,
        lambda y, p, w: precision(y, rank_mask(p, 2), w),
        {"top_k": 2},
    ),
    Case(
        metrics.Precision,
        columns,
        lambda y, p, w: precision(y[:, 1], p[:, 1], w),
        {"class_id": 1},
    ),
    Case(metrics.Recall, probabilities, recall),
    Case(
        metrics.Recall,
        columns,
        lambda y, p, w: recall(y[:, 2], rank_mask(p, 1)[:, 2], w),
        {"top_k": 1, "class_id": 2},
    ),
    Case(
        metrics.Recall,
        columns,
        lambda y, p, w: np.array([recall(y, p, w, t) for t in (0.0, 0.5, 1.0)]),
        {"thresholds": [0.0, 0.5, 1.0]},
    ),
    *(
        Case(kind, probabilities, lambda y, p, w, k=k: counted(y, p, w)[k])  # type: ignore[misc]
        for k, kind in enumerate(
            (
                *(metrics.TruePositives, metrics.FalsePositives),
                *(metrics.TrueNegatives, metrics.FalseNegatives),
            )
        )
    ),
    Case(metrics.AUC, probabilities, roc(middle)),
    Case(metrics.AUC, probabilities, roc(np.minimum), {"summation_method": "minoring"}),
    Case(metrics.AUC, probabilities, roc(middle, spaced(5)), {"num_thresholds": 5}),
    Case(
        metrics.AUC,
        probabilities,
        roc(middle, np.array([-1e-7, 0.1, 0.6, 1 + 1e-7])),
        {"thresholds": [0.6, 0.1]},
    ),
    Case(
        metrics.AUC,
        probabilities,
        pr(np.maximum),
        {"curve": "PR", "summation_method": "majoring"},
    ),
    Case(
        metrics.AUC,
        columns,
        lambda y, p, w: np.mean([roc(middle)(y[:, k], p[:, k], w) for k in range(3)]),
        {"multi_label": True},
    ),
    Case(
        metrics.AUC,
        columns,
        lambda y, p, w: sum(k * roc(middle)(y[:, k], p[:, k], w) for k in (1, 2)) / 3,
        {"multi_label": True, "num_labels": 3, "label_weights": [0.0, 1.0, 2.0]},
    ),
    Case(
        metrics.AUC,
        columns,
        lambda y, p, w: roc(middle)(
            y[:, 1:].ravel(), p[:, 1:].ravel(), (w[:, None] * [1.0, 2.0]).ravel()
        ),
        {"label_weights": [0.0, 1.0, 2.0]},
    ),
    Case(
        metrics.AUC,
        bits,
        lambda y, z, w: roc(middle)(y, 1 / (1 + np.exp(-z)), w),
        {"from_logits": True},
    ),
]


def rank_mask(p: Any, k: int) -> Any:
    """1 at the k largest of each row."""
    return (p.argsort(1).argsort(1) >= p.shape[1] - k).astype(float)
