"""A data set of IDX files: where they lie, what they must hold, where they come from."""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodiff._files import write_atomically
from data import _idx


@dataclass(frozen=True)
class IdxFile:
    """One file: its name without .gz, the shape of its uint8 array, the MD5 uncompressed."""

    name: str
    shape: tuple[int, ...]
    md5: str


@dataclass(frozen=True)
class IdxDataset:
    """Files that lie together in a folder of this name, and the URLs of folders that serve them."""

    name: str
    files: tuple[IdxFile, ...]
    mirrors: tuple[str, ...]


def load(dataset: IdxDataset, time_limit: float) -> list[NDArray[np.uint8]]:
    """The arrays of all files: each read from disk, or else downloaded, checked and kept.

    time_limit: seconds for all mirrors and files together; 0 never asks a mirror.
    Raises ValueError for a file that is not what it should be, OSError where there is none.
    """
    if not 0 <= time_limit < math.inf:
        raise ValueError(f"time_limit must be a number of seconds, 0 or more, got {time_limit}")
    deadline = time.monotonic() + time_limit
    mirrors = list(dataset.mirrors)
    arrays = []
    for file in dataset.files:
        path = _find(dataset.name, file)
        arrays.append(_read(path, file) if path else _fetch(dataset.name, file, mirrors, deadline))
    return arrays


def folders(name: str) -> list[Path]:
    """Where a data set is looked for, in this order; what is downloaded goes to the first."""
    own = os.environ.get("AUTODIFF_DATA")
    roots = [Path(own).expanduser(), user_cache()] if own else [user_cache()]
    return [root / name for root in roots]


def user_cache() -> Path:
    """The folder for what can be fetched again, as the operating system has it."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "autodiff"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "autodiff"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "autodiff" / "Cache"
    return Path.home() / ".cache" / "autodiff"


def _find(name: str, file: IdxFile) -> Path | None:
    paths = (folder / f"{file.name}{end}" for folder in folders(name) for end in (".gz", ""))
    return next((path for path in paths if path.is_file()), None)


def _read(path: Path, file: IdxFile) -> NDArray[np.uint8]:
    try:
        with open(path, "rb") as stream:
            return _idx.parse(stream, file.shape, file.md5)
    except _idx.IdxError as error:
        raise _idx.IdxError(
            f"{path} is truncated, corrupt or another file: {error}. "
            "Delete it to have it downloaded again, or put a good copy in its place."
        ) from None


def _fetch(name: str, file: IdxFile, mirrors: list[str], deadline: float) -> NDArray[np.uint8]:
    """Download one file; the mirror that served it comes first in `mirrors` from then on."""
    from data import _download  # brings urllib along, which most runs do without

    folder = folders(name)[0]
    folder.mkdir(parents=True, exist_ok=True)  # fails before the download, not after it
    urls = [f"{mirror.rstrip('/')}/{file.name}.gz" for mirror in mirrors]
    size = math.prod(file.shape)
    try:
        url, body, array = _download.download(
            urls,
            lambda body: _idx.parse(BytesIO(body), file.shape, file.md5),
            deadline,
            max_bytes=size + size // 100 + 1024,  # incompressible data and every header fit
        )
    except _download.DownloadError as error:
        looked = " or ".join(map(str, folders(name)))
        raise _download.DownloadError(
            f"{file.name}.gz is not in {looked} and could not be downloaded:{error}\n"
            f"Put it into {folder}, or into {name}/ of a folder that AUTODIFF_DATA names."
        ) from None
    mirrors.insert(0, mirrors.pop(urls.index(url)))
    packed = body.startswith(_idx.GZIP_MAGIC)
    write_atomically(folder / (f"{file.name}.gz" if packed else file.name), body)
    return array
