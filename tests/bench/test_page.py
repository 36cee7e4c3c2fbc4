"""The page of results: it says what the results say, and explains where we are behind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench._page import _behind, _files, _plots, compose, load, refreshed
from bench._page._behind import Comparison, Reason, behind, explained, reasons
from bench._page._model import Page, Picture, Section, Table, Text
from bench._page._readme import END, START
from bench._page._results import Result, number, unit_for

RESULTS = load()
REGENERATE = "run python -m bench report --docs"


def timed(ours: list[float], theirs: list[float], optional: bool = False) -> Result:
    """A result of one case, "big", with samples of two competitors."""
    from bench._harness import CaseInfo, Competitor, Entrant, Measurement, Report, Settings
    from bench._machine import describe

    entrants = [
        Entrant(Competitor("ours", "This library", "", ours=True, optional=optional)),
        Entrant(Competitor("theirs", "Other | library", "", peer=True)),
    ]
    report = Report("sample", Settings(), [CaseInfo("big", "op", 1)], entrants, describe())
    for name, samples in [("ours", ours), ("theirs", theirs)]:
        report.measurements[name, "big"] = Measurement(name, "big", "timed", samples_us=samples)
    return Result("sample", json.loads(json.dumps(report.to_json())))


def test_the_page_of_the_documentation_is_what_the_results_say() -> None:
    files = _files.documentation(RESULTS)
    folder = _files.DOCS / _files.PICTURES
    there = {f"{_files.PICTURES}{f.name}" for f in folder.iterdir()}
    assert there | {_files.PAGE} == files.keys(), REGENERATE
    digests = {result.name: _plots.digest(result) for result in RESULTS}
    for name, text in files.items():
        kept = (_files.DOCS / name).read_text(encoding="utf-8")
        if name.endswith(".svg"):  # not drawn anew: it says what it was drawn from
            assert digests[Path(name).stem] in kept, REGENERATE
        else:
            assert kept == text(), REGENERATE


def test_the_figures_in_readme_are_those_of_the_results() -> None:
    text = _files.README.read_text(encoding="utf-8")
    assert text == refreshed(text, RESULTS), REGENERATE


def test_every_row_that_is_behind_is_explained_and_every_text_is_needed() -> None:
    rows, texts = behind(RESULTS), reasons()
    why = explained(rows, texts)
    assert not [key for key, text in why.items() if text is None], f"{_behind.TEXTS} lacks these"
    assert not {t.rows for t in texts} - {t.rows for t in why.values() if t is not None}
    assert all(len(text.why) > 20 and len(text.next) > 10 for text in texts)


def test_behind_is_where_the_whole_interval_is_above_one() -> None:
    (row,) = behind([timed([3.0] * 12, [2.0] * 12)])
    assert (row.key, row.value, row.fused) == ("sample/big/theirs", 1.5, None)
    assert not behind([timed([2.0] * 12, [3.0] * 12)])
    assert not behind([timed([2.0, 4.0] * 6, [3.0] * 12)])  # who knows
    assert not behind([timed([2.02] * 12, [2.0] * 12)])  # level
    assert not behind([timed([3.0] * 12, [2.0] * 12, optional=True)])  # not what NumPy alone does


def test_what_needs_a_package_is_shown_beside_what_does_not() -> None:
    result = timed([3.0] * 12, [2.0] * 12)
    extra = {**result.data["ratios"][0], "ours": "fast", "value": 0.5, "low": 0.5, "high": 0.5}
    result.data["ratios"].append(extra)
    result.data["competitors"].append({"name": "fast", "label": "fast", "optional": True})
    (row,) = behind([result])
    assert (row.value, row.fused) == (1.5, 0.5)


def test_rows_of_other_kinds_of_results_count_too() -> None:
    row = {"case": "c", "other": "o", "label": "O", "ours": "us", "value": 2.0}
    result = Result("m", {"benchmark": "m", "comparisons": [{**row, "low": 2.0, "high": 2.0}]})
    assert [r.key for r in behind([result])] == ["m/c/o"]


def test_the_first_text_that_fits_explains() -> None:
    row = Comparison("ops", "(10,)", "numpy", "NumPy", "ours", 2.0, 1.9, 2.1)
    texts = [Reason("steps/*", "a", "b"), Reason("ops/*/numpy", "c", "d"), Reason("*", "e", "f")]
    assert explained([row], texts)[row.key] is texts[1]
    section = _behind.section([timed([3.0] * 12, [2.0] * 12)], texts)
    assert any(isinstance(b, Text) and b.text == "1. e Next: f" for b in section.blocks)
    unexplained = _behind.section([timed([3.0] * 12, [2.0] * 12)], [])
    assert isinstance(unexplained.blocks[1], Table)
    assert unexplained.blocks[1].rows[0][-1] == "?"
    nowhere = _behind.section([timed([2.0] * 12, [3.0] * 12)], [])
    assert "Nowhere" in nowhere.blocks[0].markdown()


def test_the_section_shows_times_and_ratios_and_what_went_wrong() -> None:
    result = timed([1.0] * 12, [4.0, 6.0] * 6)
    result.data["problems"].append("Third library skipped: no such thing")
    page = compose([result], pictures=False)
    text = page.markdown()
    assert "| This library | 1 ±0 % |" in text
    assert "| Other &#124; library | 5 ±20 %! |" in text
    assert re.search(r"\| 0\.2\d? \[0\.1\d, 0\.2\d\] \|", text)
    assert "Noted: Third library skipped" in text
    result.data["measurements"][1] |= {"status": "wrong"}
    assert "| Other &#124; library | wrong |" in compose([result], pictures=False).markdown()


class Outline(HTMLParser):
    """Which tags there are, and whether they close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_is_one_file_with_the_figures_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    result = timed([1.0] * 12, [4.0, 6.0] * 6)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sample.json").write_text(json.dumps(result.data), encoding="utf-8")
    (tmp_path / "in" / "other.json").write_text("[1]", encoding="utf-8")  # nobody's result
    options = ["--results", str(tmp_path / "in"), "--html", str(tmp_path / "a" / "page.html")]
    assert main(["report", *options, "--markdown", str(tmp_path / "page.md")]) == 0
    text = (tmp_path / "a" / "page.html").read_text(encoding="utf-8")
    outline = Outline(text)
    assert outline.open == ["html"] or not outline.open
    assert {"svg", "table", "h1", "h2"} <= set(outline.seen)
    assert not re.search(r'(src|href)="(?!#)[^"]*"', text.replace("xlink:href", ""))
    assert "Other | library" in text
    markdown = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "](sample.svg)" in markdown
    svg = (tmp_path / "sample.svg").read_text(encoding="utf-8")
    assert svg.count("\n") == 1
    assert "This library" in svg
    assert "written to" in capsys.readouterr().out


