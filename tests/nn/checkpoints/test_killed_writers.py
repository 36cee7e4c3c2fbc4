"""A writer that is killed leaves the file that was there, and the next one clears up."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from autodiff._files import replacing
from nn import _safetensors

from . import programs


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_writer_killed_anywhere_leaves_whole_files(tmp_path: Path) -> None:
    found = [json.loads(line) for line in programs.lines("killed_writers.py", tmp_path)]
    assert len(found) == 13
    renamed = False
    for place in found:
        assert place["signal"] == signal.SIGKILL, place
        renamed |= place["place"] == "after replace 2"
        assert place["run"] == ("3" if renamed else "2"), place
        # the second link is the same file until the new one takes its place
        assert place["previous"] in ("1", "2"), place
        assert place["others"] <= 2, place
        assert place["left"] == ["previous", "run"], place
        assert place["then"] == ["4", place["run"]], place
    assert renamed


def test_where_there_are_no_links_the_file_itself_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    for n in range(3):
        with replacing(tmp_path / "run", tmp_path / "previous") as file:
            file.write(b"%d" % n)
    assert (tmp_path / "run").read_bytes() == b"2"
    assert (tmp_path / "previous").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_while_writing_leaves_both_as_they_were(tmp_path: Path) -> None:
    for n in (1, 2):
        _safetensors.write(tmp_path / "run", {}, {"n": str(n)}, tmp_path / "previous")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "run", tmp_path / "previous"):
        raise KeyboardInterrupt
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
