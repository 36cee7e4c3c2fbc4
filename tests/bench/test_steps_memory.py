from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.__main__ import main
from bench._case import Case
from bench._harness import CaseInfo, Competitor
from bench.steps._memory import measure_memory, peak, print_memory
from bench.steps.problems import NETS, StepCase, inputs, untold

MEGA = 1_000_000
TWO = CaseInfo("two", "step", 1)
FAKES = "tests.bench.fakes"


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_the_peak_is_what_arrays_hold_and_what_a_run_adds_for_a_while() -> None:
    held = np.ones(3 * MEGA, np.uint8)
    others = [object() for _ in range(MEGA // 8)]  # no arrays: not counted

    def run() -> None:
        for size in (1, 2):
            np.ones(size * MEGA, np.uint8)

    assert peak(Case(run, lambda: 0.0, 0.0)) == pytest.approx(5 * MEGA, rel=0.02)
    assert len(held) + len(others) > 0


def test_a_library_that_knows_its_memory_is_asked_after_warm_steps() -> None:
    runs: list[int] = []
    case = StepCase(lambda: runs.append(0), lambda: 0.0, 0.0, memory=lambda: 100 + len(runs))
    assert peak(case) == 103


def test_the_flat_versions_hold_at_least_what_must_be_and_the_table_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "memory.json"
    net = NETS[0]
    options = ["--peers", "none", "--case", net.name, "--json", str(file)]
    assert main(["steps", "--memory", *options]) == 0
    sizes = json.loads(file.read_text(encoding="utf-8"))["peak_bytes"][net.name]
    parameters, images, _ = inputs(net)
    least = images.nbytes + 2 * sum(p.nbytes for p in parameters)  # gradients too
    missing = {label for label, size in sizes.items() if size == "missing"}
    assert missing <= {"autodiff, fused"}  # where Numba is not installed
    assert all(least <= sizes[label] < 3 * least for label in {*sizes} - missing)
    assert sizes["NumPy by hand, flat"] < sizes["NumPy by hand"]
    rows = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()[2:]]
    assert {label.rstrip(): size for label, size in rows} == {
        label: size if label in missing else f"{size / 1000:.0f}" for label, size in sizes.items()
    }


def test_a_failure_is_told_and_a_missing_case_is_a_dash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    competitors = [
        Competitor(manner, manner, FAKES, {"manner": manner})
        for manner in ("partial", "missing", "broken")
    ]
    sizes = measure_memory(competitors, [TWO])
    assert sizes["two"]["partial"] == "–"
    assert sizes["two"]["missing"] == "missing"
    assert print_memory(sizes) == 1
    assert "note: broken, two: failed: AttributeError: it has no" in capsys.readouterr().out


def test_a_library_that_cannot_tell_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    assert peak(StepCase(lambda: None, lambda: 0.0, 0.0, memory=untold)) is None
    sizes = measure_memory([Competitor("silent", "x", FAKES, {"manner": "silent"})], [TWO])
    assert sizes == {"two": {"x": "–"}}
    assert print_memory(sizes) == 0
    assert capsys.readouterr().out.split()[-1] == "–"
