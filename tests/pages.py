"""Pages of the documentation: their code is executed, and what they show is what it printed.

A ```python block is run, in one namespace for the page. A ```text or ```py block behind it shows
what it printed.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^```(python|text|py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def outputs(page: str) -> Iterator[tuple[int, int, str]]:
    """Where each block of output begins and ends, and what its code printed."""
    space: dict[str, Any] = {}
    printed = ""
    for block in BLOCK.finditer(page):
        if block[1] == "python":
            line = page.count("\n", 0, block.start(2))
            code = compile("\n" * line + block[2], "page", "exec")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, space)
            printed = "\n".join(text.rstrip() for text in out.getvalue().rstrip().split("\n"))
        else:
            yield block.start(2), block.end(2), f"{printed}\n"


def refreshed(page: str) -> str:
    """The page with what its code prints now."""
    parts, done = [], 0
    for start, end, printed in outputs(page):
        parts += [page[done:start], printed]
        done = end
    return "".join([*parts, page[done:]])
