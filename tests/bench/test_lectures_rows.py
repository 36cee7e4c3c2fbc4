"""`python -m bench lectures`: what it trains, says and writes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import data
from bench import lectures
from bench.__main__ import main
from bench.lectures import rows
from bench.lectures.rows import ROWS


def row(name: str) -> rows.Row:
    return next(row for row in ROWS if row.name == name)


def test_a_row_is_trained_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    assert main(["lectures", "--row", "1-4-1", "--seeds", "1", "--json", str(path)]) == 0
    said = capsys.readouterr().out
    assert "1-4-1, seed 0: R² 0.9" in said
    assert "wanted: R² 0.98: reached" in said
    (found,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert found["reached"]
    (run,) = found["runs"]
    assert (run["seed"], run["parameters"]) == (0, 13)
    assert run["numbers"]["R²"] >= 0.98


def test_a_row_that_falls_short_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = [rows.Outcome(k, {"accuracy": 0.9 + k / 100}, 1, 1.0, []) for k in range(2)]
    short = dataclasses.replace(ROWS[0], least={"accuracy": 0.906}, run=lambda seed: outcomes[seed])
    enough = dataclasses.replace(short, least={"accuracy": 0.904})
    for given, status in ((short, 1), (enough, 0)):
        monkeypatch.setattr(lectures, "ROWS", [given])
        assert main(["lectures", "--seeds", "2"]) == status
    said = capsys.readouterr().out
    assert (
        "accuracy 0.9050, 1e+03 ms per epoch at best; wanted: accuracy 0.906: NOT REACHED" in said
    )
    with pytest.raises(SystemExit, match="expected at least 1"):
        main(["lectures", "--seeds", "0"])


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
def test_models_have_the_lectures_parameters(
    name: str, parameters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(20, dtype=np.uint8) % 10
    x = rng.integers(0, 256, (20, 28, 28), np.uint8)
    monkeypatch.setattr(data.mnist, "load_data", lambda: ((x, y), (x[:10], y[:10])))
    rows._mnist.cache_clear()
    try:
        outcome: Any = row(name).run(0)
    finally:
        rows._mnist.cache_clear()
    assert outcome.parameters == parameters
    assert set(outcome.numbers) == set(row(name).least)
    assert len(outcome.accuracies) >= 5
