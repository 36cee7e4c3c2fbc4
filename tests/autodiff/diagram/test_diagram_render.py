"""Diagrams as files and in notebooks, by whichever Graphviz is at hand."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from autodiff.diagram import _render
from tests.autodiff.slides import neuron

HEADS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
SYSTEM_DOT = shutil.which("dot")

needs_pygraphviz = pytest.mark.skipif(
    find_spec("pygraphviz") is None, reason="pygraphviz is not installed"
)
needs_system = pytest.mark.skipif(SYSTEM_DOT is None, reason="there is no system Graphviz")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH: no system Graphviz."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def no_graphviz(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a system Graphviz nor pygraphviz."""
    monkeypatch.setattr(_render, "find_spec", lambda name: None)


def fake_dot(folder: Path, code: str) -> None:
    """A program `dot` that runs this Python."""
    if os.name == "nt":
        pytest.skip("the stand-in for dot is a script with a #! line")
    program = folder / "dot"
    program.write_text(f"#!{sys.executable} -I\nimport sys\n{code}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


ECHO = "print(sys.argv[1:]); print(sys.stdin.buffer.read().decode('utf-8')[:7])"


def test_the_system_graphviz_comes_first(path: Path) -> None:
    fake_dot(path, ECHO)
    assert neuron().pipe("svg", encoding="utf-8").split() == ["['-Tsvg']", "digraph"]
    assert neuron().pipe("png", encoding="utf-8").split() == [
        "['-Tpng',",
        "'-Gdpi=150']",
        "digraph",
    ]


@pytest.mark.parametrize("form", sorted(HEADS))
@pytest.mark.parametrize(
    "renderer",
    [pytest.param("system", marks=needs_system), pytest.param("wheel", marks=needs_pygraphviz)],
)
def test_renderers(renderer: str, form: str, request: Any, tmp_path: Path) -> None:
    if renderer == "wheel":
        request.getfixturevalue("path")
    diagram = neuron(title="σ")
    picture = Path(diagram.render("neuron", tmp_path, format=form))
    assert picture == tmp_path / f"neuron.{form}"
    assert picture.read_bytes().startswith(HEADS[form])
    assert (tmp_path / "neuron").read_text(encoding="utf-8") == diagram.source


@needs_system
@needs_pygraphviz
def test_renderers_agree(request: Any) -> None:
    first = neuron().pipe("plain", encoding="utf-8")
    request.getfixturevalue("path")
    for one, other in zip(
        first.splitlines(), neuron().pipe("plain", encoding="utf-8").splitlines(), strict=True
    ):
        assert one.split()[:2] == other.split()[:2]  # places differ with the fonts at hand


@pytest.mark.usefixtures("no_graphviz")
def test_without_graphviz_the_error_names_both_remedies(tmp_path: Path) -> None:
    diagram = neuron()
    both = r"install Graphviz.*\bdot\b.*PATH.*pip install 'autodiff-tape\[diagrams\]'"
    for draw in (diagram.pipe, diagram.view, lambda: diagram.render(tmp_path / "neuron.svg")):
        with pytest.raises(RuntimeError, match=both):
            draw()
    shown = diagram._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert "pip install" in shown["text/plain"]
    assert diagram.source in shown["text/plain"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["bin"]


def test_what_graphviz_says_is_in_the_error(path: Path) -> None:
    fake_dot(path, "sys.exit('Error: no can do')")
    with pytest.raises(RuntimeError, match="no svg of the diagram: Error: no can do"):
        neuron().pipe()
    fake_dot(path, "")
    with pytest.raises(RuntimeError, match="no output"):
        neuron().pipe()


@needs_pygraphviz
@pytest.mark.usefixtures("path")
def test_unknown_formats_are_refused() -> None:
    with pytest.raises(RuntimeError, match="made no nonsense of the diagram"):
        neuron().pipe("nonsense")
    with pytest.raises(ValueError, match="format is '-o/x'"):
        neuron().pipe("-o/x")


@pytest.mark.parametrize(
    ("arguments", "picture", "text"),
    [
        ({}, "diagram.gv.svg", "diagram.gv"),
        ({"filename": "a"}, "a.svg", "a"),
        ({"filename": "a", "format": "png"}, "a.png", "a"),
        ({"filename": "a.svg"}, "a.svg", "a.gv"),
        ({"filename": "a.svg", "format": "png"}, "a.svg.png", "a.svg"),
        ({"outfile": "a.pdf"}, "a.pdf", "a.gv"),
        ({"outfile": "a.pdf", "filename": "b"}, "a.pdf", "b"),
        ({"outfile": "a", "format": "png"}, "a", "a.gv"),
        ({"filename": "deep/a.png", "cleanup": True}, "deep/a.png", None),
    ],
)
def test_file_names_are_those_of_the_graphviz_package(
    path: Path, tmp_path: Path, arguments: dict[str, Any], picture: str, text: str | None
) -> None:
    fake_dot(path, ECHO)
    folder = tmp_path / "new"
    diagram = neuron()
    assert diagram.render(**arguments, directory=folder) == str(folder / picture)
    form = arguments.get("format") or Path(picture).suffix[1:]
    assert f"'-T{form}'" in (folder / picture).read_text()
    files = {str(f.relative_to(folder).as_posix()) for f in folder.rglob("*") if f.is_file()}
    assert files == {picture, text} - {None}
    if text:
        assert (folder / text).read_text(encoding="utf-8") == diagram.source


def test_a_failed_rendering_leaves_the_old_files(path: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "a.gv"):
        (tmp_path / name).write_text("old")
    fake_dot(path, "print('<half'); sys.exit(1)")
    with pytest.raises(RuntimeError):
        neuron().render("a.svg", tmp_path)
    assert {f.read_text() for f in tmp_path.glob("a.*")} == {"old"}


def test_notebooks_show_the_picture(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_dot(path, "print('<svg/>')")
    diagram = neuron()
    assert diagram._repr_mimebundle_() == {"image/svg+xml": "<svg/>\n"}
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    picture = diagram.view("neuron.svg", path.parent)
    assert opened == [Path(picture).as_uri()]
    assert repr(diagram) == "<Diagram: 11 nodes, 10 wires>"
