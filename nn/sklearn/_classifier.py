"""MLPClassifier: a multi-layer perceptron that tells classes apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import type_of_target

from nn.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from nn.sklearn._base import Estimator, Goal
from nn.sklearn._labels import Labels
from nn.sklearn._network import Floats, outputs
from nn.sklearn._samples import Samples


class MLPClassifier(ClassifierMixin, Estimator):
    """A multi-layer perceptron that tells classes apart, as scikit-learn's of this name.

    The arguments are scikit-learn's, and mean what they mean there, except that

    activation: may also be any name or function that `nn.activations` knows.
    solver: "adam" and "sgd" are as there; or another name of an optimizer in `optim`, with
        `learning_rate_init`, or an optimizer without state, which says its own rate and is copied.
        There is no "lbfgs", and so no `max_fun`.
    verbose: True or 1 shows a progress bar, 2 a line per epoch.

    X: (N, features), which determines the dtype: float32 stays, all else becomes float64.
    y: (N,), two classes or more of any kind; or (N, L) of 0 and 1, several labels per sample.

    After fit:
    model_: the network, an `nn.models.Sequential`. classes_: (K,), sorted; of labels 0 to L − 1.
    coefs_, intercepts_: its weights and biases, copies. loss_: the mean loss of the last epoch,
    ½ alpha Σw² / N included; loss_curve_: of every epoch. n_iter_: epochs of the last call.
    With early_stopping validation_scores_: the accuracy on what was held out, after every epoch.
    And n_features_in_, n_outputs_, n_layers_, out_activation_, t_, best_loss_ and
    best_validation_score_ as there.

    A trained one can be copied and pickled; training goes on in the copy as it would have.

    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array(["same", "other", "other", "same"])
    >>> model = MLPClassifier((8,), learning_rate_init=0.1, tol=1e-3, random_state=0).fit(x, y)
    >>> model.predict(x).tolist()
    ['same', 'other', 'other', 'same']
    >>> model.predict_proba(x).shape, model.n_layers_, model.out_activation_
    ((4, 2), 3, 'logistic')
    """

    _numeric = False

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, (N,); of labels (N, L), 1 for those over ½."""
        found = self._outputs(X)
        return self._labels.decode(found)

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class in each row, (N, K), or of every label, (N, L)."""
        found = self._outputs(X)
        return self._labels.probabilities(found)

    def predict_log_proba(self, X: Any) -> Floats:
        """Their logarithms; −∞ for what is impossible."""
        with np.errstate(divide="ignore"):
            logs: Floats = np.log(self.predict_proba(X))
        return logs

    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """One epoch on these samples, after those before; the optimizer's state is kept.

        classes: all that there will be, in the first call; later ones may repeat them. Labels,
            several per sample, need none.
        """
        if classes is not None:
            classes = np.unique(classes)
            if hasattr(self, "model_") and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes {classes.tolist()} are not those of the first call, "
                    f"{self.classes_.tolist()}"
                )
        elif not hasattr(self, "model_") and not type_of_target(y).startswith("multilabel"):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        several = classes is not None and type_of_target(y).startswith("multilabel")
        self._fit_once(X, y, sample_weight, None if several else classes)
        return self

    def _learn_kind(self, y: NDArray[Any]) -> None:
        self._labels = Labels(y)
        self.classes_ = self._labels.classes

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return self._labels.encode(y)

    def _goal(self) -> Goal:
        labels = self._labels
        if labels.units == len(labels.classes) and not labels.several:
            loss = SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
            return Goal(labels.units, "softmax", loss, 1.0)
        # Keras' is the mean over the outputs; this is their sum
        binary = BinaryCrossentropy(reduction="mean_with_sample_weight")
        return Goal(labels.units, "sigmoid", binary, float(labels.units))

    def _judged(self, samples: Samples) -> float:
        found = self._labels.decode(outputs(self.model_, samples.x))
        return float(accuracy_score(samples.y, found, sample_weight=samples.weights))

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        return None if self._labels.several else y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
