"""What the site is made of, as far as that needs no Sphinx; `make docs` builds it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

import autodiff as ad
from autodiff.engine._op import registry
from docs._building import docstrings, names, notebooks, offline, ops

from .pages import DOCS

REFERENCE = sorted((DOCS / "reference").glob("*.rst"))
#: packages that users do not name: what is public in them is imported from elsewhere
PARTS = ("arrays", "derivatives", "engine", "flat", "ops", "protocols")
DIRECTIVE = re.compile(r"^\.\. public:: ([\w.]+)\n(?:   :of: (.+)\n)?", re.M)


def documented() -> Counter[str]:
    """How often the pages of the reference say something of each name and module."""
    found: Counter[str] = Counter()
    for path in REFERENCE:
        page = path.read_text(encoding="utf-8")
        found.update(re.findall(r"^\.\. py:module:: ([\w.]+)$", page, re.M))
        for module, of in DIRECTIVE.findall(page):
            found.update(f"{module}.{name}" for name in names.chosen(module, of.split()))
    return found


def test_every_public_name_is_in_the_reference_once() -> None:
    found = documented()
    expected = {*names.everything()}
    missing = {name: names.origin(name) for name in expected - found.keys() if "." in name}
    assert not missing, "name these modules behind `:of:` on a page of docs/reference"
    assert expected <= found.keys()
    assert not {name: count for name, count in found.items() if count != 1}
    more = {f"{module}.{name}" for module, more in names.MORE.items() for name in more}
    assert found.keys() - expected == more


@pytest.mark.parametrize("package", names.PACKAGES)
def test_no_public_module_is_forgotten(package: str) -> None:
    found = importlib.import_module(package)
    named = [getattr(found, name) for name in dir(found) if not name.startswith("_")]
    modules = {m.__name__ for m in named if inspect.ismodule(m)}
    ours = {name for name in modules if name.startswith(f"{package}.")}
    exported = getattr(found, "__all__", None)
    if exported is not None:
        ours = {name for name in ours if name.rpartition(".")[2] in exported}
    missing = ours - {f"autodiff.{name}" for name in PARTS} - {*names.MODULES}
    assert not missing, "name it in docs/_building/names.py, and write docs/reference/MODULE.rst"


def test_public_names_are_those_that_users_find() -> None:
    exported = {name for name in dir(ad) if not name.startswith("_")}
    modules = {name for name in exported if inspect.ismodule(getattr(ad, name))}
    assert {*names.public("autodiff")} == exported - modules
    assert {"Dense", "add", "Layer"} <= {*names.public("nn.layers")}
    assert "np" not in names.public("nn.initializers")


def test_reference_has_a_way_to_every_page() -> None:
    index = (DOCS / "reference" / "index.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   ([\w.]+)$", index, re.M)
    assert sorted(listed) == sorted({path.stem for path in REFERENCE} - {"index"})


def test_classes_show_what_is_theirs() -> None:
    from nn import layers, models

    assert list(names.members(layers.Dense)) == []
    assert list(names.members(models.Sequential)) == ["add", "pop"]
    assert {"fit", "evaluate", "diagram"} <= {*names.members(models.Model)}
    assert "call" not in names.members(models.Model)
    assert {"shape", "numpy"} <= {*names.members(ad.Tensor)}
    assert not {"sum", "mean"} & {*names.members(ad.Tensor)}  # ops, which have their own entry


def test_things_of_two_names_stand_under_their_own() -> None:
    assert names.home("nn.activations.swish") == names.home("nn.activations.silu")
    assert names.home("nn.activations.swish") == "nn.activations.silu"
    assert names.home("autodiff.linalg.matmul") == "autodiff.matmul"
    assert names.home("nn.Sequential") == "nn.models.Sequential"
    assert {"x", "batch_size", "prefetch"} <= names.arguments("data.batches")


def test_docstrings_keep_their_examples_and_escape_the_rest() -> None:
    plain = inspect.getdoc(ad.testing.check_gradients) or ""
    text = "\n".join(docstrings.restructured(plain.splitlines()))
    for line in plain.splitlines():
        if line.startswith((">>>", "...")):
            assert f"\n{line}\n" in f"\n{text}\n"
    assert ".. rubric:: Arguments" in text
    assert "\n``complex_step``\n    True if it must work" in text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("|x| and *args, of_ y", [r"\|x\| and \*args, of\_ y"]),
        ("2. is a number", [r"\ 2. is a number"]),
        ("see `f(x)`", [r"see \ ``f(x)``\ "]),
        ("see `ad.sum`", [r"see \ :py:obj:`ad.sum <autodiff.sum>`\ "]),
        (
            "x, y: arrays; z: another.\n    of them",
            [
                *(".. rst-class:: entries", "", "``x``, ``y``", "    arrays"),
                *("``z``", "    another. of them"),
            ],
        ),
        ("Raises:\n    TypeError: no", [".. rubric:: Raises", "", ".. rst-class:: entries", ""]),
        ("Source: A. Author, 1900", [".. rst-class:: source", "", "Source: A. Author, 1900"]),
        ("    x = 1", ["::", "", "        x = 1"]),
        ("- one\n  and more\n- two", ["- one and more", "", "- two"]),
        ("what it is: a thing", ["what it is: a thing"]),
    ],
)
def test_docstrings_become_what_sphinx_reads(given: str, expected: list[str]) -> None:
    def link(code: str) -> str | None:
        return "autodiff.sum" if code == "ad.sum" else None

    text = docstrings.restructured(given.splitlines(), link)
    assert text[: len(expected)] == expected


def test_table_of_ops_says_what_was_declared() -> None:
    rows = "\n".join(ops.table()).split("   * - ")[2:]
    named = {re.search(r"<([\w.]+)>", row)[1]: row for row in rows}  # type: ignore[index]
    shown = {id(op.function) for op in registry.values()} & names.canonical().keys()
    assert len(rows) == len(named) == len(shown) > 140
    multiply = named["autodiff.multiply"].split("\n     - ")
    assert multiply[1:] == ["``np.multiply``", "``dx = g * y``; ``dy = g * x``", "✓", "1\n"]
    assert "formula" in named["autodiff.matmul"]
    assert "✓" not in named["autodiff.relu"]


def test_functions_of_the_standard_are_there() -> None:
    assert {*names.everything()} >= ops.STANDARD


def test_notebooks_are_shown_with_outputs_where_there_are_some(tmp_path: Path) -> None:
    kept, done, pages = (
        tmp_path / name for name in ("notebooks", "build/notebooks", "docs/notebooks")
    )
    for folder in (kept, done, pages):
        folder.mkdir(parents=True)
    for name in ("01.ipynb", "02.ipynb"):
        (kept / name).write_text("clean", encoding="utf-8")
    (done / "01.ipynb").write_text("executed", encoding="utf-8")
    (pages / "00.ipynb").write_text("no more", encoding="utf-8")

    assert notebooks.gather(tmp_path, pages) == (["01.ipynb"], ["02.ipynb"])
    assert {path.name: path.read_text(encoding="utf-8") for path in pages.iterdir()} == {
        "01.ipynb": "executed",
        "02.ipynb": "clean",
    }


@pytest.mark.parametrize(
    ("page", "addresses"),
    [
        ('<script src="_static/a.js"></script><a href="https://x.org">x</a>', []),
        ('<script async src="https://x.org/a.js"></script>', ["https://x.org/a.js"]),
        ('<link rel="stylesheet" href="//x.org/a.css">', ["//x.org/a.css"]),
        ('<link rel="canonical" href="https://x.org/">', []),
        ("<img alt='x' src='http://x.org/a.png'>", ["http://x.org/a.png"]),
        ("@import url('https://x.org/a.css')", ["https://x.org/a.css"]),
        ("a { background: url(data:image/png;base64,xx) }", []),
    ],
)
def test_what_pages_load_from_elsewhere_is_found(page: str, addresses: list[str]) -> None:
    assert list(offline.loaded(page)) == addresses
