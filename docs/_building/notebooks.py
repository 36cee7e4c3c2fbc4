"""Notebooks as pages: executed copies where `make notebooks` left some, else the clean files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def gather(root: Path, pages: Path) -> tuple[list[str], list[str]]:
    """Copy all notebooks into the folder of pages; gives names with and without outputs."""
    executed: list[str] = []
    clean: list[str] = []
    wanted = sorted((root / "notebooks").glob("*.ipynb"))
    pages.mkdir(exist_ok=True)
    for old in {path.name for path in pages.glob("*.ipynb")} - {path.name for path in wanted}:
        (pages / old).unlink()
    for path in wanted:
        done = root / "build" / "notebooks" / path.name
        (executed if done.exists() else clean).append(path.name)
        source, target = done if done.exists() else path, pages / path.name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
    return executed, clean


def before_reading(app: Any) -> None:
    """Pages are about to be looked for."""
    pages = Path(app.srcdir)
    _, clean = gather(pages.parent, pages / "notebooks")
    if clean:
        print("without outputs, as `make notebooks` did not run:", *clean)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx asks for it."""
    app.connect("builder-inited", before_reading)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
