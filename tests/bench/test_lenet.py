from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench.lenet import COMPETITORS, flat_numpy, ours, plain_numpy
from bench.lenet.problems import PROBLEMS, SHAPES, gradients, inputs, make_cases
from bench.steps import thread_limits
from bench.steps.problems import Array, Training


def test_a_smoke_run_prints_a_table_and_writes_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lenet.json"
    options = ["--quick", "--peers", "none", "--threads", "1", "--json", str(file)]
    with pytest.MonkeyPatch.context() as patch:
        for name in thread_limits(1):
            patch.setenv(name, "")  # put back afterwards
        assert main(["lenet", *options, "--case", "batch 32"]) == 0
    text = capsys.readouterr().out
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["benchmark"] == "lenet"
    assert all((c.label in text) == (not c.peer) for c in COMPETITORS)
    assert {(m["competitor"], m["status"]) for m in data["measurements"]} == {
        (c.name, "timed") for c in COMPETITORS if not c.peer
    }


def test_lenet_has_the_lectures_parameters() -> None:
    sizes = {name: int(np.prod(shape)) for name, shape in SHAPES.items()}
    assert sum(sizes.values()) == 61706
    assert sizes["k1"] + sizes["b1"] == 156
    assert sizes["k2"] + sizes["b2"] == 2416


def test_the_gradients_are_the_derivatives_of_the_mean_cross_entropy() -> None:
    parameters, images, labels = inputs(3)
    wide = [p.astype(np.float64) for p in parameters]
    images = images.astype(np.float64)
    loss, answers = gradients(wide, images, labels[0])
    assert loss == pytest.approx(np.log(10), rel=0.2)  # a net that knows nothing yet
    for parameter, slope in zip(wide, answers, strict=True):
        assert slope.shape == parameter.shape
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        ends = []
        for step in (1e-6, -2e-6):
            parameter[place] += step
            ends.append(gradients(wide, images, labels[0])[0])
        parameter[place] += 1e-6
        assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize(
    "load",
    [plain_numpy.load, flat_numpy.load, lambda: ours.load("flat"), lambda: ours.load("eager")],
    ids=["plain", "flat by hand", "flat", "eager"],
)
def test_competitors_are_right(load: Any, problem: Any) -> None:
    case = load().cases[problem.name]()
    assert case.check() <= case.tolerance


@pytest.mark.parametrize("wrong", [0, 2, 4])
def test_a_competitor_that_trains_otherwise_is_found_out(wrong: int) -> None:
    def train(batch: int, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
        training = plain_numpy.train(batch, parameters, images, labels)

        def run() -> Any:
            parameters[wrong] *= 1.001
            return training.run()

        return Training(run, training.read)

    case = make_cases(train)["batch 32"]()
    assert case.check() > case.tolerance
