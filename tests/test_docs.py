"""Pages of the documentation do what they say."""

from __future__ import annotations

import difflib
import re

import pytest

from .pages import DOCS, refreshed

PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.host  # pages show flat programs as NumPy runs them
@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_code_prints_what_the_page_shows(path: object) -> None:
    page = DOCS.joinpath(str(path)).read_text(encoding="utf-8")
    now = refreshed(page)
    changed = "".join(difflib.unified_diff(page.splitlines(True), now.splitlines(True)))
    assert now == page, f"if it is right, run python -m tests.autodiff.flat.regenerate\n{changed}"


def test_blocks_are_run_and_compared() -> None:
    page = (
        "a\n```python\nx = 2\nprint(x)\n```\n\n```text\n3\n```\n\n```python\nprint(x + 1)\n```\nb"
    )
    assert refreshed(page) == page.replace("\n3\n", "\n2\n")


def test_links_between_pages_lead_somewhere() -> None:
    for path in PAGES:
        prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
