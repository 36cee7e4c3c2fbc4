"""Which lines of a program's text belong together."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir._value import Value


@dataclass(frozen=True)
class Step:
    """Lines of a text's body that belong together, [start, stop): what they compute and copy.

    Lines between two steps make views.
    """

    start: int
    stop: int
    values: tuple[Value, ...] = ()
    copied: tuple[Value, ...] = ()
