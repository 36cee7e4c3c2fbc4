"""Metrics by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn._names import lookup, snake_case
from nn._shapes import OpenShape, outputs
from nn.metrics import accuracy as ac
from nn.metrics import confusion as co
from nn.metrics import errors as er
from nn.metrics import reduction as re
from nn.metrics._metric import Metric
from nn.metrics.auc import AUC

Identifier = str | type[Metric] | Metric | Callable[..., Any]

_CLASSES: tuple[type[Metric], ...] = (
    *(ac.Accuracy, ac.BinaryAccuracy, ac.CategoricalAccuracy, ac.SparseCategoricalAccuracy),
    *(ac.SparseTopKCategoricalAccuracy, ac.TopKCategoricalAccuracy),
    *(co.FalseNegatives, co.FalsePositives, co.Precision, co.Recall),
    *(co.TrueNegatives, co.TruePositives),
    *(er.BinaryCrossentropy, er.CategoricalCrossentropy, er.CategoricalHinge),
    *(er.CosineSimilarity, er.Hinge, er.KLDivergence, er.LogCoshError, er.MeanAbsoluteError),
    *(er.MeanAbsolutePercentageError, er.MeanSquaredError, er.MeanSquaredLogarithmicError),
    *(er.Poisson, er.RootMeanSquaredError, er.SparseCategoricalCrossentropy, er.SquaredHinge),
    *(re.Mean, re.Sum, AUC),
)
_SHORT: dict[str, type[Metric]] = {
    "bce": er.BinaryCrossentropy,
    "mae": er.MeanAbsoluteError,
    "mape": er.MeanAbsolutePercentageError,
    "mse": er.MeanSquaredError,
    "msle": er.MeanSquaredLogarithmicError,
}
_KNOWN: dict[str, type[Metric]] = {
    **{kind.__name__: kind for kind in _CLASSES},
    **{snake_case(kind.__name__): kind for kind in _CLASSES},
    **_SHORT,
    **{name.upper(): kind for name, kind in _SHORT.items()},
}


def get(identifier: Identifier | None) -> Metric | Callable[..., Any] | None:
    """A new Metric of a name or class; a Metric, a function f(y_true, y_pred) or None is itself.

    Names are those of the classes, also in lower case: "AUC", "mean_squared_error", "mse".
    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("mse")
    <MeanSquaredError 'mean_squared_error'>
    """
    found: Any = identifier
    if isinstance(identifier, str):
        found = lookup("metric", identifier, _KNOWN)
    if isinstance(found, type) and issubclass(found, Metric):
        return found()
    if found is None or callable(found):
        return found
    raise TypeError(f"a metric is a name, a Metric or a function; got {identifier!r:.60}")


def for_shapes(identifier: Identifier, true_shape: OpenShape, pred_shape: OpenShape) -> Metric:
    """What `compile` takes as a Metric; "accuracy" or "acc" is the accuracy for these shapes.

    Of one output binary, of labels without the axis of the classes sparse categorical, else
    categorical. A metric given by name is called by that name, of a function the mean is taken.

    >>> for_shapes("acc", (None,), (None, 10))
    <SparseCategoricalAccuracy 'acc'>
    """
    if isinstance(identifier, str):
        name = identifier
        if name.lower() in ("accuracy", "acc"):
            name = f"{outputs(true_shape, pred_shape)}_accuracy"
        kind: Any = lookup("metric", name, _KNOWN)
        return kind(name=identifier)
    found = get(identifier)
    if found is None:
        raise TypeError("expected a metric, got None")
    return found if isinstance(found, Metric) else re.MeanMetricWrapper(found)
