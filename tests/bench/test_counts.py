"""What programs and steps are made of is no more than it was when counts were last kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import autodiff as ad
from bench._page import RESULTS
from bench.compare import compare
from bench.counts import main, to_json
from bench.counts._count import bytecodes, calls, counts, records

KEPT = RESULTS / "counts.json"


def test_nothing_takes_more_than_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    kept, now = json.loads(KEPT.read_text(encoding="utf-8")), to_json(counts())
    changes = list(compare(kept, now))
    assert len(changes) > 40 or sys.version_info[:2] != (3, 11)
    slower = [
        f"{c.name}: {c.value:.3f} times what it was" for c in changes if c.verdict == "slower"
    ]
    assert not slower, (
        "if it is worth it, keep the new counts: python -m bench counts --json "
        "bench/results/counts.json && python -m bench report --docs"
    )
    assert kept["counts"].keys() == now["counts"].keys()  # type: ignore[attr-defined]


def test_bytecodes_and_calls_are_the_same_at_every_run() -> None:
    x = ad.asarray([1.0, 2.0])

    def run() -> None:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = ad.sum(x * x)
        tape.gradient(y, x)

    run()
    assert bytecodes(run) == bytecodes(run) > 100
    assert calls(run) == calls(run) > 10

    def twice() -> None:
        run()
        run()

    longer = bytecodes(twice)
    assert 1.9 * bytecodes(run) < longer < 2.1 * bytecodes(run)
    with records() as count:
        run()
    assert count == [3]  # the leaf, too


def test_records_outside_are_not_counted() -> None:
    with records() as count:
        pass
    x = ad.Variable(1.0)
    with ad.GradientTape():
        x * x
    assert count == [0]


def test_the_table_and_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import argparse

    found = {"a/flat": {"lines": 3, "flops": 1200}, "b": {"records": 7}}
    monkeypatch.setattr("bench.counts.counts", lambda: found)
    file = tmp_path / "counts.json"
    assert main(argparse.Namespace(json=file)) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["counts"] == found
    assert "1,200" in capsys.readouterr().out
