from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench.steps import COMPETITORS, flat_numpy, plain_numpy, thread_limits
from bench.steps.problems import (
    CHECKED,
    NETS,
    Array,
    Net,
    Training,
    answer,
    error_of,
    gradients,
    inputs,
    make_cases,
)

SMALL = NETS[0]


def test_a_smoke_run_prints_a_table_and_writes_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "steps.json"
    options = ["--quick", "--peers", "none", "--threads", "1", "--json", str(file)]
    with pytest.MonkeyPatch.context() as patch:
        for name in thread_limits(1):
            patch.setenv(name, "")  # put back afterwards
        assert main(["steps", *options]) == 0
    text = capsys.readouterr().out
    data = json.loads(file.read_text(encoding="utf-8"))
    numba = find_spec("numba") is not None
    names = {c.name for c in COMPETITORS if not c.peer and (numba or not c.optional)}
    assert all((c.label in text) == (not c.peer) for c in COMPETITORS)
    assert {(m["competitor"], m["case"], m["status"]) for m in data["measurements"]} == {
        (name, net.name, "timed") for name in names for net in NETS
    }
    assert {(r["case"], r["ours"], r["other"]) for r in data["ratios"]} == {
        (net.name, ours, other)
        for net in NETS
        for ours in names & {"flat", "fused", "eager"}
        for other in ("numpy-flat", "numpy")
    }


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_the_gradients_are_the_derivatives_of_the_mean_cross_entropy(net: Net) -> None:
    parameters, images, labels = inputs(net)
    wide = [p.astype(np.float64) for p in parameters]
    loss, answers = gradients(net, wide, images, labels[0])
    assert loss == pytest.approx(np.log(10), rel=0.2)  # a net that knows nothing yet
    for parameter, slope in zip(wide, answers, strict=True):
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        ends = []
        for step in (1e-6, -2e-6):
            parameter[place] += step
            ends.append(gradients(net, wide, images, labels[0])[0])
        parameter[place] += 1e-6
        assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
@pytest.mark.parametrize("module", [plain_numpy, flat_numpy], ids=lambda m: m.__name__)
def test_competitors_written_here_are_right(module: Any, net: Net) -> None:
    case = module.load().cases[net.name]()
    assert case.check() <= case.tolerance


def off_by(rate: float = 1.0, loss: float = 1.0) -> Any:
    """A trainer whose learning rate or loss is wrong by a factor."""

    def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
        wrong = replace(net, rate=net.rate * rate)
        training = plain_numpy.train(wrong, parameters, images, labels)
        return Training(lambda: training.run() * loss, training.read)

    return train


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
@pytest.mark.parametrize("factor", [{"rate": 1.01}, {"rate": 0.0}, {"loss": 1.001}])
def test_a_competitor_that_trains_otherwise_is_found_out(net: Net, factor: Any) -> None:
    case = make_cases(off_by(**factor))[net.name]()
    assert case.check() > case.tolerance


@pytest.mark.parametrize("net", NETS[1:], ids=lambda net: net.name)
def test_the_check_tells_where_epsilon_stands(net: Net) -> None:
    within, beside = (answer(net, CHECKED, epsilon_within=e)[1] for e in (True, False))
    assert error_of(within, beside) > 1e-4
    case = make_cases(plain_numpy.train, epsilon_within=False)[net.name]()
    assert case.check() > case.tolerance


def test_the_loss_stays_up_so_that_nothing_becomes_denormal() -> None:
    training = plain_numpy.train(SMALL, *inputs(SMALL))
    losses = [float(training.run()) for _ in range(3000)]
    assert min(losses[-4:]) > 0.5
    assert all(p[p != 0].size == 0 or np.abs(p[p != 0]).min() > 1e-30 for p in training.read())


def test_threads_are_limited_by_the_environment() -> None:
    assert set(thread_limits(2).values()) == {"2"}
    assert "--xla_cpu_multi_thread_eigen=false" in thread_limits(1).values()
    with pytest.raises(SystemExit, match="--threads 0: expected at least 1"):
        main(["steps", "--threads", "0"])
