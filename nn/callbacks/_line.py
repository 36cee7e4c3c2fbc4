"""A line of text that changes while something goes on: in a terminal, or in a notebook."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Protocol


class Line(Protocol):
    """Shows one text after the other in the same place."""

    def show(self, text: str) -> None:
        """Show this for the time being."""

    def end(self, text: str) -> None:
        """Show this for good."""


class TerminalLine:
    """A line of a terminal, which is written over; what does not fit is left out until the end."""

    _ERASE = "\r\033[K"

    def show(self, text: str) -> None:
        """Show this for the time being."""
        columns = shutil.get_terminal_size().columns
        sys.stdout.write(f"{self._ERASE}{text[: columns - 1]}")
        sys.stdout.flush()

    def end(self, text: str) -> None:
        """Show this for good."""
        sys.stdout.write(f"{self._ERASE}{text}\n")
        sys.stdout.flush()


class NotebookLine:
    """An output of a notebook's cell, as text; the notebook keeps what was shown last."""

    def __init__(self) -> None:
        from IPython.display import display

        self._handle: Any = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, text: str) -> None:
        """Show this for the time being."""
        self._handle.update({"text/plain": text}, raw=True)

    end = show


def watched_line() -> Line | None:
    """A line where somebody watches, in a terminal or notebook; None where there is a log file."""
    if _in_notebook():
        return NotebookLine()
    return TerminalLine() if sys.stdout.isatty() else None


def bar(done: int, steps: int, width: int = 20) -> str:
    """How much is done.

    >>> bar(0, 8, 8), bar(3, 8, 8), bar(8, 8, 8)
    ('[>.......]', '[===>....]', '[========]')
    """
    full = width * min(done, steps) // steps if steps else width
    return f"[{'=' * full}{'>' if full < width else ''}{'.' * (width - full - 1)}]"


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")
