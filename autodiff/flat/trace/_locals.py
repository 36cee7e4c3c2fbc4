"""What code calls its values: the local variables of the functions that make them.

A reader of a program wants to see `loss` where the function said `loss`. Whenever a value is made,
the functions that are running then are asked what their local variables hold; a name counts where
the value was made while the function ran, not where it was given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

#: files of the engine, whose names say nothing about the values of users
ENGINE = str(Path(__file__).parents[2])
#: those whose names do: the forwards and rules of ops
OPS = str(Path(ENGINE, "ops"))

VARARGS = 0x04 | 0x08  # flags of a code object that takes *args, **kwargs


class Locals:
    """Collects the names of local variables that hold values, by the places of these.

    What an outer function calls a value counts more than what an inner one does: it is nearer to
    what a reader knows.

    Args:
        bottom: the frame that called the code; it and those outside of it are not looked at.
        place: the place of a value among all that are made, None for anything else.
    """

    def __init__(self, bottom: FrameType, place: Callable[[Any], int | None]) -> None:
        self._bottom: FrameType | None = bottom
        self._place = place
        #: place of a value -> how far inside the function is that calls it so, and the name
        self._found: dict[int, tuple[int, str]] = {}
        #: frame -> the place of the first value that was made while it ran, and how far inside
        self._since: dict[FrameType, tuple[int, int]] = {}
        self._parameters: dict[CodeType, frozenset[str]] = {}

    def look(self, frame: FrameType | None, place: int) -> None:
        """The value at `place` is made in `frame` now: see what its callers call the others."""
        running = []
        while frame is not None and frame is not self._bottom:
            if _speaks(frame):
                running.append(frame)
            frame = frame.f_back
        for depth, caller in enumerate(reversed(running)):
            self._read(caller, *self._since.setdefault(caller, (place, depth)))

    def finish(self) -> None:
        """See what functions called their last values, and let go of their frames."""
        for frame, (since, depth) in self._since.items():
            self._read(frame, since, depth)
        self._since.clear()
        self._bottom = None

    def names(self, depth: int | None = None) -> dict[int, str]:
        """The name of each value that has one; only of functions no further inside than `depth`."""
        return {
            place: name
            for place, (inside, name) in self._found.items()
            if depth is None or inside <= depth
        }

    def frames(self) -> list[FrameType]:
        """The functions that made values, until `finish`."""
        return list(self._since)

    def _read(self, frame: FrameType, since: int, depth: int) -> None:
        parameters = self._parameters_of(frame.f_code)
        for name, value in frame.f_locals.items():
            place = self._place(value)
            if place is None or place < since or name in parameters or not name.strip("_"):
                continue
            if place not in self._found or depth < self._found[place][0]:
                self._found[place] = depth, name

    def _parameters_of(self, code: CodeType) -> frozenset[str]:
        known = self._parameters.get(code)
        if known is None:
            n = code.co_argcount + code.co_kwonlyargcount + (code.co_flags & VARARGS).bit_count()
            known = self._parameters[code] = frozenset(code.co_varnames[:n])
        return known


def _speaks(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return not file.startswith(ENGINE) or file.startswith(OPS)