def test_the_same_results_give_the_same_figure() -> None:
    pytest.importorskip("matplotlib")
    result = timed([1.0] * 12, [2.0] * 12)
    first, second = (_plots.picture(result) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.draw() == second.draw()
    other = replace(result, data={**result.data, "problems": ["x"]})
    assert _plots.digest(other) != _plots.digest(result)


def test_a_folder_without_results_and_a_broken_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there are no results in this folder"):
        main(["report", "--results", str(tmp_path)])
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"a\.json: this is no JSON"):
        main(["report", "--results", str(tmp_path)])


def test_readme_needs_its_marks_and_the_results() -> None:
    readme = f"a\n{START}\nold\n{END}\nb"
    text = refreshed(readme, RESULTS)
    assert text.startswith(f"a\n{START}\n")
    assert text.endswith(f"\n{END}\nb")
    assert "old" not in text
    with pytest.raises(ValueError, match="once each"):
        refreshed(readme + END, RESULTS)
    with pytest.raises(ValueError, match="lenet"):
        refreshed(readme, [r for r in RESULTS if r.name != "lenet"])


def test_what_a_device_reported_is_on_the_page(tmp_path: Path) -> None:
    parts = {"steps": {"found": timed([1.0] * 12, [2.0] * 12).data}, "suite": {"found": {"a": 1}}}
    report = {"benchmark": "report", "device": {"name": "Sample GPU"}, "parts": parts}
    (tmp_path / "cuda.json").write_text(json.dumps(report), encoding="utf-8")
    (result,) = load(tmp_path)
    assert result.name == "cuda-steps"
    assert "On Sample GPU." in compose([result], pictures=False).markdown()


def test_numbers_have_three_digits() -> None:
    shown = [number(x) for x in (0.1234, 12.345, 123.45, 1234.5, 123456.0)]
    assert shown == ["0.123", "12.3", "123", "1234", "123456"]
    assert [unit_for(x) for x in (5, 5e3, 5e6)] == ["µs", "ms", "s"]


def test_pages_of_every_kind_of_block() -> None:
    page = Page("T", [Section("S", [Text("<a>"), Picture("p.svg", lambda: "<?xml?><svg/>", "w")])])
    assert page.markdown() == "# T\n\n## S\n\n<a>\n\n![w](p.svg)\n"
    assert "&lt;a&gt;" in page.html()
    assert "<figure><svg/></figure>" in page.html()
