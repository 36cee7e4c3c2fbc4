from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.__main__ import main
from bench._case import Loaded
from bench.ops import COMPETITORS, micrograd, plain_numpy
from bench.ops.problems import (
    PAIRS,
    chain_answer,
    chain_inputs,
    relative_error,
    step_answer,
    step_inputs,
)


def test_a_smoke_run_prints_a_table_and_writes_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ops.json"
    cases = ["--case", "scalar", "--case", "step"]
    assert main(["ops", "--quick", "--peers", "none", "--json", str(file), *cases]) == 0

    text = capsys.readouterr().out
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["benchmark"] == "ops"
    assert [case["name"] for case in data["cases"]] == ["scalar", "step"]
    for competitor in COMPETITORS:
        assert (competitor.label in text) == (not competitor.peer)
    status = {(m["competitor"], m["case"]): m["status"] for m in data["measurements"]}
    assert status == {
        ("tensors", "scalar"): "timed",
        ("tensors", "step"): "missing",
        ("variables", "scalar"): "timed",
        ("variables", "step"): "timed",
        ("numpy", "scalar"): "timed",
        ("numpy", "step"): "timed",
        ("micrograd", "scalar"): "timed",
        ("micrograd", "step"): "missing",
    }
    assert {(r["case"], r["ours"], r["other"]) for r in data["ratios"]} == {
        ("scalar", "tensors", "numpy"),
        ("scalar", "tensors", "micrograd"),
        ("scalar", "variables", "numpy"),
        ("scalar", "variables", "micrograd"),
        ("step", "variables", "numpy"),
    }


def test_the_chain_neither_vanishes_nor_explodes_and_its_answer_is_its_derivative() -> None:
    leaves = chain_inputs((3,))

    def total(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        for _ in range(PAIRS):
            x = x * a + b
        assert np.abs(x).min() > 1e-3
        assert np.abs(x).max() < 1e3
        return float(x.sum())

    for position, answer in enumerate(chain_answer(*leaves)):
        for index in range(3):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [leaf.copy() for leaf in leaves]
                moved[position][index] += step
                ends.append(total(moved[0], moved[1], moved[2]))
            assert answer[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_the_step_s_answer_is_the_derivative_of_the_mean_cross_entropy() -> None:
    parameters, images, labels = step_inputs()
    wide = [p.astype(np.float64) for p in parameters]

    def loss() -> float:
        h = np.maximum(images @ wide[0] + wide[1], 0)
        h = np.maximum(h @ wide[2] + wide[3], 0)
        z = h @ wide[4] + wide[5]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]))

    for parameter, answer in zip(wide, step_answer(parameters, images, labels), strict=True):
        place = np.unravel_index(np.abs(answer).argmax(), answer.shape)
        ends = []
        for step in (1e-6, -2e-6):
            parameter[place] += step
            ends.append(loss())
        parameter[place] += 1e-6
        assert answer[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("loaded", [plain_numpy.load(), micrograd.load()], ids=["numpy", "micro"])
def test_competitors_written_here_are_right(loaded: Loaded) -> None:
    for make in loaded.cases.values():
        case = make()
        assert case.check() <= case.tolerance


def test_an_error_is_relative_to_the_array_and_nan_is_infinitely_wrong() -> None:
    expected = [np.array([1.0, 100.0]), np.array(2.0)]
    assert relative_error([np.array([2.0, 100.0]), 2.0], expected) == pytest.approx(0.01)
    assert relative_error([np.array([np.nan, 100.0]), 2.0], expected) == np.inf
    with pytest.raises(ValueError, match=r"shape \(2,\), expected \(\)"):
        relative_error([expected[0], expected[0]], expected)
