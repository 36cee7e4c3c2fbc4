"""`python -m bench report --device ...` as it is typed, on the guard: every part in miniature."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tests.guard.backend  # noqa: F401  makes the device known
from bench.report import profile
from bench.report._parts import PARTS, ROOT, Part, run_part
from tests.guard.machine import COMPILER, machines

GUARDED = Path(__file__).parent / "guarded"


def reported(tmp_path: Path, *options: str) -> dict[str, Any]:
    """What the command wrote, once it has come through."""
    file = tmp_path / "report.json"
    line = ("-m", "bench", "report", "--device", "guard", "--quick", "--json", str(file))
    environment = {
        **os.environ,
        "AUTODIFF_DEVICE": "guard",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(GUARDED))),
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *line, *options],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))["parts"]
    assert {name: p["status"] for name, p in found.items()} == dict.fromkeys(found, "done")
    return found


def test_a_part_runs_on_the_guard(tmp_path: Path) -> None:
    found = reported(tmp_path, "--part", "products")["products"]["found"]
    assert {"float64 64", "tf32 64", "bfloat16 64"} <= {*found}
    for name, entry in found.items():
        assert entry["autodiff"] > 0, name
        assert ("eager" in entry) == (name != "bfloat16 64")


@pytest.mark.long
@pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")
def test_every_part_runs_on_the_guard(tmp_path: Path) -> None:
    found = reported(tmp_path)
    assert [*found] == [p.name for p in PARTS]
    for name in ("kernels", "suite"):
        assert found[name]["found"]["tests"] > 10
        assert not found[name]["found"]["failed"]
    for name in ("steps", "lenet", "compiled", "ops"):
        ours = [c for c in found[name]["found"]["competitors"] if c["ours"] and not c["skipped"]]
        timed = {m["competitor"] for m in found[name]["found"]["measurements"]}
        assert {c["name"] for c in ours} <= timed
        assert all(m["status"] == "timed" for m in found[name]["found"]["measurements"])
    assert found["profile"]["found"]["784-16-16-10"]["autodiff, flat"]["µs per step"] > 0


# -- profiles --------------------------------------------------------------------------------------


def event(start: float, duration: float, name: str = "k", cat: str = "kernel") -> dict[str, Any]:
    return {"ph": "X", "ts": start, "dur": duration, "name": name, "cat": cat}


def test_gaps_are_what_nothing_runs_in() -> None:
    events = [
        *(event(10, 4, "a"), event(0, 5, "b"), event(4, 3, "a")),  # the last two overlap
        *(event(20, 2, "copy", "gpu_memcpy"), event(22, 8, "b")),
    ]
    found = profile.figures(events, 2)
    assert found["kernels per step"] == 2
    assert found["copies per step"] == 0.5
    assert found["µs of the device per step"] == 15
    assert found["of it busy"] == pytest.approx(21 / 30, abs=1e-4)
    assert (found["gap, longest"], found["gaps per step"]) == (6, 4.5)
    assert found["longest kernels"] == {"b": 6.5, "a": 3.5}
    alone = profile.figures([event(5, 0)], 1)
    assert (alone["of it busy"], alone["gap, median"]) == (1, 0)


@pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")
def test_without_a_profiler_launches_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import autodiff as ad

    def none(*_: Any) -> Any:
        raise RuntimeError("there is no profiler")

    monkeypatch.setattr(profile, "profiled", none)
    monkeypatch.setattr(profile, "STEPS", 1)
    with machines(), ad.device("guard"):
        assert profile.main("guard", tmp_path / "found", ["784-16-16-10"]) == 0
    found = json.loads((tmp_path / "found").read_text("utf-8"))["784-16-16-10"]
    flat = found["autodiff, flat"]
    assert flat["launches of the first step"] == 15
    assert flat["µs per step"] > 0
    assert "there is no profiler" in flat["no profile"]


def test_tests_that_are_stopped_tell_how_far_they_came(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import time\ndef test_a(): pass\ndef test_b(): assert 1 == 2\n"
        "def test_c(): time.sleep(60)\n"
    )
    start = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null")

    def command(device: str, file: Path, quick: bool) -> list[str]:
        return [*start, f"--rootdir={tmp_path}", f"--junitxml={file}", str(tmp_path)]

    outcome = run_part(Part("tests", 60, command, PARTS[0].read), "cpu", 4)
    assert outcome.status == "stopped"
    assert outcome.found["tests"] >= 2
    assert outcome.found["failed"] >= 1
