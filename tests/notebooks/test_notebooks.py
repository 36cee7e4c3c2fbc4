"""The notebooks are clean, install what they need, explain before they compute, and are listed."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.notebooks.files import FOLDER, INSTALL, KERNEL, ROOT, clutter, load, paths, source, text

PACKAGES = ("autodiff", "nn", "optim", "data", "bench")
PATHS = paths()
every = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def code(notebook: dict[str, Any]) -> list[str]:
    return [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    assert PATHS


@every
def test_they_are_clean(path: Path) -> None:
    notebook = load(path)
    assert clutter(notebook) == [], "pre-commit run nbstripout cleans it"
    assert path.read_text(encoding="utf-8") == text(notebook), "Jupyter would write it otherwise"


@every
def test_the_first_code_cell_installs_the_package(path: Path) -> None:
    assert code(load(path))[0] + "\n" == INSTALL


@every
def test_prose_comes_before_code(path: Path) -> None:
    kinds = [cell["cell_type"] for cell in load(path)["cells"]]
    assert kinds[0] == "markdown"
    assert source(load(path)["cells"][0]).startswith("# ")
    runs = [len(run) for run in re.findall("c+", "".join(kind[0] for kind in kinds[2:]))]
    assert runs
    assert max(runs) <= 2, "three code cells in a row, without a word between them"


@every
def test_cells_are_short(path: Path) -> None:
    assert max(text.count("\n") for text in code(load(path))) < 30


@every
def test_names_are_those_of_the_library(path: Path) -> None:
    """Without running it: what a notebook imports of the packages is there, and so is ad.name."""
    tree = ast.parse("\n".join(text for text in code(load(path))[1:]))
    modules: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PACKAGES:
                    modules[alias.asname or alias.name] = importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                modules[alias.asname or alias.name] = getattr(module, alias.name)
    used = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    assert modules
    for node in used:
        name = getattr(node.value, "id", "")
        if isinstance(modules.get(name), ModuleType):
            assert hasattr(modules[name], node.attr), f"{name}.{node.attr}"


@every
def test_they_end_with_exercises_whose_answers_are_hidden(path: Path) -> None:
    prose = "\n".join(source(c) for c in load(path)["cells"] if c["cell_type"] == "markdown")
    _, _, exercises = prose.partition("## Exercises")
    assert exercises.count("<details>") == exercises.count("</details>") > 1


@every
def test_links_lead_somewhere(path: Path) -> None:
    for cell in load(path)["cells"]:
        if cell["cell_type"] == "markdown":
            for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", source(cell)):
                assert (path.parent / link).exists(), link


def test_the_readme_has_a_line_for_each() -> None:
    listed = re.findall(r"\]\((\w+\.ipynb)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in PATHS]


@pytest.mark.parametrize("installed", [True, False])
def test_installing_happens_only_where_the_package_is_not_there(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not installed:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    commands: list[str] = []
    python = re.sub(r"%pip (.*)", lambda found: f"pip({found[1]!r})", INSTALL)
    exec(python, {"pip": commands.append})
    assert commands == ([] if installed else ['install --quiet "autodiff-tape[notebooks]"'])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "autodiff-tape"
    assert "notebooks" in project["optional-dependencies"]


def cell(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a",
        "cell_type": "code",
        "metadata": {},
        "source": ["1"],
        "outputs": [],
    } | changes


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        ([cell(), cell(id="b", execution_count=None)], 0),
        ([cell(), cell()], 1),
        ([cell(outputs=[{"output_type": "stream"}])], 1),
        ([cell(execution_count=3, metadata={"collapsed": True})], 2),
        ([cell(attachments={"image.png": {}}, source=["\n"])], 2),
    ],
)
def test_clutter_is_found(cells: list[dict[str, Any]], count: int) -> None:
    clean = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": KERNEL}}
    assert len(clutter({**clean, "cells": cells})) == count
    assert len(clutter({**clean, "nbformat_minor": 4, "cells": cells})) == count + 1
    assert len(clutter({**clean, "metadata": {}, "cells": cells})) == count + 1
