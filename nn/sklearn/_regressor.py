"""MLPRegressor: a multi-layer perceptron that learns numbers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from nn.losses import QuadraticCost
from nn.sklearn._base import Estimator, Goal
from nn.sklearn._network import Floats, outputs
from nn.sklearn._samples import Samples


class MLPRegressor(RegressorMixin, Estimator):
    """A multi-layer perceptron that learns numbers, as scikit-learn's of this name.

    Arguments, attributes and what is said of copies as for `MLPClassifier`; there is no `loss`, it
    is half the squared error, summed over the outputs. With early_stopping validation_scores_ are
    R² on what was held out.

    y: (N,) or, for several outputs, (N, T).

    >>> import numpy as np
    >>> x = np.linspace(0, 1, 50)[:, None]
    >>> model = MLPRegressor((16,), learning_rate_init=0.01, random_state=0)
    >>> bool(model.fit(x, 2 * x[:, 0] - 1).score(x, 2 * x[:, 0] - 1) > 0.99)
    True
    """

    _numeric = True

    def predict(self, X: Any) -> Floats:
        """The numbers for each row, (N,) or (N, T)."""
        return self._read(self._outputs(X))

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """One epoch on these samples, after those before; the optimizer's state is kept."""
        self._fit_once(X, y, sample_weight)
        return self

    def _learn_kind(self, y: NDArray[Any]) -> None:
        self._one = y.ndim == 1
        self._units = 1 if self._one else y.shape[1]

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != self._units:
            raise ValueError(
                f"y of shape {y.shape}; expected {self._units} numbers per sample, as in the "
                "first fit"
            )
        return columns

    def _goal(self) -> Goal:
        return Goal(self._units, "linear", QuadraticCost(reduction="mean_with_sample_weight"), 1.0)

    def _judged(self, samples: Samples) -> float:
        found = self._read(outputs(self.model_, samples.x))
        return float(r2_score(samples.y, found, sample_weight=samples.weights))

    def _read(self, found: Floats) -> Floats:
        return found[:, 0] if self._one else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
