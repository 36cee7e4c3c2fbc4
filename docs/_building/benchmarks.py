"""The page of results is written by `python -m bench report --docs`; here it gets its subpages."""

from __future__ import annotations

from typing import Any

SUBPAGES = """
```{toctree}
:glob:
:hidden:

benchmarks/*
```
"""


def add(app: Any, name: str, source: list[str]) -> None:
    """A page was read."""
    if name == "benchmarks":
        source[0] += SUBPAGES


def setup(app: Any) -> dict[str, Any]:
    """Sphinx asks for it."""
    app.connect("source-read", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
