from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench._case import Loaded
from bench.jacobian import COMPETITORS, ours, plain_numpy
from bench.jacobian.problems import BATCHED, CASE_NAMES, HESSIAN, JACOBIAN, answers, inputs

RESULTS = Path(__file__).parents[2] / "bench" / "results" / "jacobian.json"


def test_a_smoke_run_prints_a_table_and_writes_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "jacobian.json"
    assert main(["jacobian", "--quick", "--peers", "none", "--json", str(file)]) == 0
    text = capsys.readouterr().out
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["benchmark"] == "jacobian"
    assert all((c.label in text) == (not c.peer) for c in COMPETITORS)
    assert {(m["competitor"], m["case"]) for m in data["measurements"] if m["samples_us"]} == {
        *(("flat", name) for name in CASE_NAMES),
        *(("eager", name) for name in CASE_NAMES),
        *(("numpy", name) for name in (JACOBIAN, BATCHED)),
        ("rows", JACOBIAN),
    }


def test_the_answers_are_the_derivatives() -> None:
    """Of the net in float64, by differences; of half its square, by differences of the gradient."""
    parameters, batch = inputs()
    w1, b1, w2, b2, w3, b3 = (p.astype(np.float64) for p in parameters)

    def net(x: Any) -> Any:
        return np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3

    x, found = batch[0].astype(np.float64), answers()
    step = 1e-6 * np.eye(64)
    numeric = (net(x + step) - net(x - step)).T / 2e-6
    np.testing.assert_allclose(found[JACOBIAN], numeric, atol=1e-8)
    np.testing.assert_array_equal(found[JACOBIAN], found[BATCHED][0])
    far = 1e-3 * np.eye(64)
    for k in (0, 17):
        sides = [
            0.5 * (net(x + far[k] + s * far) ** 2).sum(-1)
            - 0.5 * (net(x - far[k] + s * far) ** 2).sum(-1)
            for s in (1, -1)
        ]
        np.testing.assert_allclose(found[HESSIAN][k], (sides[0] - sides[1]) / 4e-6, atol=1e-4)


@pytest.mark.parametrize(
    "loaded",
    [plain_numpy.load(), *(ours.load(mode) for mode in ("flat", "eager", "rows"))],
    ids=["numpy", "flat", "eager", "rows"],
)
def test_competitors_written_here_are_right(loaded: Loaded) -> None:
    for make in loaded.cases.values():
        case = make()
        assert case.check() <= case.tolerance


def test_what_was_measured_is_ten_times_as_fast_as_row_by_row() -> None:
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))
    median = {
        m["competitor"]: m["median"]
        for m in figures["measurements"]
        if m["case"] == JACOBIAN and m["status"] == "timed"
    }
    assert {"flat", "eager", "rows", "jax", "torch"} <= set(median)
    assert median["rows"] > 10 * median["eager"] > 10 * median["flat"]
