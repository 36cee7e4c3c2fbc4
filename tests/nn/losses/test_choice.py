"""Losses by name, and functions as losses."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import autodiff as ad
from nn import losses
from nn.losses import LossFunctionWrapper

from .cases import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_functions_and_classes_by_name(case: Any) -> None:
    assert losses.get(case.function.__name__) is case.function
    made = losses.get(case.kind.__name__)
    assert type(made) is case.kind
    assert type(losses.get(case.kind)) is case.kind
    assert losses.get(made) is made


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("mse", "mean_squared_error"),
        ("msle", "mean_squared_logarithmic_error"),
    ],
)
def test_short_names(short: str, name: str) -> None:
    assert losses.get(short) is losses.get(short.upper()) is getattr(losses, name)


def test_what_is_no_loss() -> None:
    with pytest.raises(ValueError, match=r"unknown loss 'msa'; did you mean 'ms.*'\? Known are"):
        losses.get("msa")
    with pytest.raises(TypeError, match="a loss is a name, a Loss or a function; got 3"):
        losses.get(cast(Any, 3))
    with pytest.raises(TypeError, match="expected a loss, got None"):
        losses.for_shapes(cast(Any, None), (None,), (None, 1))
    assert losses.get(None) is None


@pytest.mark.parametrize(
    ("y_true", "y_pred", "name"),
    [
        ((None, 1), (None, 1), "binary_crossentropy"),
        ((None,), (None, 1), "binary_crossentropy"),
        ((None,), (None, 10), "sparse_categorical_crossentropy"),
        ((None, 1), (None, 10), "sparse_categorical_crossentropy"),
        ((None, 10), (None, 10), "categorical_crossentropy"),
        ((None, 5), (None, 5, 10), "sparse_categorical_crossentropy"),
    ],
)
def test_crossentropy_by_shapes(y_true: Any, y_pred: Any, name: str) -> None:
    for identifier in ("crossentropy", "ce"):
        loss = losses.for_shapes(identifier, y_true, y_pred)
        assert isinstance(loss, LossFunctionWrapper)
        assert loss.fn is losses.get(name)
        assert loss.name == identifier


def test_whatever_compile_takes_becomes_a_loss() -> None:
    y, p = np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])
    own = losses.MeanSquaredError(name="mine")
    assert losses.for_shapes(own, (2, 1), (2, 1)) is own
    for identifier, name in (
        ("mse", "mse"),
        (losses.mean_squared_error, "mean_squared_error"),
        (losses.MeanSquaredError, "mean_squared_error"),
        ("MeanSquaredError", "mean_squared_error"),
    ):
        loss = losses.for_shapes(cast(Any, identifier), (2, 1), (2, 1))
        assert float(loss(y, p, [1.0, 3.0])) == 0.5
        assert loss.name == name


def test_a_function_of_ones_own_with_options() -> None:
    def power(y_true: Any, y_pred: Any, exponent: int = 2) -> Any:
        return ad.mean((ad.asarray(y_pred) - y_true) ** exponent, axis=-1)

    loss = LossFunctionWrapper(power, exponent=4)
    assert loss.name == "power"
    assert float(loss(np.zeros((1, 1)), [[2.0]])) == 16.0


def test_a_subclass_needs_only_call() -> None:
    class Farthest(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> ad.Tensor:
            return ad.max(ad.abs(ad.asarray(y_pred) - y_true), axis=-1)

    loss = Farthest()
    assert loss.name == "farthest"
    assert repr(loss) == "<Farthest 'farthest'>"
    assert float(loss(np.zeros((2, 2)), [[1.0, 2.0], [3.0, 0.0]])) == 2.5
    with pytest.raises(NotImplementedError, match=r"Loss has no call\(y_true, y_pred\)"):
        losses.Loss()([0.0], [0.0])


def test_names_default_to_the_class() -> None:
    assert losses.KLDivergence().name == "kl_divergence"
    assert losses.SparseCategoricalCrossentropy().name == "sparse_categorical_crossentropy"
    assert losses.Huber().name == "huber_loss"
    with pytest.raises(ValueError, match="delta must be above 0, got 0"):
        losses.Huber(0)
