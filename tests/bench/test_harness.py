from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench._harness import CaseInfo, Competitor, Report, Settings, measure
from bench._process import Worker, WorkerError
from bench._report import render

CASES = [CaseInfo("one", "op", 10), CaseInfo("two", "step", 1)]
ONE_EACH = Settings(
    rounds=4, seconds=1e-9, settle=0.0, noise=None
)  # a sample is a single repetition


def fake(manner: str, log: Path | None = None, ours: bool = False) -> Competitor:
    options = {"manner": manner} | ({"log": str(log)} if log else {})
    return Competitor(manner, f"the {manner} one", "tests.bench.fakes", options, ours=ours)


@pytest.fixture(scope="module")
def report() -> Report:
    manners = ["slow", "partial", "dies", "raises", "wrong", "nan", "missing", "broken"]
    competitors = [fake("good", ours=True), *map(fake, manners)]
    settings = Settings(rounds=4, seconds=0.002, settle=0.0, noise=None)
    return measure("fakes", competitors, CASES, settings)


def test_those_that_work_are_timed(report: Report) -> None:
    for name, case in [("good", "one"), ("good", "two"), ("slow", "two"), ("partial", "one")]:
        measurement = report.measurements[name, case]
        assert measurement.status == "timed"
        assert len(measurement.samples_us) == 4
    # A repetition sleeps at least 1 ms; case "one" counts ten operations in it.
    assert report.measurements["good", "one"].summary.median >= 100
    assert report.measurements["good", "two"].summary.median >= 1000
    assert report.measurements["partial", "two"].status == "missing"


def test_the_faults_of_others_are_told_and_stop_nobody(report: Report) -> None:
    def told(name: str, case: str) -> tuple[str, str]:
        measurement = report.measurements[name, case]
        return measurement.status, measurement.message

    status, message = told("dies", "one")
    assert status == "failed"
    assert "ended with status 3" in message
    assert "the last words" in message
    assert told("dies", "two") == ("failed", "its process ended in an earlier case")
    assert told("raises", "one") == ("failed", "ValueError: an unhappy input")
    status, message = told("wrong", "one")
    assert status == "wrong"
    assert "off by 5.0e-01, more than 1e-06" in message
    assert told("nan", "two")[0] == "wrong"
    skipped = {e.competitor.name: e.skipped for e in report.entrants if e.skipped}
    assert skipped == {
        "missing": "no such library",
        "broken": "failed to load: AttributeError: it has no such function",
    }
    assert not report.ours_failed


def test_only_what_was_timed_has_a_ratio(report: Report) -> None:
    ratios = {(case, other): ratio for case, _, other, ratio in report.ratios()}
    assert set(ratios) == {("one", "slow"), ("two", "slow"), ("one", "partial")}
    assert 0.2 < ratios["one", "slow"].value < 0.9


def test_the_table_has_every_competitor_and_every_problem(report: Report) -> None:
    text = render(report)
    for entrant in report.entrants:
        assert f"\n{entrant.competitor.label} " in text
    for problem in report.problems():
        assert f"note: {problem}\n" in text + "\n"
    assert "4 rounds are a smoke test" in text
    assert "the missing one skipped: no such library" in text


def test_the_json_keeps_every_sample(report: Report) -> None:
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    timed = [m for m in data["measurements"] if m["status"] == "timed"]
    assert all(len(m["samples_us"]) == 4 and m["q1"] <= m["median"] <= m["q3"] for m in timed)
    assert {c["name"] for c in data["competitors"]} >= {"good", "missing", "dies"}
    assert data["competitors"][0]["versions"]["fake"] == "1.0"
    assert {"cpu", "cores", "python", "numpy", "environment", "date"} <= set(data["machine"])


def test_rounds_are_interleaved_and_their_order_rotates(tmp_path: Path) -> None:
    log = tmp_path / "log"
    names = ["good", "slow", "partial"]
    measure("order", [fake(n, log) for n in names], CASES[:1], ONE_EACH)
    runs = log.read_text(encoding="utf-8").split()[-12:]  # calibration comes before
    rounds = [runs[i : i + 3] for i in range(0, 12, 3)]
    assert rounds[0] == names
    for before, after in pairwise(rounds):
        assert after == before[1:] + before[:1]


def test_a_case_is_refused_where_the_reference_scatters(tmp_path: Path) -> None:
    log = tmp_path / "log"
    competitors = [fake("good", log, ours=True), fake("uneven", log)]
    settings = replace(ONE_EACH, rounds=8, noise=0.3)
    report = measure("x", competitors, [CaseInfo("one", "op", 1)], settings)
    assert log.read_text(encoding="utf-8").count("uneven") > 2 * 8  # it was measured once more
    assert report.refused["one"] > 0.3
    assert {m.status for m in report.measurements.values()} == {"noisy"}
    assert not list(report.ratios())
    assert report.exit_status == 3
    assert any("the machine is too noisy" in line for line in report.problems())
    data = json.loads(json.dumps(report.to_json()))
    assert len(data["measurements"][0]["samples_us"]) == 8  # kept, for whoever wants to see
    assert "noisy" in render(report)
    calm = measure("x", competitors, [CaseInfo("one", "op", 1)], replace(settings, noise=2.0))
    assert calm.exit_status == 0


def test_ours_missing_is_a_failure() -> None:
    assert measure("x", [fake("missing", ours=True)], CASES, ONE_EACH).ours_failed
    assert measure("x", [fake("wrong", ours=True)], CASES, ONE_EACH).ours_failed


def test_ours_with_a_package_that_is_missing_is_none() -> None:
    optional = replace(fake("missing", ours=True), optional=True)
    report = measure("x", [optional, fake("good", ours=True)], CASES, ONE_EACH)
    assert not report.ours_failed
    assert any("skipped" in line for line in report.problems())
    dying = replace(fake("dies", ours=True), optional=True)
    assert measure("x", [dying], CASES, ONE_EACH).ours_failed


def test_a_worker_that_hangs_is_stopped() -> None:
    with Worker(patience=5.0) as worker:
        worker.ask("load", module="tests.bench.fakes", options={"manner": "hangs"})
        worker.ask("open", case="one")
        worker.patience = 0.2
        with pytest.raises(WorkerError, match=r"'time' took more than 0\.2 s"):
            worker.ask("time", repeat=1)
        assert not worker.alive
