"""Files that are whole or not there."""

from __future__ import annotations

import glob
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, content: bytes) -> None:
    """`path` holds all of `content` or what it held before, even if the power fails in between."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path, previous: Path | None = None) -> Iterator[BinaryIO]:
    """A new file, open to be written and read, that takes `path`'s place when the block ends.

    `path` holds all of it or what it held before, even if the power fails in between; what it held
    before is kept at `previous`, in the same folder. An exception leaves both as they were.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(path)
    try:
        with open(part, "xb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            _keep(path, previous)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and a rename is not lost
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_parts(path: Path) -> None:
    """Remove what writers that were killed have left beside `path`; nobody may be writing it."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        part.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")


def _keep(path: Path, previous: Path) -> None:
    """A second name for a file, in place of what had that name; `path` is there all the time."""
    link = _beside(path)
    try:
        os.link(path, link)
        os.replace(link, previous)
    except OSError:  # a file system without links
        os.replace(path, previous)
    finally:
        link.unlink(missing_ok=True)
