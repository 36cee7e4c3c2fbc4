"""`python -m bench report`: parts that come through, fail, hang and lie, on no device at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import bench.report
from bench.__main__ import main
from bench.report import _parts, run
from bench.report._device import FIELDS, describe_device
from bench.report._parts import PARTS, Part, environment, run_part

WRITES = "import sys; open(sys.argv[2], 'w').write(sys.argv[3]); print('said', sys.argv[1])"


def part(code: str, *arguments: str, name: str = "part", seconds: float = 60) -> Part:
    """A part that is a line of Python."""
    start = [sys.executable, "-c", code]
    return Part(name, seconds, lambda device, file, quick: [*start, device, str(file), *arguments])


def test_what_a_part_writes_and_says_is_kept() -> None:
    outcome = run_part(part(WRITES, '{"a": 1}'), "cpu", 60)
    assert (outcome.status, outcome.found, outcome.tail) == ("done", {"a": 1}, "said cpu")
    assert 0 < outcome.seconds < 60


@pytest.mark.parametrize(
    ("made", "status", "message"),
    [
        (part("raise SystemExit(3)"), "failed", "status 3"),
        (part("import os; os.kill(os.getpid(), 9)"), "failed", "status -9"),
        (Part("none", 9, lambda *_: ["no-such-program"]), "failed", "FileNotFoundError"),
        (part(WRITES, '{"a": '), "done", "what it wrote cannot be read"),
    ],
)
def test_a_part_that_fails_is_written_down(made: Part, status: str, message: str) -> None:
    outcome = run_part(made, "cpu", 60)
    assert outcome.status == status
    assert message in outcome.message
    json.dumps(outcome.to_json())


def test_a_part_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parts, "GRACE", 0.3)
    child = "import time; time.sleep(600)"
    code = (
        "import subprocess, sys, signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}]);"
        "pathlib.Path(sys.argv[3]).write_text(str(p.pid)); print('begun', flush=True); p.wait()"
    )
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        pid = Path(folder) / "pid"
        outcome = run_part(part(code, str(pid)), "cpu", 1.5)
        assert outcome.status == "stopped"
        assert "at its limit of 2 s" in outcome.message
        assert outcome.tail.startswith("begun")
        assert outcome.seconds < 20
        stat = Path(f"/proc/{pid.read_text()}/stat")
        assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_without_time_nothing_is_begun() -> None:
    outcome = run(part("raise SystemExit(1)"), "cpu", deadline=0.0)
    assert (outcome.status, outcome.message) == ("skipped", "no time was left")


def test_the_report_is_whole_after_every_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    reads = f"import json; print(sorted(json.load(open({str(file)!r}))['parts']))"
    parts = (part(WRITES, "[1, 2]", name="first"), part(reads, name="second"))
    monkeypatch.setattr(bench.report, "PARTS", parts)
    assert main(["report", "--json", str(file)]) == 0
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["benchmark"] == "report"
    assert report["device"] == {"device": "cpu"}
    assert {"date", "cpu", "python", "numpy"} <= set(report["machine"])
    assert {name: p["status"] for name, p in report["parts"].items()} == {
        "first": "done",
        "second": "done",
    }
    assert report["parts"]["first"]["found"] == [1, 2]
    assert report["parts"]["second"]["tail"] == "['first']"
    assert "== second: done" in capsys.readouterr().out
    monkeypatch.setattr(bench.report, "PARTS", (*parts, part("raise SystemExit(1)", name="third")))
    assert main(["report", "--json", str(file), "--part", "third"]) == 1


def test_everything_ends_in_eight_minutes() -> None:
    assert bench.report.MINUTES < 8
    assert sum(p.seconds for p in PARTS[:-1]) < 60 * bench.report.MINUTES - 60
    assert len({p.name for p in PARTS}) == len(PARTS)


@pytest.mark.parametrize("p", PARTS, ids=lambda p: p.name)
def test_every_part_is_told_its_device(p: Part, tmp_path: Path) -> None:
    commands = [p.command("cuda", tmp_path / "file", quick) for quick in (False, True)]
    for command in commands:
        assert command[0] == sys.executable
        assert "cuda" in command
        assert any(str(tmp_path / "file") in word for word in command)
    assert commands[0] != commands[1]
    assert environment("cuda")["AUTODIFF_DEVICE"] == "cuda"


def test_the_tests_tell_counts_and_names(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 1 == 2\n"
        "@pytest.mark.skip(reason='so')\ndef test_c(): pass\n"
    )
    command = lambda device, file, quick: [  # noqa: E731
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"),
        *(f"--rootdir={tmp_path}", f"--junitxml={file}", str(tmp_path)),
    ]
    outcome = run_part(Part("tests", 60, command, PARTS[0].read), "cpu", 60)
    found: dict[str, Any] = outcome.found
    assert outcome.status == "failed"
    assert (found["tests"], found["failed"], found["skipped"]) == (3, 1, 1)
    assert [(name[-6:], "1 == 2" in why) for name, why in found["failures"].items()] == [
        ("test_b", True)
    ]


def test_the_device_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = tmp_path / "nvidia-smi"
    row = "NVIDIA Sample, 580.1, 1024 MiB, 9.0, 1980 MHz, 700 W"
    smi.write_text(f"#!/bin/sh\necho '{row}'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = describe_device("cuda")
    assert [found[name] for name in FIELDS] == row.split(", ")
    smi.write_text("#!/bin/sh\nexit 9\n")
    broken = describe_device("cuda:1")
    assert broken["device"] == "cuda:1"
    assert all(broken[name] is None for name in FIELDS)
    json.dumps(broken)


def test_products_are_timed_on_the_host_too(tmp_path: Path) -> None:
    from bench.report import products

    file = tmp_path / "products.json"
    assert products.main("cpu", file, [128]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found) == {"float64 128", "float32 128"}
    assert all(entry["eager"] > 0 for entry in found.values())
