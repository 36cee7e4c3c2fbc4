"""The runner of the Array API's suite says what it lacks, and its list of failures has reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import array_api


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert array_api.main([]) == 2
    assert array_api.main([str(tmp_path)]) == 2
    (tmp_path / "array_api_tests").mkdir()
    assert array_api.main([str(tmp_path)]) == 2
    said = capsys.readouterr().out
    assert "ARRAY_API_TESTS=" in said
    assert "no checkout of array-api-tests" in said
    assert "git submodule update" in said


def test_every_known_failure_has_a_reason() -> None:
    lines = array_api.FAILURES.read_text(encoding="utf-8").splitlines()
    blocks = "\n".join(lines).strip().split("\n\n")
    assert blocks
    for block in blocks:
        reasons = [line for line in block.splitlines() if line.startswith("#")]
        ids = [line for line in block.splitlines() if not line.startswith("#")]
        assert reasons, f"no reason for {ids}"
        assert all(line.startswith("array_api_tests/test_") for line in ids)
