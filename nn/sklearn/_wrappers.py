"""Classifier and Regressor: any model as an estimator."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from nn._random import drawing_from
from nn.models import Model
from nn.sklearn._labels import Labels
from nn.sklearn._network import Floats, outputs


class Wrapper(BaseEstimator):
    """A model that scikit-learn can fit."""

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs
        self.random_state = random_state

    #: whether y is numbers
    _numeric: bool

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train from the start, or with `warm_start` from where the last call ended.

        X: (N, ...). y: as the class says. kwargs: more of what the model's `fit` takes, for this
        call.
        """
        again = self.warm_start and hasattr(self, "model_")
        x, y = validate_data(
            self,
            X,
            y,
            allow_nd=True,
            multi_output=True,
            y_numeric=self._numeric,
            reset=not again,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not again:
            self._learn_kind(y)
            seed = check_random_state(self.random_state).randint(2**31 - 1, size=4)
            self._generator = np.random.default_rng(seed)
        options = {"verbose": 0, **(self.fit_kwargs or {}), **kwargs}
        with drawing_from(self._generator):
            if not again:
                self.model_ = self._made(x, y)
            targets = self._targets(y, outputs(self.model_, x[:1]).shape[-1])
            self.history_ = self.model_.fit(x, targets, **options).history
        return self

    def _learn_kind(self, y: NDArray[Any]) -> None:
        """Know what y consists of."""
        raise NotImplementedError

    def _targets(self, y: NDArray[Any], units: int) -> NDArray[Any]:
        """y as a model with so many outputs is told it."""
        raise NotImplementedError

    def _made(self, x: NDArray[Any], y: NDArray[Any]) -> Model:
        """A compiled model that has not seen the samples."""
        given = self.model
        if isinstance(given, Model):
            if self.model_kwargs:
                raise ValueError("model_kwargs are for a function that makes the model")
            return copy.deepcopy(given)
        made = given(x, self._shown(y), **(self.model_kwargs or {}))
        if not isinstance(made, Model):
            raise TypeError(f"model(X, y) gave {made!r:.60}; expected an nn.models.Model")
        return made

    def _shown(self, y: NDArray[Any]) -> NDArray[Any]:
        """The y that a function that makes the model looks at."""
        return y

    def _outputs(self, X: Any) -> Floats:
        """The model's outputs, (N, units)."""
        check_is_fitted(self)
        x = validate_data(self, X, allow_nd=True, reset=False)
        return outputs(self.model_, x)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class Classifier(ClassifierMixin, Wrapper):
    """Any model that tells classes apart, as an estimator of scikit-learn.

    model: a compiled model, a copy of which is trained, from the weights that it has; or a function
        (X, y, **model_kwargs) that gives one, where y is one-hot, (N, K). The model has an output
        for each class, for a loss such as "categorical_crossentropy", and is told one-hot rows;
        or, for two classes, one output, the probability of the second, for a loss such as
        "binary_crossentropy", and is told 0 or 1.
    warm_start: whether a second `fit` goes on where the first ended.
    fit_kwargs: what the model's `fit` is told, such as epochs, batch_size and callbacks.
    random_state: determines the weights that the function draws, and the order of the samples.

    y: (N,), classes of any kind; or (N, L) of 0 and 1, several labels per sample, for a sigmoid
        output each.

    After fit: model_, history_ (name -> one number per epoch), classes_, n_features_in_. It can be
    copied and pickled where the model can: a function of a module, rather than a lambda.

    >>> from nn import layers, models
    >>> def build(X, y, width=8):
    ...     hidden = layers.Dense(width, "tanh", input_shape=X.shape[1:])
    ...     model = models.Sequential([hidden, layers.Dense(y.shape[1], "softmax")])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> x = np.linspace(0, 1, 60)[:, None]
    >>> y = np.repeat(["low", "high"], 30)
    >>> model = Classifier(build, model_kwargs={"width": 4}, fit_kwargs={"epochs": 1})
    >>> model.fit(x, y).predict_proba(x).shape, model.classes_.tolist()
    ((60, 2), ['high', 'low'])

    Arguments as Keras' `SKLearnClassifier` has them, and random_state.
    """

    _numeric = False

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, (N,); of labels (N, L), 1 for those over ½."""
        found = self._outputs(X)
        return self._labels.decode(found)

    def predict_proba(self, X: Any) -> Floats:
        """The outputs, (N, K) or (N, L): probabilities, if the model gives such."""
        found = self._outputs(X)
        return self._labels.probabilities(found)

    def _learn_kind(self, y: NDArray[Any]) -> None:
        self._labels = Labels(y)
        self.classes_ = self._labels.classes

    def _shown(self, y: NDArray[Any]) -> NDArray[Any]:
        return self._labels.one_hot(y)

    def _targets(self, y: NDArray[Any], units: int) -> NDArray[Any]:
        labels = self._labels
        if units not in (labels.units, len(labels.classes)):
            raise ValueError(
                f"the model has {units} outputs; expected {len(labels.classes)}, "
                f"one for each of the classes {labels.classes[:10].tolist()}"
            )
        return labels.encode(y) if units == 1 else labels.one_hot(y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Regressor(RegressorMixin, Wrapper):
    """Any model that gives numbers, as an estimator of scikit-learn.

    Arguments, attributes and what is said of copies as for `Classifier`; a function that makes the
    model is given y as it is.

    y: (N,) for a model with one output, or (N, T).

    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(1, input_shape=(3,))])
    >>> model.compile("sgd", "mse")
    >>> x = np.eye(3)
    >>> Regressor(model, fit_kwargs={"epochs": 2}).fit(x, x[:, 0]).predict(x).shape
    (3,)
    """

    _numeric = True

    def predict(self, X: Any) -> Floats:
        """The outputs for each row, (N,) or (N, T)."""
        found = self._outputs(X)
        return found[:, 0] if self._one else found

    def _learn_kind(self, y: NDArray[Any]) -> None:
        self._one = y.ndim == 1

    def _targets(self, y: NDArray[Any], units: int) -> NDArray[Any]:
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != units:
            raise ValueError(f"the model has {units} outputs; y has shape {y.shape}")
        return columns

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
