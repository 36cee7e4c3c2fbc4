from __future__ import annotations

import json
import mmap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench._case import Case
from bench._harness import Competitor
from bench.memory import (
    Workload,
    cell_text,
    comparisons,
    measure,
    measure_one,
    ours,
    plain_numpy,
    problems,
)
from bench.memory._page import section
from bench.memory._peak import FORGET, peak, resident, resident_peak
from bench.memory.problems import AGAIN, KEPT
from bench.steps import thread_limits
from bench.steps.problems import NETS, StepCase, inputs, untold

MEGA = 1_000_000
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


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command sets is put back."""
    for name in thread_limits(1):
        monkeypatch.setenv(name, "")


@pytest.mark.usefixtures("threads")
def test_the_flat_versions_hold_at_least_what_must_be_and_the_table_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "memory.json"
    net = NETS[0]
    options = ["--peers", "none", "--case", net.name, "--json", str(file)]
    assert main(["memory", *options]) == 0
    report = json.loads(file.read_text(encoding="utf-8"))
    cells = {cell["competitor"]: cell for cell in report["cells"]}
    parameters, images, _ = inputs(net)
    least = images.nbytes + 2 * sum(p.nbytes for p in parameters)  # gradients too
    missing = {name for name, cell in cells.items() if cell["status"] == "missing"}
    assert missing <= {"fused"}  # where Numba is not installed
    sizes = {name: cell["bytes"] for name, cell in cells.items() if name not in missing}
    assert all(least <= size < 3 * least for size in sizes.values())
    assert sizes["numpy-flat"] < sizes["numpy"]
    told = {name: cell.get("resident_bytes") for name, cell in cells.items() if "bytes" in cell}
    if FORGET.exists():
        assert all(size > 0 for size in told.values() if size is not None)
    text = capsys.readouterr().out
    assert all(f"{size / 1000:,.0f}" in text for size in sizes.values())
    ratios = {row["other"]: row["value"] for row in report["comparisons"]}
    assert ratios["numpy"] == min(sizes["flat"], sizes["eager"]) / sizes["numpy"]
    (case,) = report["cases"]
    page = section(report).blocks[1].markdown()
    assert f"| {sizes['flat'] / 1000:,.0f} |" in page
    assert case["name"] in page


@pytest.mark.skipif(not FORGET.exists(), reason="only Linux tells what a process takes")
def test_what_the_process_takes_is_what_a_run_touches() -> None:
    before = resident("VmRSS")

    def run() -> None:  # of the system, not of what the process has kept
        with mmap.mmap(-1, 64 * MEGA) as memory:
            for page in range(0, 64 * MEGA, mmap.PAGESIZE):
                memory[page] = 1

    after = resident_peak(Case(run, lambda: 0.0, 0.0))
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(64 * MEGA, rel=0.2)


def workload(manner: str) -> tuple[Workload, Competitor]:
    competitor = Competitor(manner, manner, FAKES, {"manner": manner}, ours=True)
    return Workload("a case", "two", [competitor]), competitor


@pytest.mark.parametrize(
    ("manner", "status", "shown"),
    [("partial", "none", "–"), ("missing", "missing", "missing"), ("broken", "failed", "failed")],
)
def test_a_failure_is_told_and_a_missing_case_is_a_dash(
    manner: str, status: str, shown: str
) -> None:
    cell, _ = measure_one(*workload(manner), None)
    assert cell["status"] == status
    assert cell_text(cell, "bytes") == shown
    report = measure([workload(manner)[0]], {manner})
    assert bool(report["problems"]) == (status == "failed")
    assert all("AttributeError: it has no" in line for line in report["problems"])


def test_a_library_that_cannot_tell_is_a_dash_in_one_table_alone() -> None:
    assert peak(StepCase(lambda: None, lambda: 0.0, 0.0, memory=untold)) is None
    cell, versions = measure_one(*workload("silent"), None)
    assert versions["fake"] == "1.0"
    assert cell_text(cell, "bytes") == "–"
    assert (cell_text(cell, "resident_bytes") != "–") == FORGET.exists()


def test_ratios_are_of_the_least_of_ours_that_needs_numpy_alone() -> None:
    known = {
        "a": Competitor("a", "A", "", ours=True),
        "b": Competitor("b", "B", "", ours=True),
        "c": Competitor("c", "C", "", ours=True, optional=True),
        "d": Competitor("d", "D", "", peer=True),
    }
    sizes = {"a": 30, "b": 20, "c": 5, "d": 10}
    cells = [{"case": "x", "competitor": n, "bytes": size} for n, size in sizes.items()]
    (row,) = comparisons(cells, known)
    assert (row["other"], row["ours"], row["value"], row["fused"]) == ("d", "B", 2.0, 0.5)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Layers that are soon computed."""
    monkeypatch.setattr(problems, "WIDTH", 16)
    problems.layer_answer.cache_clear()
    yield
    problems.layer_answer.cache_clear()


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("module", [ours, plain_numpy], ids=lambda m: m.__name__)
def test_competitors_written_here_are_right(module: Any) -> None:
    modes = ({"mode": "eager"}, {"mode": "flat"}) if module is ours else ({},)
    for mode in modes:
        cases = module.load(**mode).cases
        assert set(cases) >= {KEPT, AGAIN}
        for make in cases.values():
            case = make()
            assert case.check() <= case.tolerance


@pytest.mark.usefixtures("traced", "narrow")
def test_running_again_takes_less_in_eager_mode_and_by_hand() -> None:
    for module, mode in ((ours, {"mode": "eager"}), (plain_numpy, {})):
        kept, again = (peak(module.load(**mode).cases[name]()) for name in (KEPT, AGAIN))
        assert again is not None
        assert kept is not None
        assert again < 0.7 * kept
