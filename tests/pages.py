"""Pages of the documentation: their code is executed, and what they show is what it printed.

What the kinds of blocks are is said in `docs/_building/execution.py`, which the site is built with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autodiff.arrays._backend import FORWARDS
from autodiff.engine._op import registry
from docs._building.execution import executed

DOCS = Path(__file__).parent.parent / "docs"


def outputs(page: str) -> Iterator[tuple[int, int, str]]:
    """Where each block of output begins and ends, and what its code printed."""
    with declared_as_before():
        for start, end, content, is_picture in executed(page):
            if is_picture:
                close(content)
            else:
                yield start, end, content


@contextmanager
def declared_as_before() -> Iterator[None]:
    """Ops that a page declares are known to nobody afterwards."""
    before = {*registry}
    try:
        yield
    finally:
        for name in {*registry} - before:
            del registry[name], FORWARDS[name]


def close(content: Any) -> None:
    """What is drawn must be a diagram or Axes; figures are not left open."""
    if not hasattr(content, "picture"):
        from matplotlib import pyplot

        assert getattr(content, "flat", [content])[0].figure is not None
        pyplot.close("all")


def refreshed(page: str) -> str:
    """The page with what its code prints now."""
    parts, done = [], 0
    for start, end, printed in outputs(page):
        parts += [page[done:start], printed]
        done = end
    return "".join([*parts, page[done:]])
