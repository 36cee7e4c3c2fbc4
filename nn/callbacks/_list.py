"""All callbacks of a call of fit, evaluate or predict as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import _nest
from nn._names import snake_case
from nn.callbacks.callback import NEVER, Callback, Logs, listens
from nn.callbacks.history import History
from nn.callbacks.progress import ProgbarLogger
from nn.layers import _holds


class Watch:
    """Who wants to hear of the batches of one kind, and of which batch next.

    A callback that listens to batches hears of each one, or, if it has a number `due`, of those
    from that one on: so that nobody pays for what nobody hears.
    """

    def __init__(self, callbacks: list[Callback], kind: str) -> None:
        begin, end = f"on_{kind}_batch_begin", f"on_{kind}_batch_end"
        self._begins = [getattr(c, begin) for c in callbacks if _hears(c, kind, "begin")]
        self._ends = [(c, getattr(c, end)) for c in callbacks if _hears(c, kind, "end")]
        #: whether anyone wants to hear of beginnings
        self.begins = bool(self._begins)
        #: the next batch whose end somebody wants to hear of
        self.due = self._next(-1)

    def begin(self, batch: int) -> None:
        """A batch begins."""
        for begin in self._begins:
            begin(batch, {})

    def end(self, batch: int, logs: Logs) -> None:
        """A batch that was due is over."""
        for callback, end in self._ends:
            if getattr(callback, "due", batch) <= batch:
                end(batch, logs)
        self.due = self._next(batch)

    def _next(self, batch: int) -> int:
        following = batch + 1
        return min((getattr(c, "due", following) for c, _ in self._ends), default=NEVER)


def _hears(callback: Callback, kind: str, moment: str) -> bool:
    return listens(callback, f"on_{kind}_batch_{moment}") or (
        kind == "train" and listens(callback, f"on_batch_{moment}")
    )


class CallbackList:
    """Callbacks that are told everything in their order; a progress bar and a history join them.

    Those that say `last` come after all others.

    verbose: as for `fit`. steps: batches per epoch, None if that is not known. history: whether a
    `History` is wanted.
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None,
        model: Any,
        verbose: int | str = "auto",
        epochs: int = 1,
        steps: int | None = None,
        history: bool = False,
    ) -> None:
        if callbacks is None:
            callbacks = []
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
        self.callbacks: list[Callback] = _nest.flatten(given)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"expected callbacks, got {callback!r:.60}")
        if verbose not in (0, 1, 2, "auto"):
            raise ValueError(f"verbose is 0, 1, 2 or 'auto', got {verbose!r}")
        if history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if verbose and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.callbacks.sort(key=lambda callback: callback.last)
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)
            if history and isinstance(callback, History):
                model.history = callback

    def with_state(self) -> dict[str, Callback]:
        """The callbacks that have something to be backed up, by names that every run gives them."""
        found: dict[str, Callback] = {}
        for callback in self.callbacks:
            if callback.state_dict():
                found[_holds.unique(snake_case(type(callback).__name__), found)] = callback
        return found

    def watch(self, kind: str) -> Watch:
        """Who hears of the batches of "train", "test" or "predict", for one pass over them."""
        return Watch(self.callbacks, kind)

    def tell(self, method: str, *args: Any) -> None:
        """Call this method of every callback."""
        for callback in self.callbacks:
            getattr(callback, method)(*args)
