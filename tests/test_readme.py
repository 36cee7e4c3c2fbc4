"""README: its picture is what the code draws, and a newcomer's five minutes go as it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from . import neuron

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def scripts(page: str) -> list[str]:
    """The blocks of Python that are there to be pasted; those with prompts are doctests."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.M | re.S)
    return [block for block in blocks if ">>>" not in block]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_picture_is_what_the_code_draws_now() -> None:
    kept = neuron.PICTURE.read_text(encoding="utf-8")
    assert f"]({neuron.PICTURE.parent.name}/{neuron.PICTURE.name})" in README
    assert neuron.said(kept) == neuron.said(neuron.drawn()), "python -m tests.neuron writes it anew"
    assert ("#00702a", "0.73") in neuron.said(kept)
    assert ("#c0101c", "-0.59") in neuron.said(kept)


def test_newcomers_lines_train_a_classifier_and_show_its_diagram_and_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = scripts(README)
    space: dict[str, Any] = {}
    exec(compile(script, "README.md", "exec"), space)

    shown = capsys.readouterr().out
    assert "Epoch 20/20" in shown
    accuracy = space["model"].evaluate(space["x_test"], space["y_test"], verbose=0)[1]
    assert accuracy > 0.9

    (page_path,) = (folder / "demo-output").iterdir()
    assert f"{page_path.relative_to(folder)}\n" in shown
    page = page_path.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "Dense" in page or "dense" in page

    program = shown[shown.index("import numpy as np") :]
    assert "def train_step(" in program
    assert "autodiff" not in program
    compile(program, "program", "exec")
    assert [path.name for path in folder.iterdir()] == ["demo-output"]


def test_readme_leads_only_to_what_is_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README):
        assert (Path(__file__).parent.parent / link).exists(), link
