"""Executing notebooks: in a checkout that stays as it is, and nothing that goes wrong is missed."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import execute
from tests.notebooks.files import FOLDER, KERNEL, ROOT, load, paths, text


def notebook(path: Path, *sources: str) -> Path:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{k}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for k, source in enumerate(sources)
    ]
    head = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": KERNEL}}
    path.write_text(text({**head, "cells": cells}), encoding="utf-8")
    return path


def test_errors_and_what_goes_to_stderr_are_complaints() -> None:
    def cells(*outputs: dict[str, Any]) -> dict[str, Any]:
        return {"cells": [{"id": "a"}, {"id": "b", "outputs": outputs}]}

    fine: dict[str, Any] = {"output_type": "stream", "name": "stdout", "text": "0.73"}
    warning: dict[str, Any] = {
        "output_type": "stream",
        "name": "stderr",
        "text": ["RuntimeWarning"],
    }
    error: dict[str, Any] = {
        "output_type": "error",
        "traceback": ["\x1b[0;31mTraceback\x1b[0m", "ValueError: no"],
    }
    assert execute.complaints(cells(fine)) == []
    assert execute.complaints(cells(fine, warning)) == ["cell b, stderr:\nRuntimeWarning"]
    assert execute.complaints(cells(error)) == ["cell b:\nTraceback\nValueError: no"]


def test_notebooks_are_chosen_by_the_beginnings_of_their_names() -> None:
    assert execute.chosen([]) == paths()
    assert execute.chosen(["01"]) == [path for path in paths() if path.name.startswith("01")]
    with pytest.raises(SystemExit, match="99 or none"):
        execute.chosen(["99", "none"])


def test_files_of_the_kernels_lie_in_the_build_folder(tmp_path: Path) -> None:
    found = execute.settings(tmp_path)
    assert found["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)
    folders = [value for name, value in found.items() if name.endswith("DIR")]
    assert len(folders) == 5
    assert all(Path(folder).is_relative_to(tmp_path) for folder in folders)
    assert execute.BUILD.is_relative_to(ROOT / "build")


@pytest.mark.long
def test_a_kernel_runs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nbclient", reason="executes notebooks: pip install '.[notebooks]'")
    for name, value in execute.settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "state" / "runtime").mkdir(parents=True)
    (tmp_path / "in").mkdir()
    good = notebook(
        tmp_path / "in" / "good.ipynb", "import autodiff; print(autodiff.__file__); open('f', 'w')"
    )
    bad = notebook(
        tmp_path / "in" / "bad.ipynb", "import warnings; warnings.warn('careful')", "1 / 0", "2 / 0"
    )
    before = good.read_text(encoding="utf-8")
    wrong = asyncio.run(execute.execute_all([good, bad], tmp_path, jobs=2))
    assert len(wrong) == 2
    assert "bad.ipynb, cell c0" in wrong[0]
    assert "UserWarning: careful" in wrong[0]
    assert "bad.ipynb, cell c1" in wrong[1]
    assert "ZeroDivisionError" in wrong[1]
    assert good.read_text(encoding="utf-8") == before
    (printed,) = (o["text"] for o in load(tmp_path / "good.ipynb")["cells"][0]["outputs"][:1])
    assert "".join(printed).strip() == str(ROOT / "autodiff" / "__init__.py")
    assert (tmp_path / "state" / "files" / "good" / "f").exists()
    assert not (FOLDER / "f").exists()
    assert json.loads((tmp_path / "bad.ipynb").read_text(encoding="utf-8"))["cells"]
