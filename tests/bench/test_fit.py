"""`python -m bench fit`: whole epochs, on digits that are easily told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import data
from bench.__main__ import main
from bench.fit import COMPETITORS, ours, write_digits
from bench.fit.problems import PROBLEMS, Digits, Problem, Training, make_cases
from bench.steps import thread_limits

RESULTS = Path(__file__).parents[2] / "bench" / "results"


@pytest.fixture
def easy_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bright pixels in rows that tell the digit, in place of MNIST."""
    y = np.arange(2000, dtype=np.uint8) % 10
    x = np.random.default_rng(0).integers(0, 40, (2000, 28, 28), np.uint8)
    for digit in range(10):
        x[y == digit, 2 * digit : 2 * digit + 2] = 255
    monkeypatch.setattr(data.mnist, "load_data", lambda: ((x, y), (x[:200], y[:200])))


@pytest.mark.usefixtures("easy_digits")
def test_epochs_are_timed_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "fit.json"
    for name in thread_limits(1):
        monkeypatch.setenv(name, "")  # put back afterwards
    options = ["--quick", "--threads", "1", "--peers", "none", "--json", str(file)]
    assert main(["fit", *options]) == 0
    assert "µs per epoch" in capsys.readouterr().out
    report = json.loads(file.read_text(encoding="utf-8"))
    timed = {(m["competitor"], m["case"]) for m in report["measurements"] if m["status"] == "timed"}
    assert timed >= {("flat", problem.name) for problem in PROBLEMS}
    assert all(m["error"] <= 0.12 for m in report["measurements"])
    assert {c["name"] for c in report["competitors"]} == {c.name for c in COMPETITORS if not c.peer}


@pytest.mark.usefixtures("easy_digits")
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_who_learns_nothing_is_found_out(problem: Problem, tmp_path: Path) -> None:
    def at(rate: float) -> Callable[[Problem, Digits], Training]:
        def train(problem: Problem, digits: Digits) -> Training:
            model: dict[str, Any] = {**vars(problem), "rate": rate}
            return ours.train(False, Problem(**model), digits)

        return train

    file = write_digits(tmp_path)
    for rate, learns in ((problem.rate, True), (0.0, False)):
        case = make_cases(at(rate), file)[problem.name]()
        assert (case.check() <= case.tolerance) == learns


@pytest.mark.usefixtures("easy_digits")
def test_labels_are_as_the_loss_takes_them(tmp_path: Path) -> None:
    given: dict[str, Digits] = {}

    def train(problem: Problem, digits: Digits) -> Training:
        given[problem.name] = digits
        return Training(lambda: None, lambda: 1.0)

    for make in make_cases(train, write_digits(tmp_path)).values():
        assert make().check() == 0
    for problem in PROBLEMS:
        for x, y in given[problem.name]:
            assert x.dtype == np.float32
            assert (x.shape[1], x.max()) == (784, 1)
            assert y.shape == ((len(x), 10) if problem.one_hot else (len(x),))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_results_are_at_hand(problem: Problem) -> None:
    """Ours beside the peers, all as right as each other."""
    report = json.loads((RESULTS / f"fit-{problem.name}.json").read_text(encoding="utf-8"))
    assert (report["benchmark"], report["schema"]) == ("fit", 1)
    found = {m["competitor"]: m for m in report["measurements"] if m["case"] == problem.name}
    assert {"flat", "fused", "keras-jax"} <= {who for who, m in found.items() if m["samples_us"]}
    assert all(m["error"] <= problem.wrong for m in found.values())
