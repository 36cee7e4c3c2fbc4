"""Cost grows in proportion: by what is counted, so that no busy machine disturbs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from bench.__main__ import main
from bench._page import RESULTS
from bench.counts._count import bytecodes, calls
from bench.scaling import _imports, _page, _sizes, _slopes, problems, too_much
from bench.scaling._slopes import fitted, slope
from bench.scaling.problems import LIMIT, SERIES, Series

BY_NAME = {series.name: series for series in SERIES}


@pytest.mark.parametrize("name", [s.name for s in SERIES if not s.compiles])
def test_what_python_runs_grows_in_proportion_at_most(name: str) -> None:
    series = BY_NAME[name]
    sizes = tuple(size // 4 for size in series.sizes[:3])
    counted = []
    for size in sizes:
        run = series.make(size)
        run()
        run()
        counted.append(bytecodes(run))
    assert fitted(sizes, counted) <= LIMIT


@pytest.mark.parametrize("name", [s.name for s in SERIES if s.compiles])
def test_what_compiling_calls_grows_in_proportion(name: str) -> None:
    series = BY_NAME[name]
    sizes = series.sizes[:3]
    series.make(sizes[0])()
    counted = [calls(series.make(size)) for size in sizes]
    assert fitted(sizes, counted) <= LIMIT
    assert counted[-1] > 2 * counted[0]  # it is not that nothing is done


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (problems.chain, (32, 64, 128)),
        (problems.depth, (8, 16, 32)),
        (problems.width, (2 * 32**2, 2 * 64**2, 2 * 128**2)),
        (problems.batch, (32, 64, 128)),
    ],
)
def test_operations_on_floats_grow_in_proportion(make: Any, sizes: tuple[int, ...]) -> None:
    flops: list[int] = []

    def counted(f: Any) -> Any:
        function = ad.function(f, fuse=False)

        def call(*args: Any) -> Any:
            flops.append(function.cost(*args).flops)
            return function(*args)

        return call

    for size in sizes:
        make(counted, size)()
    assert 0.8 < fitted(sizes, flops) <= LIMIT


def test_the_slope_is_that_of_the_largest_sizes() -> None:
    sizes = (1, 2, 4, 8, 16)
    assert fitted(sizes, [5, 5, 4, 8, 16]) == pytest.approx(1.0)
    assert fitted(sizes, [0, 0, 16, 64, 256]) == pytest.approx(2.0)
    rng = np.random.default_rng(0)
    samples = [(n**1.5 * rng.uniform(1, 2, 9)).tolist() for n in sizes]
    found = slope(sizes, samples)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(1.5, abs=0.2)


def test_a_series_that_grows_too_fast_is_told() -> None:
    def squared(size: int) -> Any:
        return lambda: sum(range(size * size))

    series = Series("squares", "n", (30, 60, 120), squared)
    report = _slopes.measure(series, rounds=5, seconds=1e-4)
    assert not report["passed"]
    assert report["value"] > 1.5
    assert "squares: slope" in too_much({"series": [report]})[0]


def test_the_command_writes_slopes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scaling.json"
    options = ["--rounds", "1", "--no-imports", "--case", "Variables", "--json", str(file)]
    assert main(["scaling", *options]) in (0, 1)
    report = json.loads(file.read_text(encoding="utf-8"))
    assert [s["name"] for s in report["series"]] == ["Variables"]
    assert "20 to 320 Variables" in capsys.readouterr().out
    assert "| Variables | 20 to 320 Variables |" in _page.section(report).blocks[1].markdown()
    with pytest.raises(SystemExit, match="expected at least 1"):
        main(["scaling", "--rounds", "0"])


def test_imports_are_timed_in_processes_that_may_cache_bytecode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = _imports.environment("somewhere")
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PYTHONPYCACHEPREFIX"] == "somewhere"
    assert _imports.seconds(sys.executable, "no_such_module_at_all", env) is None
    found = _imports.sampled([(sys.executable, ""), (sys.executable, "json")], 2, env)
    assert [len(times) for times in found.values()] == [2, 2]
    assert _imports.beyond([5.0, 6.0, 9.0], [3.0, 5.0, 4.0]) == {"least_ms": 2.0, "median_ms": 2.0}


def test_sizes_count_what_a_package_needs() -> None:
    sizes = _sizes.needed(sys.executable, ("numpy", "hypothesis", "no_such_module_at_all"))
    assert sizes["numpy"][0] > 10_000_000
    assert sizes["hypothesis"][0] > 1_000_000
    assert sizes["no_such_module_at_all"] == [0, 0]


def test_what_was_measured_last_is_within_the_limits() -> None:
    kept = json.loads((RESULTS / "scaling.json").read_text(encoding="utf-8"))
    assert not kept["problems"]
    assert {s["name"] for s in kept["series"]} == set(BY_NAME)
    assert kept["imports"]["beyond_numpy"]["least_ms"] <= _imports.LIMIT
    assert kept["sizes"]["bytes"][_sizes.OWN] <= _sizes.LIMIT
