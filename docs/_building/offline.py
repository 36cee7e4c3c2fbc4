"""What is built must be readable without a network: no page may load anything from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: what browsers fetch by themselves; links that are clicked may lead anywhere
LOADS = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|data)=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|author|license|next|prev))[^>]*?"
    r"\bhref=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\s\"')]+)",
    re.IGNORECASE,
)


def loaded(text: str) -> Iterator[str]:
    """Addresses elsewhere that a page or style sheet loads."""
    for found in LOADS.finditer(text):
        yield next(filter(None, found.groups()))


def complain(app: Any, failed: Exception | None) -> None:
    """The pages have been written."""
    if failed is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    wrong = {
        path.relative_to(out).as_posix(): sorted(found)
        for path in (*out.rglob("*.html"), *out.rglob("*.css"))
        if (found := {*loaded(path.read_text(encoding="utf-8"))})
    }
    if wrong:
        raise RuntimeError(f"pages load what is not in them: {wrong}")


def setup(app: Any) -> dict[str, Any]:
    """Sphinx asks for it."""
    app.connect("build-finished", complain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
