"""Downloads from a server on this machine: good, slow, broken off, missing, wrong, at once."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from data._dataset import IdxDataset, load
from data._download import DownloadError

if TYPE_CHECKING:
    from tests.data.conftest import Mirrors

ROOT = Path(__file__).parents[2]
Arrays = dict[str, np.ndarray]

#: what a mirror does -> what the error says of it
BAD = {
    "404": "HTTP Error 404: Not Found",
    "short": r"broke off after \d+ of \d+ bytes",
    "cut": "gzip stream breaks off",
    "other": r"MD5 of the uncompressed bytes is \w{32}, expected \w{32}",
    "page": "starts with b'<htm'",
    "endless": r"expected [\d,]+ at most",
}
SLOW = ("silent", "slow-header", "slow")


def served_by(mirrors: Mirrors, tiny: IdxDataset, *names: str, files: int = 4) -> IdxDataset:
    urls = tuple(mirrors.url(name) for name in names)
    return replace(tiny, mirrors=urls, files=tiny.files[:files])


def assert_equal(loaded: list[np.ndarray], arrays: Arrays) -> None:
    assert len(loaded) == len(arrays)
    for got, expected in zip(loaded, arrays.values(), strict=True):
        np.testing.assert_array_equal(got, expected)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_downloads_once(mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays) -> None:
    dataset = served_by(mirrors, tiny, "good")
    assert_equal(load(dataset, 10), arrays)
    assert len(mirrors.requests) == 4
    assert names(folder) == {f"{file.name}.gz" for file in tiny.files}
    assert_equal(load(dataset, 10), arrays)
    assert len(mirrors.requests) == 4


@pytest.mark.parametrize("bad", BAD)
def test_a_good_mirror_after_a_bad_one(
    bad: str, mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    assert_equal(load(served_by(mirrors, tiny, bad, "good"), 10), arrays)
    # the one that served the first file is asked first from then on
    assert [request.split("/")[0] for request in mirrors.requests] == [bad] + 4 * ["good"]
    assert names(folder) == {f"{file.name}.gz" for file in tiny.files}


def test_redirects_and_uncompressed_files(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    assert_equal(load(served_by(mirrors, tiny, "moved"), 10), arrays)
    for path in folder.iterdir():
        path.unlink()
    assert_equal(load(served_by(mirrors, tiny, "plain"), 10), arrays)
    assert names(folder) == {file.name for file in tiny.files}
    assert_equal(load(tiny, 0), arrays)


def test_no_good_mirror_lists_each_with_its_reason(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        refused = f"http://127.0.0.1:{unused.getsockname()[1]}"
    dataset = served_by(mirrors, tiny, *BAD)
    dataset = replace(dataset, mirrors=(*dataset.mirrors, refused, "no-scheme"))
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        load(dataset, 10)
    lines = str(caught.value).splitlines()
    reasons = [*BAD.values(), "refused", "unknown url type"]
    assert len(lines) == 1 + len(reasons) + 1
    for line, mirror, reason in zip(lines[1:], dataset.mirrors, reasons, strict=False):
        assert mirror in line
        assert re.search(reason, line)
    assert str(folder) in lines[0]
    assert str(folder) in lines[-1]
    assert names(folder) == set()


@pytest.mark.parametrize("slow", [SLOW[:1], SLOW[1:2], SLOW[2:], SLOW], ids="+".join)
def test_the_time_limit_is_for_all_mirrors(
    slow: tuple[str, ...], mirrors: Mirrors, tiny: IdxDataset, folder: Path
) -> None:
    start = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        load(served_by(mirrors, tiny, *slow), time_limit=0.6)
    assert time.monotonic() - start < 1.6
    for name in slow:
        assert re.search(f"/{name}/.*(too slow, .* bytes in|timed out)", str(caught.value))
    assert names(folder) == set()


def test_a_name_that_is_not_resolved_in_time(
    tiny: IdxDataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def resolve(*args: object, **kwargs: object) -> list[object]:
        release.wait(30)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    start = time.monotonic()
    with pytest.raises(DownloadError, match="too slow, 0 bytes"):
        load(replace(tiny, mirrors=("http://mirror.invalid/",)), time_limit=0.3)
    release.set()
    assert time.monotonic() - start < 1.3


@pytest.mark.parametrize("slow", ["silent", "slow"])
def test_a_transfer_that_is_left_behind_ends(
    slow: str, mirrors: Mirrors, tiny: IdxDataset, folder: Path
) -> None:
    with pytest.raises(DownloadError):
        load(served_by(mirrors, tiny, slow), time_limit=0.5)
    behind = [thread for thread in threading.enumerate() if thread.name.startswith("download ")]
    for thread in behind:
        thread.join(2)  # the mirror goes on; the thread does not
        assert not thread.is_alive()


@pytest.mark.parametrize("slow", SLOW)
def test_a_slow_mirror_leaves_time_for_the_next(
    slow: str, mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    start = time.monotonic()
    assert_equal(load(served_by(mirrors, tiny, slow, "good"), time_limit=1.0), arrays)
    assert time.monotonic() - start < 2.0


def test_a_mirror_that_will_be_in_time_is_waited_for(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    dataset = served_by(mirrors, tiny, "steady", *8 * ["good"], files=1)  # 1 s, its share is 0.6 s
    np.testing.assert_array_equal(load(dataset, time_limit=5.4)[0], arrays["a-images"])
    assert mirrors.requests == ["steady/a-images.gz"]


def test_without_time_no_mirror_is_asked(mirrors: Mirrors, tiny: IdxDataset, folder: Path) -> None:
    with pytest.raises(DownloadError, match="not tried, the time was up"):
        load(served_by(mirrors, tiny, "good"), time_limit=0)
    assert mirrors.requests == []


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_a_time_limit_is_a_number_of_seconds(limit: float, tiny: IdxDataset) -> None:
    with pytest.raises(ValueError, match=f"time_limit must be .* got {limit}"):
        load(tiny, limit)


def loader(dataset: IdxDataset) -> subprocess.Popen[bytes]:
    """Another process that loads `dataset`."""
    program = f"from data._dataset import *; load({dataset!r}, 60)"
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)


def test_broken_off_in_one_process_resumed_in_another(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    other = loader(served_by(mirrors, tiny, "slow"))
    try:
        deadline = time.monotonic() + 30
        while not mirrors.requests and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        other.kill()
        other.wait()
    assert mirrors.requests == ["slow/a-images.gz"]
    # and what a kill between writing and renaming leaves behind
    folder.joinpath(".a-images.gz.0123.part").write_bytes(b"\x1f\x8b half")
    assert_equal(load(served_by(mirrors, tiny, "good"), 10), arrays)
    left = {f"{file.name}.gz" for file in tiny.files} | {".a-images.gz.0123.part"}
    assert names(folder) == left


def test_many_threads_and_processes_at_once(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path, arrays: Arrays
) -> None:
    mirrors.gate = threading.Barrier(6)  # none has its first byte before all have asked
    dataset = served_by(mirrors, tiny, "gate", files=1)
    others = [loader(dataset), loader(dataset)]
    with ThreadPoolExecutor(4) as pool:
        for (array,) in pool.map(lambda _: load(dataset, 60), range(4)):
            np.testing.assert_array_equal(array, arrays["a-images"])
    assert [other.wait(60) for other in others] == [0, 0]
    assert mirrors.requests == 6 * ["gate/a-images.gz"]
    assert names(folder) == {"a-images.gz"}
    np.testing.assert_array_equal(load(replace(dataset, mirrors=()), 0)[0], arrays["a-images"])
