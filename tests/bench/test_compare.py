from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench.compare import Change, compare


def times(ours: float, reference: float = 1.0, scatter: float = 0.02, seed: int = 0) -> Any:
    """A result in which ours takes `ours` times as long as the reference, in 30 rounds."""
    rng = np.random.default_rng(seed)
    speed = rng.uniform(1, 2, 30)  # of the machine, by round

    def of(name: str, t: float) -> dict[str, Any]:
        samples = (t * speed * rng.normal(1, scatter, 30)).tolist()
        return {"competitor": name, "case": "net", "status": "timed", "samples_us": samples}

    return {
        "benchmark": "steps",
        "cases": [{"name": "net"}],
        "competitors": [{"name": "flat", "ours": True}, {"name": "numpy", "ours": False}],
        "measurements": [of("flat", ours * reference), of("numpy", reference)],
    }


def verdicts(a: Any, b: Any, **options: Any) -> list[str]:
    return [change.verdict for change in compare(a, b, **options)]


def test_what_is_slower_beyond_noise_is_found_whatever_the_machine() -> None:
    assert verdicts(times(0.5), times(0.6, seed=1)) == ["slower"]
    assert verdicts(times(0.5), times(0.6, reference=3.0, seed=1)) == ["slower"]
    assert verdicts(times(0.6), times(0.5, seed=1)) == ["faster"]


def test_noise_is_let_pass() -> None:
    assert all(verdicts(times(0.5), times(0.5, seed=k)) == [""] for k in range(1, 20))
    assert verdicts(times(0.5), times(0.52, seed=1)) == [""]  # within the margin
    assert verdicts(times(0.5), times(0.52, seed=1, scatter=0.001), margin=0.01) == ["slower"]
    assert verdicts(times(0.5, scatter=0.8), times(0.6, scatter=0.8, seed=1)) == [""]


def test_the_interval_holds_the_true_change_nearly_always() -> None:
    held = 0
    for k in range(60):
        (change,) = compare(times(0.5, seed=k), times(0.6, seed=1000 + k))
        held += change.low <= 1.2 <= change.high
    assert held >= 50


def count_file(python: str = "3.11.7", **kinds: int) -> Any:
    machine = {"python": python, "numpy": "2.4.6"}
    return {"benchmark": "counts", "machine": machine, "counts": {"step": kinds}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"lines": 30}, {"lines": 31}, ["slower"]),
        ({"lines": 31}, {"lines": 30}, ["faster"]),
        ({"lines": 30}, {"lines": 30}, [""]),
        ({"bytecodes": 1000}, {"bytecodes": 1015}, [""]),
        ({"bytecodes": 1000}, {"bytecodes": 1025}, ["slower"]),
        ({"bytecodes per op": 1000}, {"bytecodes per op": 1025}, ["slower"]),
        ({"bytecodes": 1000}, {"bytecodes": 1025, "python": "3.12.1"}, []),
        ({"flops": 1000}, {"flops": 1001, "python": "3.12.1"}, ["slower"]),
        ({"lines": 30}, {"flops": 30}, []),
    ],
)
def test_counts_are_compared_as_they_are(before: Any, after: Any, expected: list[str]) -> None:
    assert verdicts(count_file(**before), count_file(**after)) == expected


def test_the_command_says_what_changed_and_fails_on_slower(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c = (tmp_path / f"{name}.json" for name in "abc")
    a.write_text(json.dumps(times(0.5)), encoding="utf-8")
    b.write_text(json.dumps(times(0.7, seed=1)), encoding="utf-8")
    c.write_text(json.dumps(count_file(lines=1)), encoding="utf-8")
    assert main(["compare", str(a), str(b)]) == 1
    text = capsys.readouterr().out
    assert "net: flat beside numpy" in text
    assert "1 slower, 0 faster of 1" in text
    assert main(["compare", str(b), str(a)]) == 0
    with pytest.raises(SystemExit, match="is of steps"):
        main(["compare", str(a), str(c)])
    with pytest.raises(SystemExit, match="no reference in common"):
        main(["compare", str(a), str(b), "--reference", "fortran"])
    empty = tmp_path / "empty.json"
    empty.write_text("[]", encoding="utf-8")
    with pytest.raises(SystemExit, match="these are no results"):
        main(["compare", str(a), str(empty)])
    with pytest.raises(SystemExit, match=r"gone\.json"):
        main(["compare", str(a), str(tmp_path / "gone.json")])


def test_verdicts() -> None:
    assert Change("", 1.2, 1.1, 1.3, 0.05).verdict == "slower"
    assert Change("", 1.2, 1.04, 1.3, 0.05).verdict == ""
    assert Change("", 0.8, 0.7, 0.9, 0.05).verdict == "faster"
