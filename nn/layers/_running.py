"""What layers know of the call that they are in: whether it trains, and where it began."""

from __future__ import annotations

import threading
from collections.abc import Collection


class _Running(threading.local):
    #: what the innermost layer that was told was told; None where nobody said
    training: bool | None = None
    #: identity of the outermost call under way on this thread, None outside of all
    call: object | None = None
    #: the shapes that weights may have, while a model is read from a file
    shapes: Collection[tuple[int, ...]] | None = None


running = _Running()
