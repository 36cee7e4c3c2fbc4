"""Files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from autodiff._files import write_atomically


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_write_that_is_interrupted_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"before")
    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                write_atomically(path, b"after")
        assert path.read_bytes() == b"before"
        assert names(tmp_path) == {"file"}
    write_atomically(path, b"after")
    assert path.read_bytes() == b"after"


def interrupt(*args: object) -> None:
    raise KeyboardInterrupt


def test_bytes_reach_the_disk_before_the_name_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, partial(note, steps, name, getattr(os, name)))
    write_atomically(tmp_path / "file", b"content")
    assert steps == ["fsync", "replace", *(["fsync"] if os.name == "posix" else [])]


def note(steps: list[str], name: str, real: Callable[..., None], *args: object) -> None:
    steps.append(name)
    real(*args)
