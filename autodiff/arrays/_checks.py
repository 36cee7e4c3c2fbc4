"""Checks of values that lie on a device, which nobody waits for: they are looked at together, when
the next value is read.

A GPU goes on while Python does; to look at the labels of every batch would be to wait for every
batch. So a range is kept as two numbers on the device, the smallest and the largest element seen.
What was computed meanwhile from elements out of range is never seen: the read raises before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Checks:
    """Ranges that integers on one kind of device have to lie in."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._lock = threading.Lock()
        #: (what, low, high, error, device) -> the least and the largest seen, on the device
        self._seen: dict[Any, tuple[Any, Any]] = {}
        #: what looks at other checks, of programs
        self._others: dict[Callable[[], None], None] = {}

    def later(self, look: Callable[[], None]) -> None:
        """Call `look`, once, when the next value is read; it may raise."""
        self._others[look] = None

    def within(
        self, x: Any, low: int, high: int, what: str, error: type[Exception] = ValueError
    ) -> None:
        """The integers of x must lie from `low` up to, but not at, `high`."""
        if not x.size:
            return
        library = self._library
        least, most = (part.astype("int64") for part in (x.min(), x.max()))
        key = what, low, high, error, str(x.device)
        with self._lock:
            before = self._seen.get(key)
            if before is not None:
                least, most = library.minimum(least, before[0]), library.maximum(most, before[1])
            self._seen[key] = least, most

    def drop(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._seen = {}

    def settle(self) -> None:
        """Look at all of them, once; raise for the first that does not hold."""
        if not self._seen and not self._others:
            return
        with self._lock:
            seen, self._seen = self._seen, {}
            others, self._others = self._others, {}
        for look in others:
            look()
        for (what, low, high, error, _), pair in seen.items():
            least, most = self._library.stack(pair).get().tolist()
            if least < low or most >= high:
                raise error(
                    f"{what} run from {least} to {most}; expected {low} to {high - 1}. They were "
                    "used on a device since a value was last read, where nobody waits to look"
                )
