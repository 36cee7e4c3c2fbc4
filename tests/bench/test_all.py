"""`bench all`: parts run, peers installed or left out, and the page of what was found."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bench.__main__ import COMMANDS, main
from bench.all import _parts, _peers, threads
from bench.all._parts import PARTS, Short, command
from bench.all._peers import install, requirements

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_a_command_that_knows_its_options(name: str) -> None:
    line = command(name, Path("file.json"), ["--peer-python", sys.executable])
    assert line[:4] == [sys.executable, "-m", "bench", name]
    parser = argparse.ArgumentParser()
    import_module(f"bench.{name}").add_arguments(parser)
    assert parser.parse_args(line[4:]).json == Path("file.json")
    assert name in COMMANDS


def test_everything_ends_in_twenty_minutes() -> None:
    assert sum(part.seconds for part in PARTS.values()) <= 15 * 60


def test_parts_run_fail_and_are_told_and_the_page_has_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "counts": Short(60, peers=False),
        "ops": Short(60, ("--quick", "--case", "scalar"), peers=False),
        "steps": Short(60, ("--case", "no such net"), peers=False),
    }
    monkeypatch.setattr(_parts, "PARTS", parts)
    monkeypatch.setattr("bench.all.PARTS", parts)
    monkeypatch.setattr("bench.all.requirements", lambda: ["good", "bad"])
    reasons = {"good": "", "bad": "ERROR: no such package"}
    monkeypatch.setattr("bench.all.install", lambda python, name: reasons[name])
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    options = ["--install", "--peer-python", sys.executable, "--out", str(tmp_path)]
    assert main(["all", *options]) == 1
    text = capsys.readouterr().out
    assert "installing bad" in text
    assert "left out: ERROR" in text
    assert "== 3 of 3: steps" in text
    assert {f.name for f in tmp_path.iterdir()} == {
        *("all.json", "counts.json", "ops.json", "report.html", "report.md")
    }
    report = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    statuses = {name: part["status"] for name, part in report["parts"].items()}
    assert statuses == {"counts": "done", "ops": "done", "steps": "failed"}
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| bad | ERROR: no such package |" in page
    assert re.search(r"\| steps \| \d+ \| failed \|", page)
    assert "## Counts" in page
    assert "autodiff, Tensors" in page


def test_nothing_is_installed_into_nowhere() -> None:
    with pytest.raises(SystemExit, match="into what"):
        main(["all", "--install"])


def test_what_cannot_be_installed_says_why(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'WARNING: x' >&2\necho 'ERROR: not for you' >&2\nexit 1\n")
    python.chmod(0o755)
    assert install(str(python), "anything") == "ERROR: not for you"
    python.write_text("#!/bin/sh\nsleep 60\n")
    assert install(str(python), "anything", seconds=0.2) == "it took more than 0 s"
    python.write_text("#!/bin/sh\nexit 0\n")
    assert install(str(python), "anything") == ""
    assert "No such file" in install(str(tmp_path / "nobody"), "anything")


def test_the_peers_are_those_of_the_extra() -> None:
    names = {re.split(r"[^\w-]", r)[0] for r in requirements()}
    assert names == {"torch", "jax", "autograd", "mygrad", "tensorflow", "keras", "tinygrad"}
    assert _peers.ROOT == ROOT


def test_threads_are_told_for_a_while() -> None:
    before = dict(os.environ)
    with threads(1):
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    with threads(None):
        assert dict(os.environ) == before
    assert dict(os.environ) == before
