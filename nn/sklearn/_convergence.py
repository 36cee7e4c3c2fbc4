"""When training is over: as scikit-learn's perceptrons decide it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nn.callbacks import Callback

#: the rate that "adaptive" does not go below
LEAST_RATE = 1e-6


class Convergence(Callback):
    """Ends training when neither loss nor score has improved by `tol` for `patience` epochs.

    score: a number to maximise, asked for after every epoch; at the end the model goes back to the
        weights it was best with. Without one it is the training loss that counts.
    rate: "constant"; "invscaling", that divides the learning rate by (samples seen + 1)^power;
        "adaptive", that divides it by 5 instead of ending, until it is 10⁻⁶.
    losses, scores: what there was before, which this adds to. seen: samples seen before.

    >>> stopping = Convergence(tol=0.1, patience=1)
    >>> for loss in (1.0, 0.5, 0.49, 0.48):
    ...     stopping.is_over(loss)
    False
    False
    False
    True
    """

    def __init__(
        self,
        tol: float,
        patience: float,
        score: Callable[[], float] | None = None,
        rate: str = "constant",
        power: float = 0.5,
        samples: int = 0,
        seen: int = 0,
    ) -> None:
        super().__init__()
        self._tol, self._patience, self._score = tol, patience, score
        self._rate, self._power = rate, power
        self._samples = samples
        #: samples seen, each epoch anew
        self.seen = seen
        #: after every epoch
        self.losses: list[float] = []
        self.scores: list[float] = []
        #: whether there was no more to gain
        self.converged = False
        self.best = math.inf
        self._best_weights: Any = None
        self._waited = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Know the rate that training begins with."""
        if self._rate != "constant":
            self._first_rate = float(self.model.optimizer.learning_rate)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look whether the epoch helped."""
        loss = (logs or {})["loss"]
        self.losses.append(loss)
        self.seen += self._samples
        if not math.isfinite(loss):
            self.model.stop_training = True
            return
        value = loss
        if self._score is not None:
            self.scores.append(self._score())
            value = -self.scores[-1]
            if value < self.best or self._best_weights is None:
                self._best_weights = self.model.get_weights()
        over = self.is_over(value)
        if self._rate == "invscaling":
            self._set_rate(self._first_rate / (self.seen + 1) ** self._power)
        if over and self._rate == "adaptive":
            current = float(self.model.optimizer.learning_rate)
            if current > LEAST_RATE:
                self._set_rate(current / 5)
                self._waited, over = 0, False
        if over:
            self.converged = self.model.stop_training = True

    def is_over(self, value: float) -> bool:
        """Whether this number, the less the better, was the last one worth waiting for."""
        self._waited = 0 if value <= self.best - self._tol else self._waited + 1
        self.best = min(self.best, value)
        return self._waited > self._patience

    def on_train_end(self, logs: Any = None) -> None:
        """Go back to where the score was best."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)

    def _set_rate(self, rate: float) -> None:
        self.model.optimizer.learning_rate = rate
