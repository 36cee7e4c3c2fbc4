"""`python -m bench lectures`: what it trains, says and writes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import data
from bench import lectures
from bench.__main__ import main
from bench.lectures import _digits
from bench.lectures._row import Outcome, Row
from bench.lectures.rows import ROWS
from optim import SGD

RESULTS = Path(__file__).parents[2] / "bench" / "results" / "lectures.json"


def row(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Twenty images of noise in place of MNIST."""
    rng = np.random.default_rng(0)
    y = np.arange(20, dtype=np.uint8) % 10
    x = rng.integers(0, 256, (20, 28, 28), np.uint8)
    monkeypatch.setattr(data.mnist, "load_data", lambda: ((x, y), (x[:10], y[:10])))
    _digits.mnist.cache_clear()
    yield
    _digits.mnist.cache_clear()


def test_a_row_is_trained_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    assert main(["lectures", "--row", "1-4-1", "--seeds", "1", "--json", str(path)]) == 0
    said = capsys.readouterr().out
    assert "1-4-1, seed 0: R² 0.9" in said
    assert " reached" in said
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    figures = json.loads(text)
    assert (figures["schema"], figures["benchmark"]) == (1, "lectures")
    (found,) = figures["rows"]
    assert {"date", "cpu", "numpy"} <= set(found["machine"])
    assert found["reached"]
    assert found["least"] == {"R²": 0.98}
    (run,) = found["runs"]
    assert (run["seed"], run["parameters"]) == (0, 13)
    assert run["numbers"] == found["means"]
    assert run["numbers"]["R²"] >= 0.98
    assert run["numbers"]["loss"] < 0.01


@pytest.mark.parametrize(
    ("each", "least", "status"),
    [(False, 0.904, 0), (False, 0.906, 1), (True, 0.899, 0), (True, 0.904, 1)],
)
def test_a_row_that_falls_short_is_a_failure(
    each: bool,
    least: float,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcomes = [Outcome(k, {"accuracy": 0.9 + k / 100}, 1234, [2.0, 1.0], []) for k in range(2)]
    given = Row("net", "how", {"accuracy": least}, lambda seed: outcomes[seed], each)
    monkeypatch.setattr(lectures, "ROWS", [given])
    assert main(["lectures", "--seeds", "2"]) == status
    line = next(line for line in capsys.readouterr().out.splitlines() if "net: acc" in line)
    verdict = "NOT REACHED" if status else "reached"
    assert re.split(" {2,}", line.strip()) == [
        *("net: accuracy", f"{least:g}", "0.9050", "0.9000 to 0.9100"),
        *("1,234", "1 s", verdict),
    ]


def test_whole_epochs_are_timed(
    few_digits: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = dataclasses.replace(row("784-16-16-10"), least={"accuracy": 0.0})
    monkeypatch.setattr(lectures, "ROWS", [given])
    path = tmp_path / "figures.json"
    assert main(["lectures", "--seeds", "1", "--epochs", "3", "--json", str(path)]) == 0
    said = capsys.readouterr().out
    assert "784-16-16-10: an epoch of fit takes " in said
    assert "Epoch" not in said  # the progress of fit
    (found,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert len(found["epoch_seconds"]) == 3
    assert min(found["epoch_seconds"]) > 0


def test_rows_are_measured_one_by_one_into_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "figures.json"

    def measure(*names: str, value: float = 1.0) -> list[tuple[str, float]]:
        outcome = Outcome(0, {"accuracy": value}, 1, [1.0], [])
        rows = [Row(name, "", {"accuracy": 0.5}, lambda seed: outcome) for name in "abc"]
        monkeypatch.setattr(lectures, "ROWS", rows)
        chosen = [word for name in names for word in ("--row", name)]
        main(["lectures", *chosen, "--seeds", "1", "--json", str(path)])
        found = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return [(row["name"], row["means"]["accuracy"]) for row in found]

    assert measure("c") == [("c", 1)]
    assert measure("a", value=2) == [("a", 2), ("c", 1)]
    assert measure("c", value=3) == [("a", 2), ("c", 3)]
    assert measure(value=4) == [("a", 4), ("b", 4), ("c", 4)]
    for other in ("", "[]", '{"benchmark": "ops", "schema": 1}', '{"rows": 3}'):
        path.write_text(other, encoding="utf-8")
        with pytest.raises(SystemExit, match="holds no figures of bench lectures"):
            measure("a")
        assert path.read_text(encoding="utf-8") == other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds 0: expected at least 1"),
        (["--epochs", "-1"], "--epochs -1: expected 0 or more"),
        (["--json", "no/such/folder/f.json"], "there is no folder no/such/folder"),
    ],
)
def test_options_are_checked_before_anything_is_trained(arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        main(["lectures", *arguments])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("784-16-16-10", 13_002),
        ("784-128-10", 101_770),
        ("784-512-10", 407_050),
        ("784-100-10", 79_510),
        ("LeNet-5, subsampling", 61_750),
        ("LeNet-5, max pooling", 61_706),
    ],
)
def test_models_have_the_lectures_parameters(name: str, parameters: int, few_digits: None) -> None:
    outcome: Any = row(name).run(0)
    assert outcome.parameters == parameters
    assert set(outcome.numbers) == set(row(name).least)
    assert len(outcome.accuracies) >= 5


@pytest.mark.parametrize(("goal", "epochs"), [(0.0, 2), (1.1, 4)])
def test_training_ends_when_its_goal_is_reached(goal: float, epochs: int, few_digits: None) -> None:
    digits = dataclasses.replace(_digits.Digits(_digits.perceptron(3), SGD, 10, 4), goal=(2, goal))
    outcome = digits.run(0)
    assert len(outcome.accuracies) == len(outcome.seconds) == epochs
    assert outcome.numbers["accuracy after 2"] == outcome.accuracies[1]
    assert outcome.numbers["best accuracy"] == max(outcome.accuracies)


def test_what_was_measured_is_of_these_rows() -> None:
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert [(found["name"], found["how"]) for found in figures["rows"]] == [
        (row.name, row.how) for row in ROWS
    ]
    assert all(found["reached"] and len(found["runs"]) >= 3 for found in figures["rows"])
    timed = [found["name"] for found in figures["rows"] if "epoch_seconds" in found]
    assert timed == ["784-16-16-10", "784-512-10"]
