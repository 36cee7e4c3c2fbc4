"""The code of a page, executed: its blocks one after the other, in one namespace.

A ```python block is run. A ```text or ```py block behind it shows what it printed. A ```{picture}
block is one expression, a diagram or Axes, which the built page shows.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

BLOCK = re.compile(r"^```(python|text|py|\{picture\}[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"^:\w+:.*\n", re.MULTILINE)


class Shown(NamedTuple):
    """A block that shows something: where its text begins and ends, and what is to be seen."""

    start: int
    end: int
    #: what the code before printed; of a picture, the object
    content: Any
    is_picture: bool


def executed(page: str) -> Iterator[Shown]:
    """What each block that shows something has to show; code is run as far as it is asked for."""
    space: dict[str, Any] = {}
    printed = ""
    for block in BLOCK.finditer(page):
        text = "\n" * page.count("\n", 0, block.start(2)) + block[2]  # errors name the page's lines
        if block[1] == "python":
            code = compile(text, "page", "exec")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, space)
            printed = "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n"))
        elif block[1].startswith("{picture}"):
            expression = OPTION.sub("", block[2]).strip()
            content = eval(compile(expression, "page", "eval"), space)
            yield Shown(block.start(2), block.end(2), content, True)
        else:
            yield Shown(block.start(2), block.end(2), f"{printed}\n", False)
