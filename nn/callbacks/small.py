"""Small callbacks: functions as one, and an end where numbers are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nn.callbacks.callback import Callback, Logs


class LambdaCallback(Callback):
    """Functions in place of a subclass: each is called where the method of its name would be.

    Raises TypeError for a name that no method has.

    >>> said = []
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: said.append(epoch))
    >>> callback.on_epoch_end(3, {})
    >>> said
    [3]
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        super().__init__()
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                known = ", ".join(name for name in dir(Callback) if name.startswith("on_"))
                raise TypeError(f"callbacks have no {name!r}; they have {known}")
            if function is not None:
                setattr(self, name, function)


class TerminateOnNaN(Callback):
    """Ends training at the first step after which the loss is no finite number.

    raise_error: end with a RuntimeError rather than quietly.

    It reads the loss after every step, which very small models feel.

    >>> TerminateOnNaN().raise_error
    False
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"batch {batch}: the loss is {loss}")
            print(f"Batch {batch}: the loss is {loss}, training ends", flush=True)
            self.model.stop_training = True
