"""Every claim about speed or size that a page makes is a figure of a committed result."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench._page import load
from bench._page._readme import END, START
from bench._page._results import Result

from ..claims import Claim, claims, figures

ROOT = Path(__file__).parents[2]
PAGES = (
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if "benchmarks" not in str(p)),
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
)
#: (page, claim) that no benchmark could bear out -> why it stands there all the same
OTHERWISE = {
    ("ARCHITECTURE.md", "2 MiB"): "a setting: `_jacobian.py` holds it",
    ("docs/derivatives.md", "2 MiB"): "the same setting",
    ("docs/diagrams.md", "3 s"): "a bound that tests of pictures hold",
    ("docs/diagrams.md", "1 s"): "a bound that tests of pictures hold",
    ("docs/diagrams.md", "20 s"): "a setting: Graphviz' time limit",
}
RESULTS = load()


def unproved(page: str, results: list[Result]) -> list[str]:
    """The claims of a page that no named result bears out."""
    return [c.text for c in claims(page) if not c.held_by(figures(results, c.named))]


def text_of(path: Path) -> str:
    """A page; README without the part that is written from results, which is compared whole."""
    text = path.read_text(encoding="utf-8")
    if START in text:
        text = text.partition(START)[0] + text.partition(END)[2]
    return text


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_claim_is_a_figure_of_a_result_that_its_paragraph_names(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    wrong = [text for text in unproved(text_of(path), RESULTS) if (name, text) not in OTHERWISE]
    assert not wrong, (
        f"{name}: {wrong}: name the file in bench/results that has the figure, or say in OTHERWISE "
        "why there is none"
    )


def test_no_exception_is_left_over() -> None:
    left = dict(OTHERWISE)
    for path in PAGES:
        name = path.relative_to(ROOT).as_posix()
        for text in unproved(text_of(path), RESULTS):
            left.pop((name, text), None)
    assert not left


SAMPLE = Result(
    "sample",
    {
        "benchmark": "sample",
        "ratios": [{"value": 0.25}],
        "measurements": [{"status": "timed", "median": 1466.4, "q1": 1400.0, "q3": 1500.0}],
        "peak_bytes": {"net": {"ours": 123_456, "samples": [777]}},
        "series": [{"slope": 1.04, "seconds": 2.5, "samples": [3.5]}],
        "gflops": {"dgemm": 33.8},
    },
)


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("It takes 1.47 ms (`bench/results/sample.json`).", []),
        ("It takes 1,466 µs (`bench/results/sample.json`).", []),
        ("It takes 1.48 ms (`bench/results/sample.json`).", ["1.48 ms"]),
        ("It takes 1.47 ms.", ["1.47 ms"]),
        ("It takes 1.47 ms (`bench/results/other.json`).", ["1.47 ms"]),
        ("It takes 1.47 and 1.51 of it (`bench/results/sam*.json`).", ["1.51"]),
        ("`bench/results/sample.json` tells 1.52.", ["1.52"]),
        ("4 times faster, 75 % less, 0.25 of it, 123 kB; `bench/results/sample.json`", []),
        ("5 times faster, 74 % less; `bench/results/sample.json`", ["5 times faster", "74 %"]),
        ("slope 1.04, 2.5 s, 33.8 GFLOP/s; `bench/results/sample.json`", []),
        ("no samples: 3.5 s, 777 bytes; `bench/results/sample.json`", ["3.5 s", "777 bytes"]),
        ("```\n9 ms\n```\nand `9 ms` and 784-512-10 s and 1.5.2", []),
        ("in µs, `bench/results/sample.json`:\n\n| a | b |\n|--|--|\n| 7 | 1466 |", []),
        ("in µs, `bench/results/sample.json`:\n\n| a | b |\n|--|--|\n| 7 | 1477 |", ["1477"]),
        ("| a | 9 ms |", ["9 ms"]),
        ("| a | 9 |", []),
    ],
)
def test_claims_are_found_and_compared(page: str, wrong: list[str]) -> None:
    assert unproved(page, [SAMPLE]) == wrong


def test_a_number_reads_as_it_is_rounded() -> None:
    assert Claim("", "1.5", "s", ()).held_by([("time", 1.54)])
    assert not Claim("", "1.5", "s", ()).held_by([("time", 1.56)])
    assert not Claim("", "1.5", "s", ()).held_by([("size", 1.5)])
    assert Claim("", "1,500", "kB", ()).held_by([("size", 1.5e6)])
