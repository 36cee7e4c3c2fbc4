"""What callbacks share that watch one of the reported numbers."""

from __future__ import annotations

import math
import warnings
from typing import Any

from nn.callbacks.callback import Callback, Logs

#: what metrics are called of which more is better; their class says it where the name does not
_MORE = ("acc", "auc", "precision", "recall", "f1", "iou", "r2")
_LESS = ("loss", "error", "entropy", "hinge", "divergence", "poisson", "false_", "cosh")
_SHORT = ("mse", "mae", "mape", "msle", "rmse", "bce", "kld", "ce")


class Monitor(Callback):
    """Watches `monitor`, a name such as "val_loss", and knows which values are better.

    mode: "min", "max", or "auto", which goes by the name and class of the metric. min_delta: less
    than this is no improvement.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        min_delta: float = 0.0,
        best: float | None = None,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode is 'auto', 'min' or 'max', got {mode!r}")
        self.monitor, self.mode = monitor, mode
        self.min_delta = abs(float(min_delta))
        #: the best value so far
        self.best = best

    def value(self, logs: Logs | None) -> float | None:
        """The watched number; with a warning None if it was not reported."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which was not reported; "
                f"reported were {', '.join(map(repr, logs or {})) or 'no numbers'}",
                stacklevel=4,
            )
            return None
        return float(found)

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether a value improves on another by more than `min_delta`; any does on None."""
        if than is None:
            return not math.isnan(value)
        if self._wants_more():
            return value - self.min_delta > than
        return value + self.min_delta < than

    def _wants_more(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        metric = None if self.model is None else self.model.named_metrics().get(name)
        told: Any = getattr(metric, "_direction", None)
        if told in ("up", "down"):
            return bool(told == "up")
        words = f"{name} {type(metric).__name__}".lower()
        if any(word in words for word in _MORE):
            return True
        if any(word in words for word in _LESS) or name in _SHORT:
            return False
        raise ValueError(
            f"{type(self).__name__}: whether more {self.monitor!r} is better or less, its name "
            "does not say; give mode='max' or mode='min'"
        )
