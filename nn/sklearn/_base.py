"""What the two perceptrons share: scikit-learn's arguments, and training as its own have it."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

import optim
from nn._names import lookup
from nn._random import drawing_from
from nn.losses import Loss
from nn.sklearn._convergence import Convergence
from nn.sklearn._network import Floats, Perceptron, outputs
from nn.sklearn._samples import Samples, weights_of

RATES = ("constant", "invscaling", "adaptive")


class Goal(NamedTuple):
    """What the last layer is, and what its outputs are measured by."""

    units: int
    activation: str
    loss: Loss
    factor: float  # of the loss


class Estimator(BaseEstimator):
    """A perceptron that has yet to be told what it is to estimate."""

    #: what the last layer is called by scikit-learn
    _NAMES: ClassVar = {"sigmoid": "logistic", "linear": "identity"}

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    # -- what a subclass says --------------------------------------------------------------------

    #: whether y is numbers
    _numeric: ClassVar[bool]

    def _learn_kind(self, y: NDArray[Any]) -> None:
        """Know what y consists of."""
        raise NotImplementedError

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """The y of samples as the network is told it; ValueError where it is of another kind."""
        raise NotImplementedError

    def _goal(self) -> Goal:
        """The last layer, and the loss."""
        raise NotImplementedError

    def _judged(self, samples: Samples) -> float:
        """The score of what the network says, the more the better."""
        raise NotImplementedError

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """Classes that validation has its share of."""
        return None

    # -- fitting ---------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train from the start, or with `warm_start` from where the last call ended.

        X: (N, features). y: as the class says. sample_weight: (N,), how much each sample counts.

        Gives a ConvergenceWarning if `max_iter` epochs were not enough. Raises ValueError for
        arguments and data that cannot be, and where the loss became infinite or not a number.
        """
        self._check_arguments()
        again = self.warm_start and hasattr(self, "model_")
        samples = self._samples(X, y, sample_weight, fresh=not again)
        random = check_random_state(self.random_state)
        if not again:
            self._begin(samples, random)
        elif self.model_.hidden != (self._widths(), self.activation):
            raise ValueError(
                f"warm_start: hidden layers {self._widths()} of {self.activation}; the network "
                "that goes on learning has {} of {}".format(*self.model_.hidden)
            )
        self._compile()
        if not self.early_stopping:
            self._train(samples, self.max_iter)
            return self
        train, held = samples.split(self.validation_fraction, random, self._strata(samples.y))
        self._train(train, self.max_iter, held)
        return self

    def _fit_once(self, X: Any, y: Any, sample_weight: Any, kind: Any = None) -> Any:
        """`partial_fit`: one epoch; what y consists of is learnt from `kind`, or from itself."""
        self._check_arguments()
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        fresh = not hasattr(self, "model_")
        samples = self._samples(X, y, sample_weight, fresh, kind)
        if fresh:
            self._begin(samples, check_random_state(self.random_state))
            self._compile()
        self._train(samples, 1, to_the_end=False)
        return self

    def _samples(
        self, X: Any, y: Any, sample_weight: Any, fresh: bool, kind: Any = None
    ) -> Samples:
        """All checked; `fresh` learns the number of features and what y consists of."""
        x, y = validate_data(
            self,
            X,
            y,
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=self._numeric,
            reset=fresh,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if fresh:
            self._learn_kind(y if kind is None else kind)
        return Samples(x, self._targets(y), y, weights_of(sample_weight, x))

    def _begin(self, samples: Samples, random: Any) -> None:
        """A network with new weights, that has seen nothing."""
        self._generator = np.random.default_rng(random.randint(2**31 - 1, size=4))
        goal = self._goal()
        with drawing_from(self._generator):
            self.model_ = Perceptron(
                samples.x.shape[1],
                self._widths(),
                goal.units,
                self.activation,
                goal.activation,
                self.alpha,
                samples.x.dtype,
            )
        self.n_outputs_ = goal.units
        self.n_layers_ = len(self.model_.layers) + 1
        self.out_activation_ = self._NAMES.get(goal.activation, goal.activation)
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None if self.early_stopping else math.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -math.inf if self.early_stopping else None

    def _compile(self) -> None:
        goal = self._goal()
        self.model_.alpha = float(self.alpha)
        self.model_.compile(self._optimizer(), goal.loss, loss_weights=goal.factor)

    def _train(
        self, samples: Samples, epochs: int, held: Samples | None = None, to_the_end: bool = True
    ) -> None:
        rows = len(samples.x)
        convergence = Convergence(
            self.tol,
            self.n_iter_no_change if to_the_end else math.inf,
            None if held is None else lambda: self._judged(held),
            self.learning_rate if self._solver() == "sgd" else "constant",
            self.power_t,
            rows,
            self.t_,
        )
        with drawing_from(self._generator):
            self.model_.fit(
                samples.x,
                samples.targets,
                batch_size=min(200 if self.batch_size == "auto" else self.batch_size, rows),
                epochs=epochs,
                verbose="auto" if self.verbose is True else int(self.verbose),
                callbacks=[convergence],
                shuffle=bool(self.shuffle),
                sample_weight=samples.weights,
            )
        self._remember(convergence)
        if not math.isfinite(self.loss_):
            raise ValueError(
                f"the loss became {self.loss_} in epoch {self.n_iter_}: scale the input, or train "
                f"with a smaller learning_rate_init than {self.learning_rate_init}"
            )
        if to_the_end and not convergence.converged:
            warnings.warn(
                f"{epochs} epochs, as max_iter says, and training has not converged yet",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _remember(self, convergence: Convergence) -> None:
        """Say how the epochs went, after those before."""
        self.n_iter_ = len(convergence.losses)
        self.t_ = convergence.seen
        self.loss_curve_ = [*self.loss_curve_, *convergence.losses]
        self.loss_ = self.loss_curve_[-1]
        if not convergence.scores:
            self.best_loss_ = min(self.loss_curve_)
        else:
            self.validation_scores_ = [*(self.validation_scores_ or ()), *convergence.scores]
            self.best_validation_score_ = max(self.validation_scores_)

    # -- the trained network ---------------------------------------------------------------------

    def _outputs(self, X: Any) -> Floats:
        """The network's outputs, (N, units)."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return outputs(self.model_, x)

    @property
    def coefs_(self) -> list[Floats]:
        """Copies of the weights, (fan in, fan out) for each layer."""
        return [kernel.numpy() for kernel in self.model_.kernels]

    @property
    def intercepts_(self) -> list[Floats]:
        """Copies of the biases, (fan out,) for each layer."""
        return [bias.numpy() for bias in self.model_.biases]

    # -- arguments -------------------------------------------------------------------------------

    def _check_arguments(self) -> None:
        """Raise TypeError or ValueError for what no training can be done with."""
        for name, least, kind in (
            ("alpha", 0, Real),
            ("tol", 0, Real),
            ("power_t", 0, Real),
            ("max_iter", 1, Integral),
            ("n_iter_no_change", 1, Real),
        ):
            check_scalar(getattr(self, name), name, kind, min_val=least)
        part = self.validation_fraction
        check_scalar(
            part, "validation_fraction", Real, min_val=0, max_val=1, include_boundaries="neither"
        )
        if self.batch_size != "auto":
            check_scalar(self.batch_size, "batch_size", Integral, min_val=1)
        lookup("learning_rate", self.learning_rate, dict.fromkeys(RATES))
        self._widths()

    def _widths(self) -> list[int]:
        """The hidden layers' widths, at least 1 each."""
        sizes = self.hidden_layer_sizes
        widths = list(sizes) if isinstance(sizes, Sequence | np.ndarray) else [sizes]
        for width in widths:
            check_scalar(width, "hidden_layer_sizes", Integral, min_val=1)
        return [int(width) for width in widths]

    def _solver(self) -> Any:
        """The solver's name in lower case, or the optimizer."""
        return self.solver.lower() if isinstance(self.solver, str) else self.solver

    def _optimizer(self) -> optim.Optimizer:
        """A new optimizer, as `solver` says."""
        if isinstance(self.solver, optim.Optimizer):
            if self.solver.built:
                raise ValueError(
                    f"solver: this {type(self.solver).__name__} has taken steps already; "
                    "expected one without state, which is copied"
                )
            return copy.deepcopy(self.solver)
        options: dict[str, Any] = {}
        if self._solver() == "sgd":
            options = {"momentum": self.momentum, "nesterov": self.nesterovs_momentum}
        elif self._solver() == "adam":
            options = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        made: optim.Optimizer = type(optim.get(self.solver))(self.learning_rate_init, **options)
        return made
