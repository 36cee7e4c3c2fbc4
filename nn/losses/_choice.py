"""Losses by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn._names import lookup
from nn._shapes import OpenShape, outputs
from nn.losses import crossentropy as ce
from nn.losses import distributions as di
from nn.losses import margins as ma
from nn.losses import regression as re
from nn.losses._loss import Loss, LossFunctionWrapper

LossFunction = Callable[..., Any]

_FUNCTIONS: tuple[LossFunction, ...] = (
    *(ce.binary_crossentropy, ce.categorical_crossentropy, ce.sparse_categorical_crossentropy),
    *(di.kl_divergence, di.poisson),
    *(ma.categorical_hinge, ma.hinge, ma.logistic, ma.squared_hinge),
    *(re.cosine_similarity, re.huber, re.log_cosh, re.mean_absolute_error),
    *(re.mean_absolute_percentage_error, re.mean_squared_error),
    *(re.mean_squared_logarithmic_error, re.quadratic_cost),
)
_CLASSES: tuple[type[Loss], ...] = (
    *(ce.BinaryCrossentropy, ce.CategoricalCrossentropy, ce.SparseCategoricalCrossentropy),
    *(di.KLDivergence, di.Poisson),
    *(ma.CategoricalHinge, ma.Hinge, ma.Logistic, ma.SquaredHinge),
    *(re.CosineSimilarity, re.Huber, re.LogCosh, re.MeanAbsoluteError),
    *(re.MeanAbsolutePercentageError, re.MeanSquaredError),
    *(re.MeanSquaredLogarithmicError, re.QuadraticCost),
)
_SHORT: dict[str, LossFunction] = {
    "bce": ce.binary_crossentropy,
    "kld": di.kl_divergence,
    "mae": re.mean_absolute_error,
    "mape": re.mean_absolute_percentage_error,
    "mse": re.mean_squared_error,
    "msle": re.mean_squared_logarithmic_error,
}
_KNOWN: dict[str, Any] = {
    **{f.__name__: f for f in _FUNCTIONS},
    **{kind.__name__: kind for kind in _CLASSES},
    **_SHORT,
    **{name.upper(): f for name, f in _SHORT.items()},
}


def get(identifier: str | type[Loss] | LossFunction | None) -> Loss | LossFunction | None:
    """The function of a function's name, a Loss of a class or its name; others are themselves.

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')
    """
    found = lookup("loss", identifier, _KNOWN) if isinstance(identifier, str) else identifier
    if isinstance(found, type) and issubclass(found, Loss):
        found = found()
    if found is None or callable(found):
        return found
    raise TypeError(f"a loss is a name, a Loss or a function; got {identifier!r:.60}")


def for_shapes(
    identifier: str | type[Loss] | LossFunction, true_shape: OpenShape, pred_shape: OpenShape
) -> Loss:
    """What `compile` takes as a Loss; "crossentropy" or "ce" is the one for these shapes.

    Of one output binary, of labels without the axis of the classes sparse categorical, else
    categorical. A loss given by name keeps that name.

    >>> for_shapes("crossentropy", (None,), (None, 10)).fn.__name__
    'sparse_categorical_crossentropy'
    """
    found: Any
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        kind = outputs(true_shape, pred_shape)
        found = lookup("loss", f"{kind}_crossentropy", _KNOWN)
    else:
        found = get(identifier)
    if isinstance(found, Loss):
        return found
    if found is None:
        raise TypeError("expected a loss, got None")
    return LossFunctionWrapper(found, name=identifier if isinstance(identifier, str) else None)
