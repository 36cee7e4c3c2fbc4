"""The notebooks as they lie in the repository, and what keeps them clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"

#: the first code cell of every notebook: nothing happens where the package is there
INSTALL = """\
import importlib.util

if importlib.util.find_spec("autodiff") is None:
    %pip install --quiet "autodiff-tape[notebooks]"
"""
#: what Jupyter writes for the kernel of any virtual environment
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

Notebook = dict[str, Any]


def paths() -> list[Path]:
    """The notebooks, in the order in which they are read."""
    return sorted(FOLDER.glob("*.ipynb"))


def load(path: Path) -> Notebook:
    """A notebook as JSON has it."""
    found: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return found


def text(notebook: Notebook) -> str:
    """The file that nbformat, and so Jupyter and nbstripout, write for a notebook."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def source(cell: dict[str, Any]) -> str:
    """What is written in a cell."""
    return "".join(cell["source"])


def clutter(notebook: Notebook) -> list[str]:
    """What running a notebook, or an editor, has left in it."""
    found = []
    if (notebook["nbformat"], notebook["nbformat_minor"]) != (4, 5):
        found.append("it is not of format 4.5, which gives every cell an id")
    if notebook["metadata"] != {"kernelspec": KERNEL}:
        found.append(f"metadata {notebook['metadata']}; expected the kernel alone")
    ids = [cell.get("id") for cell in notebook["cells"]]
    if None in ids or len({*ids}) < len(ids):
        found.append("ids are missing, or given twice")
    for cell in notebook["cells"]:
        name = cell.get("id")
        if not source(cell).strip():
            found.append(f"cell {name} is empty")
        if cell["metadata"]:
            found.append(f"cell {name} has metadata {cell['metadata']}")
        if cell.get("attachments"):
            found.append(f"cell {name} has attachments")
        if cell.get("outputs"):
            found.append(f"cell {name} has outputs")
        if cell.get("execution_count") is not None:
            found.append(f"cell {name} was run")
    return found
