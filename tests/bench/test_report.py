from __future__ import annotations

from bench._harness import CaseInfo, Competitor, Entrant, Measurement, Report, Settings
from bench._machine import describe
from bench._report import render


def report_of(ours: list[float], theirs: list[float]) -> Report:
    entrants = [
        Entrant(Competitor("ours", "This library", "", ours=True)),
        Entrant(
            Competitor("theirs", "Other library", "", peer=True), info={"versions": {"o": "2"}}
        ),
    ]
    report = Report("x", Settings(), [CaseInfo("big", "op", 1)], entrants, describe())
    for name, samples in [("ours", ours), ("theirs", theirs)]:
        report.measurements[name, "big"] = Measurement(name, "big", "timed", samples_us=samples)
    return report


def rows(report: Report) -> list[list[str]]:
    return [line.split() for line in render(report).splitlines()]


def test_times_and_ratio_stand_in_their_rows() -> None:
    lines = rows(report_of([1.0] * 12, [4.0] * 12))
    assert ["This", "library", "1", "±0%"] in lines
    assert ["Other", "library", "4", "±0%"] in lines
    assert ["Other", "library", "0.25", "±0%"] in lines


def test_scattered_samples_are_marked_and_explained() -> None:
    report = report_of([1.0] * 12, [4.0, 6.0] * 6)
    assert ["Other", "library", "5", "±20%!"] in rows(report)
    assert any("from 4 to 6 µs around 5: do not trust" in line for line in report.problems())


def test_a_ratio_without_meaning_is_withheld() -> None:
    report = report_of([1.0] * 4, [1.0, 10.0, 1.0, 10.0])
    assert ["Other", "library", "too", "noisy"] in rows(report)


def test_another_numpy_is_told() -> None:
    report = report_of([1.0], [1.0])
    report.entrants[1].info = {"versions": {"numpy": "0.1"}}
    assert "Other library has NumPy 0.1" in report.problems()
