"""Metrics by name, by the shapes of a model, and of one's own."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import autodiff as ad
from nn import metrics
from nn._names import snake_case
from nn.metrics import Mean, MeanMetricWrapper, Metric, Sum

from .cases import CASES

KINDS = sorted({case.kind for case in CASES} | {Mean, Sum}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_classes_by_name(kind: type[Metric]) -> None:
    for identifier in (kind.__name__, snake_case(kind.__name__), kind):
        first, second = metrics.get(identifier), metrics.get(identifier)
        assert type(first) is type(second) is kind
        assert first is not second
        assert metrics.get(first) is first


@pytest.mark.parametrize("name", ["bce", "mae", "mape", "mse", "msle"])
def test_short_names(name: str) -> None:
    assert type(metrics.get(name)) is type(metrics.get(name.upper()))


def test_what_is_no_metric() -> None:
    with pytest.raises(ValueError, match=r"unknown metric 'acuracy'; did you mean 'accuracy'\?"):
        metrics.get("acuracy")
    with pytest.raises(TypeError, match="a metric is a name, a Metric or a function; got 3"):
        metrics.get(cast(Any, 3))
    with pytest.raises(TypeError, match="expected a metric, got None"):
        metrics.for_shapes(cast(Any, None), (None,), (None, 1))
    assert metrics.get(None) is None


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "kind"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 10), (None, 10), metrics.CategoricalAccuracy),
        ((None, 5, 10), (None, 5, 10), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_by_shapes(name: str, y_true: Any, y_pred: Any, kind: Any) -> None:
    metric = metrics.for_shapes(name, y_true, y_pred)
    assert type(metric) is kind
    assert metric.name == name
    assert metric.variables[0].name == f"{name}/total"


def test_whatever_compile_takes_becomes_a_metric() -> None:
    own = metrics.AUC(name="area")
    assert metrics.for_shapes(own, (None,), (None, 1)) is own
    assert metrics.for_shapes("mse", (None,), (None, 1)).name == "mse"
    assert metrics.for_shapes(metrics.AUC, (None,), (None, 1)).name == "auc"

    def largest_error(y_true: Any, y_pred: Any) -> Any:
        return ad.max(ad.abs(ad.asarray(y_pred) - y_true), axis=-1)

    metric = metrics.for_shapes(largest_error, (None, 2), (None, 2))
    assert isinstance(metric, MeanMetricWrapper)
    assert metric.name == "largest_error"
    assert float(metric(np.zeros((2, 2)), [[1.0, 2.0], [0.0, -4.0]])) == 3.0


def test_a_metric_in_pieces() -> None:
    with pytest.raises(NotImplementedError, match="Metric has no update_state"):
        Metric().update_state([0], [0])
    with pytest.raises(NotImplementedError, match="Metric has no result"):
        Metric().result()
    assert repr(Metric(name="mine")) == "<Metric 'mine'>"
