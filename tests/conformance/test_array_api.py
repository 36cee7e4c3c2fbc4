"""The runner of the Array API's suite says what it lacks."""

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
