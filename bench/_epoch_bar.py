"""The progress bar of an epoch, where tqdm is installed and someone watches."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

STRIDE = 20  # steps between two looks at the clock


class EpochBar:
    """Inside a `with`, shows how many of `steps` are done and the mean of the last losses."""

    def __init__(self, label: str, steps: int, losses: Sequence[float]) -> None:
        self._losses = losses
        self._done = 0
        self._bar = None
        if sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=steps, desc=label, leave=False, unit="step")

    def __enter__(self) -> EpochBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self) -> None:
        """One more step is done."""
        self._done += 1
        if self._bar is not None and self._done % STRIDE == 0:
            last = self._losses[-STRIDE:]
            self._bar.set_postfix_str(f"loss {sum(last) / len(last):.4f}", refresh=False)
            self._bar.update(STRIDE)
