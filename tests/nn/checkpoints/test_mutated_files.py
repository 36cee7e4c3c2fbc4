"""Whatever happened to a file: a clear error, nothing changed, no memory taken."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import programs
from .mutated_files import Trained

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, caps address space")


@LINUX
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_mutants_are_refused_in_little_memory(count: int, note: Callable[[str], None]) -> None:
    (line,) = programs.lines("mutated_files.py", count, count)
    found = json.loads(line)
    quarter = count // 4
    for kind in ("checkpoint", "weights", "idx"):
        assert found[kind] == {"refused": quarter}
    # of gzip's header some bytes mean nothing: time, operating system
    assert found["idx.gz"]["refused"] > 0.9 * quarter
    assert sum(found["idx.gz"].values()) == quarter
    refused = ", ".join(f"{kind} {counts['refused']:,}" for kind, counts in found.items())
    note(f"{count:,} mutated files, refused: {refused}; the others read as before")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(tmp_path_factory.mktemp("trained"))


@given(start=st.integers(0, 4000), removed=st.integers(0, 4000), inserted=st.binary(max_size=50))
def test_every_part_of_a_checkpoint_counts(
    trained: Trained, start: int, removed: int, inserted: bytes
) -> None:
    whole = trained.checkpoint_file()
    mutated = whole[:start] + inserted + whole[start + removed :]
    if mutated == whole:
        trained.restore(mutated)
        return
    with pytest.raises(ValueError, match=str(trained.path)) as caught:
        trained.restore(mutated)
    message = str(caught.value).removeprefix(str(trained.path))
    assert message.startswith((" is truncated or no safetensors file of a", " was changed after"))


def test_a_file_that_grows_is_read_as_it_was(tmp_path: Path) -> None:
    trained = Trained(tmp_path)
    whole = trained.checkpoint_file()
    with pytest.raises(ValueError, match="follow the header"):
        trained.restore(whole + bytes(8))
